"""A report becomes a case: numbered once, in its cell or at the desk of a division around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from conftest import owning
from town import SEAL, TESTER, at, inhabit, place

import data.cases
import data.db
import data.grid
import data.locate
import data.scope
import gis.cases
import gis.coordinates
from api.actions import reports
from api.actions.reports import Report
from gis.access import ANYBODY, EVERYWHERE, Role, Scope, Viewer
from gis.errors import BadInput, Conflict
from gis.terms import Datum, Move

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # 01:30 of the 23rd in the city
SIDE_M = 1_500  # a square is that wide, roughly
IN_D = Scope(420106002001 * 10**6, 420106002002 * 10**6 - 1)
WORKER_D = Viewer(5, "d", "丁", Role.WORKER, IN_D)


@pytest.fixture(scope="module")
def two_streets(template_of: Callable[..., str]) -> str:
    """Cells A, B of one community, C of another of the same street, D of another street."""

    def fill(url: str) -> None:
        with owning(url) as db:
            inhabit(db)
            db.execute(sa.text("DELETE FROM case_class"))
            db.execute(
                sa.text(
                    "INSERT INTO case_class (system, kind, code, name, major_code, major_name) VALUES"
                    " ('x', 'event', '0506', '道路积水', '05', '突发事件'),"
                    " ('x', 'event', '0101', '私搭乱建', '01', '市容环境'),"
                    " ('x', 'component', '0101', '上水井盖', '01', '公用设施')"
                )
            )
            data.grid.number_areas(db)
            data.locate.refile(db)

    return template_of(fill)


@pytest.fixture
def city(copy_of: Callable[[str], str], two_streets: str) -> Iterator[sa.Engine]:
    """A copy of the two streets."""
    store = data.db.engine(copy_of(two_streets))
    yield store
    store.dispose()


def told(x: float, y: float = 0.5, **values: Any) -> Report:
    spot = at(x, y)
    return Report(**{"kind": "event", "class_code": "0506", "lon": spot.x, "lat": spot.y} | values)


def tell(
    store: sa.Engine, report: Report, *, by: Viewer = ANYBODY, now: datetime = NOW
) -> dict[str, Any]:
    return reports.report(store, report, by=by, seal=SEAL, now=now)


def row(store: sa.Engine, code: str) -> Any:
    with data.db.transaction(store) as db:
        query = (
            "SELECT f.*, c.code AS cell FROM case_file f LEFT JOIN grid_cell c ON c.id = cell_id"
        )
        return db.execute(sa.text(f"{query} WHERE f.code = :code"), {"code": code}).one()


@pytest.mark.parametrize("by", [ANYBODY, WORKER_D, TESTER], ids=lambda by: by.login)
def test_anybody_reports_from_anywhere_and_it_is_filed_by_its_place(
    city: sa.Engine, by: Viewer
) -> None:
    answer = tell(city, told(0.5, accuracy_m=30, description="水很深"), by=by)
    assert answer["code"] == "20261123-000001"
    assert answer["cell"] == {"code": "A", "name": "A网格"}
    assert answer["class"] == {"kind": "event", "code": "0506", "name": "道路积水"}
    assert (answer["state"], answer["desk"], answer["candidates"]) == ("reported", None, [])
    kept = row(city, answer["code"])
    assert (kept.cell, kept.area_no, kept.title) == ("A", 420106001001000001, "道路积水")
    assert (kept.reported_at, kept.reported_by) == (NOW, by.account or None)
    with data.db.transaction(city) as db:
        case = data.cases.find(db, answer["code"])
        assert gis.cases.replay(data.cases.events(db, case)) == case.standing
        assert data.locate.wrong_tallies(db) == 0
        lines = db.execute(sa.text("SELECT actor, act, subject FROM journal")).all()
    assert lines == [(by.login, "report", answer["code"])]


def test_numbers_rise_and_pass_over_those_that_a_sheet_brought(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        place(db, "case_file", {"20261123-000002": at(0.5, 0.5)}, title="x")
    assert [tell(city, told(0.5))["code"] for _ in "12"] == ["20261123-000001", "20261123-000003"]
    day_before = tell(city, told(0.5), now=NOW - timedelta(hours=2))
    assert day_before["code"] == "20261122-000004"
    with data.db.transaction(city) as db:
        db.execute(sa.text("SELECT setval('case_number', 1234567)"))
    assert tell(city, told(0.5))["code"] == "20261123-1234568"


DESKS = {
    "on the edge of two cells of one community": (told(1), "420106001001", ["A", "B"], "A"),
    "near that edge": (told(1.05, accuracy_m=200), "420106001001", ["B", "A"], "B"),
    "near the edge of two communities": (
        told(2.05, accuracy_m=200),
        "420106001000",
        ["C", "B"],
        "C",
    ),
    "near the edge of two streets": (told(3.05, accuracy_m=200), "420106000000", ["D", "C"], "D"),
    "anywhere in town": (told(0.5, accuracy_m=20_000), "420106000000", ["A", "B", "C", "D"], "A"),
    "outside, near a cell": (told(-0.05, accuracy_m=200), "420106001001", ["A"], None),
    "outside": (told(9), "", [], None),
    "nobody knows where": (Report(description="井盖丢了"), "", [], None),
}


@pytest.mark.parametrize("what", DESKS)
def test_an_unsure_place_goes_to_the_desk_of_what_surely_has_it(city: sa.Engine, what: str) -> None:
    report, desk, candidates, by_place = DESKS[what]
    answer = tell(city, report)
    assert answer["cell"] is None
    assert (answer["desk"]["code"], answer["candidates"]) == (desk, candidates)
    kept = row(city, answer["code"])
    assert (kept.desk_code, kept.cell) == (desk, by_place)
    assert kept.area_no == int(desk.ljust(12, "0")) * 10**6
    with data.db.transaction(city) as db:
        data.locate.refile(db)
    assert row(city, answer["code"]).area_no == kept.area_no


def test_a_division_drawn_around_a_place_without_cells_has_the_desk(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        for code, half in (("420106000000", 9), ("420106002000", 2)):
            outline = shapely.multipolygons([shapely.box(*_around(9, half))])
            db.execute(
                sa.text("UPDATE division SET geom = ST_GeomFromWKB(:g, 4326) WHERE code = :c"),
                {"g": outline.wkb, "c": code},
            )
    assert tell(city, told(9, 9))["desk"] == {"code": "420106002000", "name": "临湖街道"}
    wide = tell(city, told(9, 9, accuracy_m=3 * SIDE_M))
    assert wide["desk"]["code"] == "420106000000"


def _around(x: float, half: float) -> tuple[float, float, float, float]:
    low, high = at(x - half, x - half), at(x + half, x + half)
    return low.x, low.y, high.x, high.y


def test_the_desks_of_others_are_not_seen(city: sa.Engine) -> None:
    street = Scope(420106001000 * 10**6, 420106002000 * 10**6 - 1)
    community = Scope(420106001001 * 10**6, 420106001002 * 10**6 - 1)
    codes = {name: tell(city, DESKS[name][0])["code"] for name in DESKS}

    def seen(scope: Scope) -> set[str]:
        by = Viewer(3, "x", "x", Role.ACCEPTOR, scope)
        with data.scope.transaction(city, by) as db:
            found = set(db.scalars(sa.text("SELECT code FROM case_file")))
        return {name for name, code in codes.items() if code in found}

    own = {name for name, desk in DESKS.items() if desk[1] == "420106001001"}
    assert seen(community) == own
    assert seen(street) == own | {"near the edge of two communities"}
    assert seen(EVERYWHERE) == set(DESKS)


@pytest.mark.parametrize("datum", Datum)
def test_every_datum_is_understood(city: sa.Engine, datum: Datum) -> None:
    spot = at(0.5, 0.5)
    lon, lat = gis.coordinates.convert(spot.x, spot.y, source=Datum.WGS84, target=datum)  # type: ignore[arg-type]
    answer = tell(city, told(0.5, lon=float(lon), lat=float(lat), datum=datum))
    with data.db.transaction(city) as db:
        case = data.cases.find(db, answer["code"])
    assert (case.lon, case.lat) == pytest.approx((spot.x, spot.y), abs=1e-7)


# Once


def test_the_same_request_gives_the_same_case_and_answer(city: sa.Engine) -> None:
    report = told(0.5, request_id="手机-7/α", contact="138 1234 1234")
    first = tell(city, report)
    assert [tell(city, report, by=by) for by in (ANYBODY, WORKER_D, TESTER)] == [first] * 3
    assert tell(city, told(0.5, request_id="other"))["code"] != first["code"]
    with data.db.transaction(city) as db:
        count = "SELECT count(*) FROM journal WHERE act = 'report'"
        assert db.scalar(sa.text(count)) == 2


def test_one_id_for_two_reports_loses_neither_in_silence(city: sa.Engine) -> None:
    tell(city, told(0.5, request_id="1", description="井盖缺失"))
    for other in (told(2.5, request_id="1", description="井盖缺失"), told(0.5, request_id="1")):
        with pytest.raises(Conflict, match="was used for another report; choose a new one"):
            tell(city, other)


def test_the_same_request_twenty_times_at_once_is_one_case(city: sa.Engine) -> None:
    report = told(0.5, request_id="at once")
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: tell(city, report), range(20)))
    assert {answer["code"] for answer in answers} == {answers[0]["code"]}
    with data.db.transaction(city) as db:
        made = "SELECT count(*) FROM case_file WHERE request_id = 'at once'"
        told_of = "SELECT count(*) FROM case_event WHERE move = 'report'"
        assert (db.scalar(sa.text(made)), db.scalar(sa.text(told_of))) == (1, 1)
        assert data.locate.wrong_tallies(db) == 0


def test_the_contact_is_sealed_and_masked(city: sa.Engine) -> None:
    kept = row(city, tell(city, told(0.5, contact="+86 (138) 1234-1234"))["code"])
    assert kept.contact_mask == "+86****1234"
    assert b"1234" not in kept.contact_sealed
    assert SEAL.open("contact", kept.contact_sealed) == "+8613812341234"
    assert row(city, tell(city, told(0.5))["code"]).contact_sealed is None


# Classes


@pytest.mark.parametrize(
    ("kind", "code", "kept"),
    [
        ("event", "0101", ("event", "0101", "私搭乱建")),
        ("component", "0101", ("component", "0101", "上水井盖")),
        (None, "0506", ("event", "0506", "道路积水")),
        (None, "0101", (None, "0101", "未分类")),  # of which kind, nobody said
        ("event", "9999", ("event", "9999", "未分类")),
        (None, "", (None, None, "未分类")),
    ],
)
def test_the_class_gives_the_title(
    city: sa.Engine, kind: str | None, code: str, kept: tuple[str | None, ...]
) -> None:
    answer = tell(city, told(0.5, kind=kind, class_code=code, description="张三的电话 13812341234"))
    found = row(city, answer["code"])
    assert (found.kind, found.class_code, found.title) == kept


# Alike and near


def test_open_cases_alike_near_and_of_the_day_are_offered(city: sa.Engine) -> None:
    near = told(3.5)
    far = told(3.5 + 60 / SIDE_M)
    others = {
        "near": near,
        "yesterday": replace(near, reported_at=NOW - timedelta(hours=23)),
        "too old": replace(near, reported_at=NOW - timedelta(hours=25)),
        "too far": far,
        "another class": replace(near, class_code="0101"),
        "another kind": replace(near, kind="component"),
        "void": near,
    }
    codes = {name: tell(city, report)["code"] for name, report in others.items()}
    with data.db.transaction(city) as db:
        case = data.cases.locked(db, codes["void"])
        said = gis.cases.Said(reason="测试")
        data.cases.move(db, case, Move.VOID, said, by=TESTER, now=NOW)
    public = tell(city, near)["similar"]
    assert public == {"count": 2, "cases": []}
    similar = tell(city, near, by=WORKER_D)["similar"]
    assert similar["count"] == 3
    assert [one["code"] for one in similar["cases"]][:2] == [codes["near"], codes["yesterday"]]
    assert similar["cases"][1] == {
        "code": codes["yesterday"], "version": 1, "state": "reported", "kind": "event",
        "class_code": "0506", "distance_m": 0.0, "age_s": 23 * 3600,
    }  # fmt: skip


# Refusals


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(city: sa.Engine) -> None:
    wrong = Report(
        kind="dog", class_code="a b", description="x\0y", address="路" * 501, lon=float("nan"), lat=91,
        datum="moon", accuracy_m=-1, channel="pigeon", contact="call me", request_id="\ud800",
        reported_at=NOW + timedelta(hours=1),
    )  # fmt: skip
    with pytest.raises(BadInput, match="the report was not taken") as refused:
        tell(city, wrong)
    faults: Any = refused.value.facts["faults"]
    assert sorted({fault["field"] for fault in faults}) == [
        "accuracy_m", "address", "channel", "class_code", "contact", "datum", "description", "kind",
        "lat", "lon", "reported_at", "request_id",
    ]  # fmt: skip
    with data.db.transaction(city) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM case_event")) == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Report(), "description"),
        (Report(class_code="0506", lon=114.0), "lat"),
        (told(0.5, accuracy_m=float("inf")), "accuracy_m"),
        (told(0.5, accuracy_m=float("nan")), "accuracy_m"),
        (told(0.5, description="x" * 4001), "description"),
        (told(0.5, request_id="x" * 81), "request_id"),
        (told(0.5, address="a\x1b[2Jb"), "address"),
        (told(0.5, reported_at=datetime(2026, 1, 1)), "reported_at"),
        (told(0.5, reported_at=datetime.fromisoformat("0001-01-01T00:00+14:00")), "reported_at"),
    ],
)
def test_a_fault_names_its_field(city: sa.Engine, wrong: Report, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        tell(city, wrong)
    faults: Any = refused.value.facts["faults"]
    assert [fault["field"] for fault in faults] == [field]


def test_a_clock_a_little_ahead_is_forgiven_and_an_offline_report_is_older(city: sa.Engine) -> None:
    for told_at, kept in [
        (NOW + timedelta(minutes=4), NOW),
        (NOW - timedelta(days=9), NOW - timedelta(days=9)),
    ]:
        answer = tell(city, told(0.5, reported_at=told_at))
        assert row(city, answer["code"]).reported_at == kept
