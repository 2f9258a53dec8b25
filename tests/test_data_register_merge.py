"""Two records of one person: proposed, made one, and two again as they were."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from test_data_register_identity import (
    CHILD,
    MAN,
    NOW,
    WOMAN,
    Bring,
    ask,
    bring,
    digest,
    in_charge,
    numbers,
    seen,
    streets,
)  # fmt: skip
from town import SEAL, TESTER

import api.actions.register as acts
from api.actions import deciding
from gis.access import Role
from gis.errors import BadInput, Conflict, NotAllowed, NotFound

__all__ = ["bring", "streets"]
AFTER = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TWINS = (
    f"张三,{WOMAN},13812341234,东街1号,101,1,户主", "张三,,13812341234,东街1号,102,1,",
    f"李四,{MAN},13700000000,东街1号,101,1,", f"李四,{CHILD},13700000000,东街1号,101,1,",
    "王五,,13900000000,西街9号,2,,", "王五,,,西街9号,3,,",
)  # fmt: skip


@pytest.fixture
def pair(bring: Bring, streets: sa.Engine) -> tuple[sa.Engine, int, int]:
    """The store, a record of 张三 without a phone of hers and her other one without an id."""
    bring(TWINS[0].replace("13812341234", ""), "张三,,13812341234,东街1号,102,1,")
    one, other = (row[0] for row in ask(streets, "SELECT id FROM resident ORDER BY id"))
    return streets, int(str(one)), int(str(other))


def test_pairs_of_one_name_and_phone_or_dwelling_are_proposed(
    bring: Bring, streets: sa.Engine
) -> None:
    assert numbers(bring(*TWINS))[:2] == (6, 0)
    (found,) = deciding.duplicates(streets, by=TESTER)
    assert found["reason"] == "same name, same phone"
    assert (found["one"]["name"], found["one"]["dwelling"], found["other"]["dwelling"]) == (
        "张*", "101", "102",
    )  # fmt: skip
    assert deciding.duplicates(streets, by=in_charge(streets, "B")) == []
    assert deciding.duplicates(streets, by=TESTER, cell="B") == []


def test_merging_fills_blanks_and_undoing_restores_both(
    pair: tuple[sa.Engine, int, int],
) -> None:
    store, one, other = pair
    before = digest(store, "resident")
    by = in_charge(store, "A")
    done = deciding.merge(store, keep=one, merged=other, by=by, seal=SEAL, now=AFTER)
    assert seen(store, "张三") == [("138****1234", "东街1号", "101", "户主")]
    assert acts.unmask(store, one, "核对电话", by=by, seal=SEAL)["phone"] == "13812341234"
    told = acts.history(store, one, by=by)
    assert {(x["field"], x["old"], x["new"], x["act"]) for x in told} == {
        ("merged", None, f"resident {other}", "merge"), ("phone", None, "138****1234", "merge"),
    }  # fmt: skip
    assert deciding.undo_merge(store, done["id"], by=by, now=AFTER)["merged"] == other
    assert digest(store, "resident") == before
    with pytest.raises(Conflict, match="undone already by w7"):
        deciding.undo_merge(store, done["id"], by=by, now=AFTER)
    acts_told = ask(store, "SELECT act FROM journal ORDER BY id DESC LIMIT 1")
    assert acts_told == [("undo_merge",)]


def test_what_changed_since_is_not_undone(pair: tuple[sa.Engine, int, int]) -> None:
    store, one, other = pair
    done = deciding.merge(store, keep=one, merged=other, by=TESTER, seal=SEAL, now=AFTER)
    (line,) = acts.find(store, "张三", by=TESTER, seal=SEAL)["lines"]
    change = {"phone": "13711112222"}
    acts.edit(store, one, line["version"], change, by=TESTER, seal=SEAL, now=AFTER)
    before = digest(store, "resident", "resident_merge")
    with pytest.raises(Conflict, match="changed since the merge"):
        deciding.undo_merge(store, done["id"], by=TESTER, now=AFTER)
    assert digest(store, "resident", "resident_merge") == before


def test_decisions_follow_a_merge_and_come_back(
    pair: tuple[sa.Engine, int, int], bring: Bring
) -> None:
    store, one, other = pair
    assert numbers(bring("张三,,13899999999,东街1号,102,1,"))[3] == 1
    done = deciding.merge(store, keep=one, merged=other, by=TESTER, seal=SEAL, now=AFTER)
    assert ask(store, "SELECT resident_id FROM decision") == [(one,)]
    deciding.undo_merge(store, done["id"], by=TESTER, now=AFTER)
    assert ask(store, "SELECT resident_id FROM decision") == [(other,)]


def test_two_ids_are_two_persons(bring: Bring, streets: sa.Engine) -> None:
    bring(*TWINS)
    first, second = (row[0] for row in ask(streets, "SELECT id FROM resident WHERE id_index IS NOT NULL ORDER BY id LIMIT 2"))  # fmt: skip
    with pytest.raises(BadInput, match="different ids"):
        deciding.merge(streets, keep=first, merged=second, by=TESTER, seal=SEAL, now=NOW)
    with pytest.raises(BadInput, match="with himself"):
        deciding.merge(streets, keep=first, merged=first, by=TESTER, seal=SEAL, now=NOW)


def test_nobody_merges_whom_he_is_not_in_charge_of(pair: tuple[sa.Engine, int, int]) -> None:
    store, one, other = pair
    said = {"keep": one, "merged": other, "seal": SEAL, "now": AFTER}
    with pytest.raises(NotFound):
        deciding.merge(store, by=in_charge(store, "B"), **said)
    with pytest.raises(NotAllowed):
        deciding.merge(store, by=in_charge(store, "A", role=Role.WORKER), **said)
    done = deciding.merge(store, by=TESTER, **said)
    with pytest.raises(NotFound):
        deciding.undo_merge(store, done["id"], by=in_charge(store, "B"), now=AFTER)
