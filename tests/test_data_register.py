"""台账 on a real store: found, shown masked, changed under a version, opened for a reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from town import MARKED, SEAL, TESTER

import api.actions.register as acts
import data.db
import data.grid
import data.locate
from gis.access import Role, Scope, Viewer
from gis.errors import BadInput, Conflict, NotAllowed, NotFound

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NAME, ID, PHONE = MARKED


@pytest.fixture(scope="module")
def ground(small_template: str) -> str:
    return small_template


@pytest.fixture
def homes(store: sa.Engine) -> sa.Engine:
    """The small town of `inhabit`, filed: people in cells A and C."""
    return store


def viewer(store: sa.Engine, cell: str, role: Role = Role.WORKER) -> Viewer:
    """Somebody in charge of one cell, as the web application knows him."""
    question = sa.text("SELECT area_no FROM grid_cell WHERE code = :cell AND area_no > 0")
    with data.db.transaction(store, keep=False) as db:
        area = db.scalars(question, {"cell": cell}).one()
    return Viewer(7, "w7", "小王", role, Scope(area, area))


def lines(store: sa.Engine, q: str, by: Viewer = TESTER, **said: object) -> list[str]:
    found = acts.find(store, q, by=by, seal=SEAL, **said)
    return [f"{one['name']} {one['cell']} {one['dwelling']}" for one in found["lines"]]


def scalar(store: sa.Engine, question: str) -> object:
    with data.db.transaction(store, keep=False) as db:
        return db.scalar(sa.text(question))


def test_a_person_is_found_by_name_id_phone_surname_and_place(homes: sa.Engine) -> None:
    one = ["欧*** A 101"]
    assert lines(homes, NAME) == one
    assert lines(homes, " 11010519491231002x ") == one
    assert len(lines(homes, "139-8765-4321")) == 5
    assert len(lines(homes, "欧")) == len(lines(homes, "欧*")) == 5
    assert len(lines(homes, "桥头路1号")) == len(lines(homes, "一栋")) == 5
    assert lines(homes, "桥头路 102") == ["欧*** A 102", "欧*** C 102"]
    assert lines(homes, "h2 101") == ["欧*** C 101"]
    assert len(lines(homes, "102")) == 2
    assert lines(homes, "欧", cell="C", limit=1) == ["欧*** C 101"]
    assert acts.find(homes, "欧", by=TESTER, seal=SEAL, limit=4)["more"] is True
    assert lines(homes, "无此人") == lines(homes, "%") == lines(homes, "100%") == []
    with pytest.raises(BadInput):
        lines(homes, "  ")
    assert scalar(homes, "SELECT count(*) FROM resident") == 5


def test_a_worker_finds_only_whom_he_is_in_charge_of(homes: sa.Engine) -> None:
    in_c = viewer(homes, "C")
    assert lines(homes, NAME, in_c) == lines(homes, ID, in_c) == []
    assert lines(homes, PHONE, in_c) == ["欧*** C 101", "欧*** C 102"]
    card = "SELECT min(r.household_id) FROM resident r"
    first = scalar(homes, card)
    with pytest.raises(NotFound):
        acts.household(homes, first, by=in_c)
    with pytest.raises(NotFound):
        acts.unmask(homes, 1, "核对电话号码", by=in_c, seal=SEAL)
    with pytest.raises(NotFound):
        acts.edit(homes, 1, 1, {"phone": ""}, by=in_c, seal=SEAL, now=NOW)
    with pytest.raises(NotAllowed):
        lines(homes, NAME, viewer(homes, "A", Role.DISPATCHER))


def test_a_card_shows_masks_and_versions(homes: sa.Engine) -> None:
    (line,) = acts.find(homes, ID, by=TESTER, seal=SEAL)["lines"]
    card = acts.household(homes, line["household_id"], by=viewer(homes, "A"))
    assert (card["address"], card["dwelling"], card["number"], card["version"]) == (
        "桥头路1号", "101", "1", 1,
    )  # fmt: skip
    assert card["cell"] == {"code": "A", "name": "A网格"}
    first = card["residents"][0]
    assert (first["name"], first["id_number"], first["phone"], first["version"]) == (
        "欧***", "1101************2X", "139****4321", 1,
    )  # fmt: skip
    assert all(secret not in str(card) for secret in MARKED)


def test_homes_of_a_cell_are_listed(homes: sa.Engine) -> None:
    told = acts.homes(homes, "A", by=viewer(homes, "A"))
    (building,) = told["buildings"]
    assert [one["number"] for one in building["dwellings"]] == ["101", "102"]
    assert building["dwellings"][0]["households"][0]["residents"] == 2
    assert acts.homes(homes, "A", by=viewer(homes, "C"))["buildings"] == []
    with pytest.raises(NotFound):
        acts.homes(homes, "Z", by=TESTER)


def test_an_edit_is_checked_and_leaves_its_history(homes: sa.Engine) -> None:
    by = viewer(homes, "A")
    with pytest.raises(BadInput) as refused:
        acts.edit(homes, 1, 1, {"phone": "x", "sex": "?"}, by=by, seal=SEAL, now=NOW)
    assert [one["field"] for one in refused.value.facts["faults"]] == ["sex", "phone"]
    said = {
        "phone": "13711112222",
        "birth_date": "1949年12月31日",
        "floating": "是",
        "relation": "",
    }
    after = acts.edit(homes, 1, 1, said, by=by, seal=SEAL, now=NOW)
    assert (after["phone"], after["birth"], after["floating"], after["version"]) == (
        "137****2222", "1949-**-**", True, 2,
    )  # fmt: skip
    changes = acts.history(homes, 1, by=by)
    assert {(one["field"], one["old"], one["new"], one["actor"], one["act"]) for one in changes} == {
        ("phone", "139****4321", "137****2222", "w7", "edit"),
        ("birth_date", None, "1949-**-**", "w7", "edit"),
        ("floating", "false", "true", "w7", "edit"),
    }  # fmt: skip
    assert acts.edit(homes, 1, 2, said, by=by, seal=SEAL, now=NOW)["version"] == 2
    assert acts.unmask(homes, 1, "核对电话", by=by, seal=SEAL)["phone"] == "13711112222"
    assert lines(homes, "13711112222") == ["欧*** A 101"]
    clear = "SELECT string_agg(x::text, '') FROM resident_change x"
    assert "13711112222" not in str(scalar(homes, clear))


def test_a_row_changed_meanwhile_is_a_conflict_that_shows_both(homes: sa.Engine) -> None:
    by = viewer(homes, "A")
    acts.edit(homes, 1, 1, {"phone": "13711112222"}, by=by, seal=SEAL, now=NOW)
    with pytest.raises(Conflict) as met:
        acts.edit(homes, 1, 1, {"phone": "13733334444"}, by=by, seal=SEAL, now=NOW)
    facts = met.value.facts
    assert (facts["theirs"]["phone"], facts["yours"]["phone"], facts["theirs"]["version"]) == (
        "137****2222", "137****4444", 2,
    )  # fmt: skip
    assert acts.unmask(homes, 1, "核对电话", by=by, seal=SEAL)["phone"] == "13711112222"


def test_an_id_brings_sex_and_birth_where_they_are_blank(homes: sa.Engine) -> None:
    said = {"id_number": "440524188001010014", "sex": "女"}
    after = acts.edit(homes, 2, 1, said, by=TESTER, seal=SEAL, now=NOW)
    assert (after["id_number"], after["sex"], after["birth"]) == (
        "4405************14", "female", "1880-**-**",
    )  # fmt: skip


def test_an_id_that_another_record_has_is_refused(homes: sa.Engine) -> None:
    with pytest.raises(Conflict, match="merge them"):
        acts.edit(homes, 2, 1, {"id_number": ID}, by=TESTER, seal=SEAL, now=NOW)
    in_c = viewer(homes, "C")
    mine = acts.find(homes, PHONE, by=in_c, seal=SEAL)["lines"][0]["id"]
    with pytest.raises(Conflict, match="another area") as met:
        acts.edit(homes, mine, 1, {"id_number": ID}, by=in_c, seal=SEAL, now=NOW)
    assert "欧" not in str(met.value)
    assert met.value.facts == {}


def test_one_person_is_opened_for_a_reason_that_is_written_down(homes: sa.Engine) -> None:
    by = viewer(homes, "A")
    with pytest.raises(BadInput):
        acts.unmask(homes, 1, " 看 ", by=by, seal=SEAL)
    assert scalar(homes, "SELECT count(*) FROM journal WHERE act = 'unmask'") == 0
    clear = acts.unmask(homes, 1, f"核对 {PHONE} 的登记", by=by, seal=SEAL)
    assert clear == {"name": NAME, "id_number": ID, "phone": PHONE, "birth_date": None}
    line = "SELECT actor || ' ' || subject || ' ' || detail FROM journal WHERE act = 'unmask'"
    told = str(scalar(homes, line))
    assert told.startswith("w7 resident:1 ")
    assert '"fields": ["name", "id_number", "phone"]' in told
    assert all(secret not in told for secret in MARKED)


def test_somebody_comes_moves_and_leaves(homes: sa.Engine) -> None:
    by = viewer(homes, "A")
    counted = "SELECT array_agg(residents ORDER BY code) FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id WHERE code IN ('A', 'C')"  # fmt: skip
    assert scalar(homes, counted) == [3, 2]
    new = acts.add_resident(homes, 1, {"name": "新来", "phone": "13500000000"}, by=by, seal=SEAL, now=NOW)  # fmt: skip
    assert (new["name"], new["dwelling"], new["version"]) == ("新*", "101", 1)
    moved = acts.move(homes, new["id"], 1, dwelling_id=2, household="3", by=by, seal=SEAL, now=NOW)
    assert (moved["dwelling"], moved["household"], moved["version"]) == ("102", "3", 2)
    assert scalar(homes, counted) == [4, 2]
    with pytest.raises(NotFound):
        acts.move(homes, new["id"], 2, dwelling_id=3, by=by, seal=SEAL, now=NOW)
    acts.leave(homes, new["id"], 2, "迁往外地", by=by, seal=SEAL, now=NOW)
    assert scalar(homes, counted) == [3, 2]
    assert lines(homes, "新来") == []
    known = {"name": "有证", "id_number": "440524188001010014"}
    new = acts.add_resident(homes, 1, known, by=by, seal=SEAL, now=NOW)
    assert (new["sex"], new["birth"]) == ("male", "1880-**-**")
    with pytest.raises(BadInput, match="is missing"):
        acts.add_resident(homes, 1, {"phone": "13500000000"}, by=by, seal=SEAL, now=NOW)


def test_what_is_missing_is_told_cell_by_cell(homes: sa.Engine) -> None:
    with data.db.transaction(homes) as db:
        db.execute(sa.text("INSERT INTO dwelling (building_id, number, geom, cell_id, area_no) SELECT building_id, '103', geom, cell_id, area_no FROM dwelling WHERE id = 1"))  # fmt: skip
        db.execute(sa.text("UPDATE resident SET phone_index = NULL WHERE household_id = 1"))
    told = acts.completeness(homes, by=TESTER, seal=SEAL)
    by_cell = {one["code"]: one for one in told["cells"]}
    assert {name: by_cell["A"][name] for name in told["totals"]} == {
        "refused_rows": 0, "unplaced": 0, "residents_without_id": 2,
        "households_without_phone": 1, "dwellings_without_household": 1,
    }  # fmt: skip
    in_c = acts.completeness(homes, by=viewer(homes, "C"), seal=SEAL)
    assert [one["code"] for one in in_c["cells"]] == ["C"]
    of_a = acts.completeness(homes, by=viewer(homes, "A"), seal=SEAL, cell="A")["lists"]
    assert [one["label"] for one in of_a["dwellings_without_household"]] == ["桥头路1号 103"]
    assert [one["household_id"] for one in of_a["households_without_phone"]] == [1]
    assert acts.completeness(homes, by=viewer(homes, "C"), seal=SEAL, cell="A")["lists"] == {
        gap: [] for gap in of_a
    }
