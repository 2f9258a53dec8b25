"""Cases that sheets bring: each stands where its events led, and a blank state changes none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from test_data_cases import NOW, TOLD
from town import SEAL, TESTER, at, inhabit

import data.case_sheet
import data.cases
import data.db
import data.grid
import data.locate
import data.scope
import gis.cases
from api.actions import checks
from api.actions.imports import Order, Report, import_file
from gis.access import EVERYWHERE, Role, Viewer
from gis.cases import Said
from gis.places import Reference
from gis.terms import CaseState, Datum, Move, RecordKind

LEADER = Viewer(9, "leader", "组长", Role.LEADER, EVERYWHERE)


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    with data.db.transaction(store) as db:
        inhabit(db)
        db.execute(sa.text("DELETE FROM case_file"))
        data.grid.number_areas(db)
        data.locate.refile(db)
    return store


def bring(store: sa.Engine, folder: Path, text: str, by: Viewer = TESTER) -> Report:
    path = folder / "案卷.csv"
    path.write_text(text)
    return import_file(store, Order(RecordKind.CASES, path), seal=SEAL, by=by, now=NOW)


def numbers(report: Report) -> tuple[int, int, int]:
    return report.added, report.changed, report.unchanged


def histories(store: sa.Engine) -> dict[str, list[tuple[str, str | None, str]]]:
    with data.db.transaction(store) as db:
        assert data.case_sheet.untrue(db) == 0
        rows: Any = db.execute(
            sa.text(
                "SELECT f.code, e.move, e.source, e.target FROM case_event e"
                " JOIN case_file f ON f.id = case_id ORDER BY e.id"
            )
        )
        told: dict[str, list[tuple[str, str | None, str]]] = {}
        for code, *event in rows:
            told.setdefault(code, []).append(tuple(event))
        return told


@pytest.mark.parametrize("by", [TESTER, LEADER], ids=["owner", "leader"])
def test_a_sheet_begins_cases_and_says_how_far_they_came(
    city: sa.Engine, tmp_path: Path, by: Viewer
) -> None:
    first = "案卷号,状态,标题\n1,处置中,甲\n2,,乙\n3,已结案,丙\n"
    assert numbers(bring(city, tmp_path, first, by)) == (3, 0, 0)
    assert numbers(bring(city, tmp_path, first, by)) == (0, 0, 3)
    assert histories(city) == {
        "1": [("bring", None, "handling")],
        "2": [("bring", None, "reported")],
        "3": [("bring", None, "closed")],
    }
    later = "案卷号,状态,标题\n1,已结案,甲\n2,作废,乙二\n3,,丙三\n4,挂账,丁\n"
    assert numbers(bring(city, tmp_path, later, by)) == (1, 3, 0)
    assert histories(city) == {
        "1": [("bring", None, "handling"), ("bring", "handling", "closed")],
        "2": [("bring", None, "reported"), ("bring", "reported", "void")],
        "3": [("bring", None, "closed")],
        "4": [("bring", None, "suspended")],
    }
    with data.db.transaction(city) as db:
        for code in "1234":
            case = data.cases.find(db, code)
            assert gis.cases.replay(data.cases.events(db, case)) == case.standing
        assert data.locate.wrong_tallies(db) == 0


def test_a_case_that_lives_here_is_not_moved_by_a_sheet_without_states(
    city: sa.Engine, tmp_path: Path
) -> None:
    bring(city, tmp_path, "案卷号,标题\n1,甲\n")
    with data.scope.transaction(city, TESTER) as db:
        case = data.cases.locked(db, "1")
        data.cases.move(db, case, Move.VERIFY, Said(), by=TESTER, now=NOW)
    assert numbers(bring(city, tmp_path, "案卷号,标题\n1,甲二\n")) == (0, 1, 0)
    assert [event[0] for event in histories(city)["1"]] == ["bring", "verify"]


def test_no_clock_of_ours_runs_for_what_another_system_moved(
    city: sa.Engine, tmp_path: Path
) -> None:
    bring(city, tmp_path, "案卷号,标题\n1,甲\n")
    with data.scope.transaction(city, TESTER) as db:
        unit = "INSERT INTO network_unit (code, name, kind) VALUES ('u', 'u', 'department')"
        db.execute(sa.text(unit))
        condition = db.scalar(sa.text("SELECT min(id) FROM case_condition"))
        for move, said in {
            Move.FILE: Said(condition=condition),
            Move.SUSPEND: TOLD[Move.SUSPEND],
        }.items():
            case = data.cases.locked(db, "1")
            data.cases.move(db, case, move, said, by=TESTER, now=NOW)
    bring(city, tmp_path, "案卷号,状态\n1,派遣\n")
    with data.db.transaction(city) as db:
        case = data.cases.find(db, "1")
        assert case.standing == gis.cases.replay(data.cases.events(db, case))
        assert (case.state, case.standing.until) == (CaseState.DISPATCHED, None)
        assert (case.times.next_at, case.times.run) == (None, None)


def test_what_a_sheet_closes_takes_its_joined_ones_along(city: sa.Engine, tmp_path: Path) -> None:
    bring(city, tmp_path, "案卷号,标题\n1,甲\n2,乙\n3,丙\n")
    with data.scope.transaction(city, TESTER) as db:
        main = data.cases.find(db, "1")
        for code in "23":
            case = data.cases.locked(db, code)
            data.cases.move(db, case, Move.JOIN, Said(other=main.id), by=TESTER, now=NOW)
    bring(city, tmp_path, "案卷号,状态\n1,已结案\n")
    assert [history[-1] for history in histories(city).values()] == [
        ("bring", "reported", "closed"),
        ("follow", "reported", "closed"),
        ("follow", "reported", "closed"),
    ]


def test_the_check_finds_a_case_that_does_not_stand_where_it_was_led(
    city: sa.Engine, tmp_path: Path
) -> None:
    bring(city, tmp_path, "案卷号,标题\n1,甲\n2,乙\n")
    with data.db.transaction(city) as db:
        assert checks.cases_true(db) == (True, "all where their last event led")
        db.execute(sa.text("UPDATE case_file SET state = 'closed' WHERE code = '1'"))
        spot = at(0.5, 0.5)
        db.execute(
            sa.text(
                "INSERT INTO case_file (code, title, geom) VALUES ('3', 'x', ST_Point(:x, :y, 4326))"
            ),
            {"x": spot.x, "y": spot.y},
        )
        assert checks.cases_true(db) == (False, "2 differ")


def desks(store: sa.Engine) -> dict[str, tuple[str | None, list[str], int]]:
    query = "SELECT code, desk_code, candidates, area_no FROM case_file ORDER BY code"
    with data.db.transaction(store, keep=False) as db:
        return {row[0]: (row[1], row[2], row[3]) for row in db.execute(sa.text(query))}


def test_cases_of_a_sheet_whose_cell_is_not_sure_go_to_the_desk_around(
    city: sa.Engine, tmp_path: Path
) -> None:
    def rows(moved: float) -> str:
        spots = {
            "sure": (0.5, "5"), "a-b": (moved, "30"), "b-c": (1.9999, "30"), "c-d": (3.0001, "30"),
            "off": (9, "30"),
        }  # fmt: skip
        lines = [
            f"{code},{at(x, 0.5).x!r},30.008,{far},甲,待受理" for code, (x, far) in spots.items()
        ]
        lines += ["none,,,,乙,待受理", f"done,{at(9, 0.5).x!r},30.008,30,丙,已结案"]
        return "\n".join(["案卷号,经度,纬度,精度,标题,状态", *lines]) + "\n"

    order = {"reference": Reference(datum=Datum.WGS84)}
    path = tmp_path / "案卷.csv"
    for moved, expected in ((1.0001, ("420106001001", ["B", "A"])), (1.5, (None, []))):
        path.write_text(rows(moved))
        import_file(
            store := city, Order(RecordKind.CASES, path, **order), seal=SEAL, by=TESTER, now=NOW
        )
        found = desks(store)
        assert {code: desk for code, (desk, _, _) in found.items()} == {
            "sure": None, "a-b": expected[0], "b-c": "420106001000", "c-d": "420106000000",
            "off": "", "none": "", "done": None,
        }  # fmt: skip
        assert found["a-b"][1] == expected[1]
        assert (found["b-c"][1], found["b-c"][2]) == (["B", "C"], 420106001000 * 10**6)
        assert found["off"][2] == 0
        again = import_file(
            city, Order(RecordKind.CASES, path, **order), seal=SEAL, by=TESTER, now=NOW
        )
        assert (numbers(again), desks(city)) == ((0, 0, 7), found)
    with data.db.transaction(city) as db:
        data.locate.refile(db)
    assert desks(city) == found
