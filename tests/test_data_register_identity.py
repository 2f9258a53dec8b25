"""One person, once: what a sheet may change, what it only asks, and what it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from town import SEAL, TESTER, draw, found, place
from town import at as spot

import api.actions.register as acts
import data.db
import data.grid
import data.locate
from api.actions import deciding
from api.actions import upload as sheets
from api.actions.imports import Order, Report, import_file
from gis.access import Role, Scope, Viewer
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.terms import RecordKind

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(days=9), NOW - timedelta(days=200)
WOMAN, MAN, CHILD = "11010519491231002X", "440524188001010014", "99010120150303001X"
HEAD = "姓名,身份证号,电话,地址,房号,户号,与户主关系\n"
Bring = Callable[..., Report]


@pytest.fixture
def streets(store: sa.Engine) -> sa.Engine:
    """Two cells, A and B, with a building each: 东街1号 and 西街9号."""
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        place(db, "building", {"b1": spot(0.5, 0.5)}, address="东街1号")
        place(db, "building", {"b2": spot(1.5, 0.5)}, address="西街9号")
        data.grid.number_areas(db)
        data.locate.refile(db)
    return store


@pytest.fixture
def bring(streets: sa.Engine, tmp_path: Path) -> Bring:
    """Import rows below `HEAD` as a sheet: `bring("张三,…", name="a.csv", by=…, told_at=…)`."""

    def run(*rows: str, name: str = "a.csv", head: str = HEAD, **said: object) -> Report:
        path = tmp_path / name
        path.write_text(head + "\n".join(rows) + "\n")
        by, now = said.pop("by", TESTER), said.pop("now", NOW)
        order = Order(RecordKind.RESIDENTS, path, **said)
        return import_file(streets, order, seal=SEAL, by=by, now=now)

    return run


def in_charge(store: sa.Engine, *cells: str, role: Role = Role.LEADER) -> Viewer:
    question = sa.text("SELECT area_no FROM grid_cell WHERE code = ANY(:cells) ORDER BY 1")
    with data.db.transaction(store, keep=False) as db:
        areas = tuple(db.scalars(question, {"cells": list(cells)}))
    return Viewer(7, "w7", "小王", role, Scope(min(areas), max(areas), areas))


def numbers(report: Report) -> tuple[int, int, int, int, int]:
    """Added, changed, unchanged, decisions, refused."""
    return report.added, report.changed, report.unchanged, report.decisions, report.refused


def ask(store: sa.Engine, question: str) -> list[tuple[object, ...]]:
    with data.db.transaction(store, keep=False) as db:
        return [tuple(row) for row in db.execute(sa.text(question))]


def digest(store: sa.Engine, *tables: str) -> list[object]:
    digested = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
    return [ask(store, digested.format(table))[0][0] for table in tables]


KEPT = ("resident", "household", "dwelling", "building", "decision", "resident_change")
PEOPLE = (
    f"张三,{WOMAN},13812341234,东街1号,101,1,户主", f"李四,{MAN},,东街1号,101,1,",
    "王五,,13900000000,西街9号,2,,",
)  # fmt: skip


def seen(store: sa.Engine, q: str) -> list[tuple[object, ...]]:
    lines = acts.find(store, q, by=TESTER, seal=SEAL)["lines"]
    return [(one["phone"], one["address"], one["dwelling"], one["relation"]) for one in lines]


# Imported again


def test_the_same_sheet_again_changes_nothing_and_asks_nothing(
    bring: Bring, streets: sa.Engine
) -> None:
    assert numbers(bring(*PEOPLE)) == (3, 0, 0, 0, 0)
    before = digest(streets, *KEPT)
    assert numbers(bring(*PEOPLE)) == (0, 0, 3, 0, 0)
    assert digest(streets, *KEPT) == before


def test_what_is_told_later_stands_with_its_history(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    report = bring(
        f"张三丰,{WOMAN},13711112222,西街9号,3,,户主", told_at=LATER, now=LATER, name="b.csv"
    )
    assert numbers(report) == (0, 1, 0, 0, 0)
    assert seen(streets, WOMAN) == [("137****2222", "西街9号", "3", "户主")]
    (one,) = acts.find(streets, WOMAN, by=TESTER, seal=SEAL)["lines"]
    told = acts.history(streets, one["id"], by=TESTER)
    assert {(x["field"], x["old"], x["new"], x["actor"], x["sheet"]) for x in told} == {
        ("name", "张*", "张**", "test", "b.csv"),
        ("phone", "138****1234", "137****2222", "test", "b.csv"),
        ("household", "东街1号 101", "西街9号 3", "test", "b.csv"),
    }  # fmt: skip
    (sealed,) = ask(
        streets, "SELECT old_sealed, new_sealed FROM resident_change WHERE field = 'phone'"
    )
    assert [SEAL.open("phone", bytes(value)) for value in sealed] == ["13812341234", "13711112222"]


def test_an_older_sheet_asks_and_never_overwrites(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    older = f"张三,{WOMAN},13711112222,东街1号,101,1,"
    report = bring(older, f"李四,{MAN},13333333333,东街1号,101,1,", told_at=EARLIER, name="old.csv")
    assert numbers(report) == (0, 1, 0, 1, 0), "a blank is filled, a contradiction asks"
    assert seen(streets, MAN) == [("133****3333", "东街1号", "101", None)]
    assert seen(streets, WOMAN) == [("138****1234", "东街1号", "101", "户主")]
    (one,) = deciding.decisions(streets, by=TESTER)
    assert (one["kind"], one["name"], one["sheet"], one["row"]) == ("conflict", "张*", "old.csv", 2)
    assert one["fields"] == {"phone": {"now": "138****1234", "sheet": "137****2222"}}
    assert numbers(bring(older, told_at=EARLIER, name="old.csv")) == (0, 0, 1, 0, 0)
    deciding.decide(streets, one["id"], "taken", by=TESTER, seal=SEAL, now=LATER)
    assert seen(streets, WOMAN)[0][0] == "137****2222"
    assert deciding.decisions(streets, by=TESTER) == []
    with pytest.raises(Conflict, match="taken already by test"):
        deciding.decide(streets, one["id"], "kept", by=TESTER, seal=SEAL, now=LATER)


def test_an_edit_by_hand_is_later_than_an_older_sheet(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE, told_at=EARLIER)
    (one,) = acts.find(streets, WOMAN, by=TESTER, seal=SEAL)["lines"]
    acts.edit(streets, one["id"], 1, {"phone": "13711112222"}, by=TESTER, seal=SEAL, now=NOW)
    between = NOW - timedelta(days=3)
    report = bring(f"张三,{WOMAN},13555555555,东街1号,102,1,女", told_at=between)
    assert numbers(report) == (0, 1, 0, 1, 0), "the home and relation are newer, the phone is not"
    assert seen(streets, WOMAN) == [("137****2222", "东街1号", "102", "女")]


def test_what_a_later_sheet_says_again_is_told_later(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE, told_at=EARLIER)
    assert numbers(bring(*PEOPLE, told_at=NOW)) == (0, 0, 3, 0, 0)
    between = NOW - timedelta(days=3)
    stale = bring(f"张三,{WOMAN},13555555555,东街1号,101,1,", told_at=between)
    assert numbers(stale) == (0, 0, 0, 1, 0)


def test_a_blank_erases_nothing(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    assert numbers(bring(f"张三,{WOMAN},,东街1号,,,", told_at=LATER, now=LATER)) == (0, 0, 1, 0, 0)
    assert seen(streets, WOMAN) == [("138****1234", "东街1号", "101", "户主")]
    assert ask(streets, "SELECT count(*) FROM dwelling") == [(2,)]


# Without an id


def test_without_an_id_a_person_decides(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    assert numbers(bring("王五,,13900000000,西街9号,2,,", told_at=LATER, now=LATER)) == (
        0,
        0,
        1,
        0,
        0,
    )
    other = f"王五,{CHILD},13911111111,西街9号,2,,"
    assert numbers(bring(other, told_at=LATER, now=LATER)) == (0, 0, 0, 1, 0)
    (one,) = deciding.decisions(streets, by=TESTER)
    assert one["kind"] == "same_person"
    assert set(one["fields"]) == {"id_number", "phone", "birth_date", "sex"}
    assert one["fields"]["birth_date"] == {"now": None, "sheet": "2015-**-**"}
    deciding.decide(streets, one["id"], "taken", fields=["id_number"], by=TESTER, seal=SEAL, now=LATER)  # fmt: skip
    assert seen(streets, CHILD) == [("139****0000", "西街9号", "2", None)]


def test_another_person_of_the_same_name_is_added_once(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    other = "王五,,13911111111,西街9号,2,,"
    assert numbers(bring(other)) == (0, 0, 0, 1, 0)
    (one,) = deciding.decisions(streets, by=TESTER)
    done = deciding.decide(streets, one["id"], "added", by=TESTER, seal=SEAL, now=NOW)
    assert done["resident_id"] != one["resident_id"]
    assert [line[0] for line in seen(streets, "王五")] == ["139****0000", "139****1111"]
    assert numbers(bring(other, PEOPLE[2])) == (0, 0, 1, 1, 0)
    assert data_is_counted(streets)


def data_is_counted(store: sa.Engine) -> bool:
    with data.db.transaction(store, keep=False) as db:
        return data.locate.wrong_tallies(db) == 0


def test_kept_is_kept_when_the_sheet_comes_again(bring: Bring, streets: sa.Engine) -> None:
    bring(*PEOPLE)
    other = "王五,,13911111111,西街9号,2,,"
    bring(other)
    (one,) = deciding.decisions(streets, by=TESTER)
    before = digest(streets, "resident")
    deciding.decide(streets, one["id"], "kept", by=TESTER, seal=SEAL, now=NOW)
    assert numbers(bring(other)) == (0, 0, 1, 0, 0)
    assert deciding.decisions(streets, by=TESTER) == []
    assert digest(streets, "resident") == before
    bring(other.replace("1111", "2222"))
    (two,) = deciding.decisions(streets, by=TESTER)
    with pytest.raises(BadInput, match="choose from taken, kept, added"):
        deciding.decide(streets, two["id"], "maybe", by=TESTER, seal=SEAL, now=NOW)


# Twice in one sheet


def test_a_person_twice_in_a_sheet_is_lost_nowhere(bring: Bring, streets: sa.Engine) -> None:
    again = f"张三,{WOMAN},13711112222,西街9号,5,,"
    report = bring(PEOPLE[0], again, PEOPLE[0], PEOPLE[1])
    assert numbers(report) == (2, 0, 1, 1, 0)
    assert report.notes[-1] == "1 rows only repeat an earlier row of the sheet: 4 (as 2)"
    (one,) = deciding.decisions(streets, by=TESTER)
    assert (one["kind"], one["row"], one["reason"]) == (
        "twice_in_sheet", 3, "row 2 of the sheet says otherwise",
    )  # fmt: skip
    assert set(one["fields"]) == {"phone", "household"}
    assert numbers(bring(PEOPLE[0], again, PEOPLE[0], PEOPLE[1])) == (0, 0, 4, 0, 0)
    deciding.decide(streets, one["id"], "taken", by=TESTER, seal=SEAL, now=NOW)
    assert seen(streets, WOMAN) == [("137****2222", "西街9号", "5", "户主")]


def test_twice_in_a_sheet_is_the_same_for_who_is_in_charge_of_a_cell(
    bring: Bring, streets: sa.Engine
) -> None:
    by = in_charge(streets, "A")
    rows = (PEOPLE[0], f"张三,{WOMAN},13711112222,东街1号,101,,", PEOPLE[2], PEOPLE[2])
    assert numbers(bring(*rows, by=by)) == (1, 0, 0, 1, 2)
    assert numbers(bring(*rows, by=by)) == (0, 0, 2, 0, 2)


# In a charge


def test_an_importer_in_charge_of_a_cell_brings_only_its_people(
    bring: Bring, streets: sa.Engine
) -> None:
    by = in_charge(streets, "A")
    rows = (*PEOPLE, "赵六,,,南街3号,1,,")
    report = bring(*rows, by=by)
    assert numbers(report) == (2, 0, 0, 0, 2)
    assert report.faults[["row", "field", "reason"]].to_numpy().tolist() == [
        [4, "address", "this address lies outside your charge"],
        [5, "address", "no cell holds this address, so it is in nobody's charge: bring its building "
         "first, or give coordinates"],
    ]  # fmt: skip
    assert ask(streets, "SELECT count(*) FROM building") == [(2,)]
    assert data_is_counted(streets)
    assert numbers(bring(*rows, by=by)) == (0, 0, 2, 0, 2)
    waiting = sheets.refused_rows(streets, by=by, seal=SEAL)
    assert [(one["row"], one["values"]["name"]) for one in waiting] == [(4, "王*"), (5, "赵*")]


def test_an_id_of_another_area_is_refused_without_a_word_of_where(
    bring: Bring, streets: sa.Engine
) -> None:
    bring(*PEOPLE)
    by = in_charge(streets, "B")
    report = bring(f"张三,{WOMAN},,西街9号,1,,", f"钱七,{CHILD},,西街9号,1,,", by=by)
    assert numbers(report) == (1, 0, 0, 0, 1)
    assert "registered in another area" in report.faults["reason"].iloc[0]
    assert "东街" not in str(report)
    assert len(ask(streets, "SELECT id FROM resident")) == 4


def test_a_worker_without_the_right_brings_nothing(streets: sa.Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEAD + PEOPLE[0])
    by = in_charge(streets, "A", role=Role.WORKER)
    with pytest.raises(NotAllowed):
        sheets.upload(streets, tmp_path / "a.csv", name="a.csv", by=by, seal=SEAL, now=NOW)
    with pytest.raises(NotAllowed):
        deciding.decisions(streets, by=by)


# Uploaded, refused, mended


def test_a_sheet_is_tried_then_brought_then_mended(streets: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "x"
    wrong = WOMAN[:-1] + "1"
    file.write_text(
        HEAD
        + f"张三,{wrong},13812341234,东街1号,101,1,户主\n李四,{MAN},12,东街1号,101,,\n合计,,,,,,\n"
        f"王五,{CHILD},,东街1号,102,,\n"
    )
    by = in_charge(streets, "A")
    tried = sheets.upload(
        streets, file, name="一月.csv", by=by, seal=SEAL, now=NOW, dry_run=True
    )  # fmt: skip
    assert (tried["added"], tried["refused"], tried["sheet_id"]) == (1, 3, None)
    assert ask(streets, "SELECT count(*) FROM resident") == [(0,)]
    assert wrong not in str(tried)
    done = sheets.upload(streets, file, name="一月.csv", by=by, seal=SEAL, now=NOW)
    assert (done["added"], done["refused"]) == (1, 3)
    first, second = sheets.refused_rows(streets, by=by, seal=SEAL, sheet_id=done["sheet_id"])
    assert (first["row"], first["sheet"]) == (2, "一月.csv")
    assert first["faults"] == [
        {"field": "id_number", "reason": "the check character does not fit the 17 digits"}
    ]
    assert first["values"]["id_number"] == "1101************21"
    assert wrong not in str(ask(streets, "SELECT * FROM sheet_row"))
    values = {**first["values"], "id_number": wrong}
    with pytest.raises(BadInput) as refused:
        sheets.mend(streets, first["id"], values, by=by, seal=SEAL, now=NOW)
    assert refused.value.facts["faults"] == first["faults"]
    values["id_number"] = WOMAN
    mended = sheets.mend(streets, first["id"], values, by=by, seal=SEAL, now=NOW)
    assert (mended["added"], mended["decisions"]) == (1, 0)
    assert seen(streets, WOMAN) == [("138****1234", "东街1号", "101", "户主")]
    sheets.drop(streets, second["id"], by=by)
    assert sheets.refused_rows(streets, by=by, seal=SEAL) == []
    with pytest.raises(NotFound):
        sheets.drop(streets, second["id"], by=by)
    again = sheets.upload(streets, file, name="一月.csv", by=by, seal=SEAL, now=NOW)
    assert (again["added"], again["unchanged"], again["refused"]) == (0, 1, 3)
    assert sheets.refused_rows(streets, by=by, seal=SEAL) == []


def test_a_row_out_of_charge_can_be_mended_by_who_brought_it(
    streets: sa.Engine, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(HEAD + f"张三,{WOMAN},,西街9号,101,,\n")
    by, other = in_charge(streets, "A"), in_charge(streets, "B")
    sheets.upload(streets, tmp_path / "a.csv", name="a.csv", by=by, seal=SEAL, now=NOW)
    (row,) = sheets.refused_rows(streets, by=by, seal=SEAL)
    assert sheets.refused_rows(streets, by=other, seal=SEAL) == []
    with pytest.raises(NotFound):
        sheets.mend(streets, row["id"], {"address": "西街9号"}, by=other, seal=SEAL, now=NOW)
    with pytest.raises(BadInput, match="outside your charge"):
        sheets.mend(streets, row["id"], {"phone": "13812341234"}, by=by, seal=SEAL, now=NOW)
    sheets.mend(streets, row["id"], {"address": "东街1号"}, by=by, seal=SEAL, now=NOW)
    assert seen(streets, WOMAN) == [(None, "东街1号", "101", None)]


def test_an_act_in_one_area_counts_only_that_area_again(streets: sa.Engine) -> None:
    ask = "SELECT c.code, t.residents FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id ORDER BY 1"
    with data.db.transaction(streets) as db:
        db.execute(sa.text("UPDATE cell_tally SET residents = 99"))
        area = db.scalar(sa.text("SELECT area_no FROM grid_cell WHERE code = 'A'"))
    leader = Viewer(7, "w7", "小王", Role.LEADER, Scope(area, area))
    with data.scope.transaction(streets, leader) as db:
        data.locate.tally(db, ["dwellings"])
    with data.db.transaction(streets) as db:
        assert [tuple(row) for row in db.execute(sa.text(ask))] == [("A", 0), ("B", 99)]
        data.locate.tally(db, ["dwellings"])
        assert [tuple(row) for row in db.execute(sa.text(ask))] == [("A", 0), ("B", 0)]


def test_the_same_sheet_again_tells_of_its_first_day(bring: Bring, streets: sa.Engine) -> None:
    phone = "SELECT phone_mask FROM resident WHERE id_index IS NOT NULL ORDER BY id LIMIT 1"

    def kept() -> object:
        with data.db.transaction(streets, keep=False) as db:
            return db.scalar(sa.text(phone))

    woman = "11010519491231002X,{},东街1号,101,,"
    first, newer = ("张三," + woman.format(phone) for phone in ("13800000001", "13800000002"))
    bring(first, name="old.csv", now=NOW)
    bring(newer, name="new.csv", now=NOW + timedelta(days=30))
    assert kept() == "138****0002"
    again = bring(first, name="old.csv", now=NOW + timedelta(days=60))
    assert (kept(), again.changed, again.decisions) == ("138****0002", 0, 1)
