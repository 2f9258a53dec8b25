"""The desk: what lies in a shape, heat, named areas, whom to send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning, signed_in
from town import LAT, LON, SIDE, at, box, inhabit, move_in, place

import api.actions.desk
import data.db
import data.desk_heat
import data.desk_inside
import data.grid
import data.locate
from api.actions.desk import Circle, Drawn, Road
from data.accounts import Charged
from data.desk_heat import Wanted as Heat
from gis.access import EVERYWHERE, Role, Scope, Viewer
from gis.errors import BadInput, NotAllowed, NotFound

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DISPATCHER = Viewer(71, "dispatcher", "派", Role.DISPATCHER, EVERYWHERE)
LEADER = Viewer(72, "leader", "长", Role.LEADER, EVERYWHERE)
PLANNER = Viewer(73, "planner", "规", Role.PLANNER, EVERYWHERE)
STREET = "420106001000"


def geojson(shape: Any) -> dict[str, Any]:
    return json.loads(json.dumps(shape.__geo_interface__))


def run(db: Any, query: str, **values: object) -> None:
    db.execute(sa.text(query), values)


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(furnish)


@pytest.fixture
def desk(store: sa.Engine) -> sa.Engine:
    """The town of `furnish`."""
    return store


def furnish(db: Any) -> None:
    """The town of cells A, B, C and D with people, six of them cared for, and open cases."""
    inhabit(db)
    data.grid.number_areas(db)
    data.locate.refile(db)
    _more_homes(db)
    for number, (code, x, due) in enumerate(
        [("q-soon", 0.3, 1), ("q-late", 0.6, -1), ("q-far", 2.5, 9), ("q-next", 3.4, 2)]
    ):
        place(db, "case_file", {code: at(x, 0.5)}, title="积水", kind="event",
              class_code=f"050{6 + number % 2}", state="handling",
              due_at=NOW + timedelta(hours=due))  # fmt: skip
    place(db, "case_file", {"w-a": at(0.3, 0.3), "w-d": at(3.5, 0.5)}, title="井盖",
          kind="event", state="filed")  # fmt: skip
    run(db, "INSERT INTO worker (code, name) VALUES ('W1', '张三')")
    run(db, "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, "
            "'grid_worker', '2020-01-01' FROM grid_cell c, worker w WHERE c.code = 'A'")  # fmt: skip
    data.locate.refile(db)
    data.locate.tally(db)
    run(db, "SELECT count_care()")


def _more_homes(db: Any) -> None:
    """Twelve homes in the west of cell A, one in the east of it; six people are cared for."""
    spots = {f"w{n}": at(0.1, 0.1 + n / 20) for n in range(12)} | {"e": at(0.9, 0.9)}
    place(db, "building", spots, name="楼", address="路")
    run(db, "INSERT INTO dwelling (building_id, number, geom) SELECT id, '1', geom FROM building "
            "WHERE name = '楼'")  # fmt: skip
    run(db, "INSERT INTO household (dwelling_id) SELECT d.id FROM dwelling d JOIN building b "
            "ON b.id = d.building_id WHERE b.name = '楼'")  # fmt: skip
    data.locate.refile(db)
    homes = db.scalars(
        sa.text("SELECT h.id FROM household h JOIN dwelling d ON d.id = h.dwelling_id "
                "JOIN building b ON b.id = d.building_id WHERE b.name = '楼' ORDER BY b.code")
    ).all()  # fmt: skip
    for home in homes:
        move_in(db, home, "甲乙", None, "13912345678")
    run(db, "INSERT INTO care_recipient (resident_id, category, level, due_on, area_no) "
            "SELECT id, 'living_alone', 'high', current_date, area_no FROM resident "
            "WHERE household_id = ANY (:homes) ORDER BY id LIMIT 6", homes=list(homes))  # fmt: skip


def inside(store: sa.Engine, *, by: Viewer = DISPATCHER, **drawn: Any) -> dict[str, Any]:
    return api.actions.desk.inside(store, Drawn(**drawn), by=by, now=NOW, today=TODAY)


# Inside


def test_whole_cells_are_counted_exactly_and_the_border_by_places(desk: sa.Engine) -> None:
    two = inside(desk, cells=["A", "B"])
    assert [(c["code"], c["whole"]) for c in two["cells"]] == [("A", True), ("B", True)]
    assert (two["counts"]["households"], two["counts"]["residents"]) == (15, 16)
    assert two["counts"]["cases"] | {"open": 5, "overdue": 1} == two["counts"]["cases"]
    assert two["counts"]["facilities"] == {"other": 3}
    assert [case["code"] for case in two["cases"]][:2] == ["q-late", "q-soon"]
    assert inside(desk, divisions=["420106001001"])["counts"] == two["counts"]
    assert inside(desk, shape=geojson(box(-0.5, -0.5, 2, 1.5)))["counts"] == two["counts"]
    west = {"shape": geojson(box(-0.5, -0.5, 0.25, 1.5))}
    seen = inside(desk, by=LEADER, **west)
    assert [(c["code"], c["whole"]) for c in seen["cells"]] == [("A", False)]
    assert (seen["counts"]["households"], seen["rounded"], seen["hidden"]) == (12, [], [])
    assert seen["counts"]["care"] == {"living_alone": 5}
    assert seen["counts"]["cases"]["open"] == 0
    assert seen["area_m2"] == pytest.approx(0.75 * 2 * 1506 * 1732, rel=0.01)


def test_who_sees_no_persons_cannot_find_a_home_by_two_shapes(desk: sa.Engine) -> None:
    with_it = inside(desk, shape=geojson(box(-0.5, -0.5, 0.95, 1.5)))
    without = inside(desk, shape=geojson(box(-0.5, -0.5, 0.85, 1.5)))
    assert (
        inside(desk, by=LEADER, shape=geojson(box(-0.5, -0.5, 0.95, 1.5)))["counts"]["households"]
        - inside(desk, by=LEADER, shape=geojson(box(-0.5, -0.5, 0.85, 1.5)))["counts"]["households"]
        == 1
    )
    assert with_it["counts"]["households"] == without["counts"]["households"] == 15
    assert with_it["rounded"] == ["households", "residents", "care"]
    one = inside(desk, shape=geojson(box(0.85, 0.85, 0.95, 0.95)))
    assert one["counts"]["households"] is one["counts"]["residents"] is None
    assert one["hidden"] == ["households", "residents", "care.living_alone"]
    assert inside(desk, cells=["A"])["counts"]["care"]["living_alone"] in {5, 10}
    empty = inside(desk, shape=geojson(box(0.6, 0.1, 0.65, 0.15)))
    assert empty["counts"]["households"] is None  # nought is not told from a few


def test_a_shape_moved_until_a_number_jumps_tells_of_no_home(desk: sa.Engine) -> None:
    """Whoever moves from the west of a cell to its east, the numbers jump at the same shapes."""
    shapes = [geojson(box(-0.5, -0.5, step / 20, 1.5)) for step in range(1, 20)]

    def told() -> list[dict[str, Any]]:
        return [inside(desk, shape=shape)["counts"] for shape in shapes]

    moving = "FROM household h JOIN dwelling d ON d.id = h.dwelling_id JOIN building b " \
             "ON b.id = d.building_id WHERE b.code IN ('w10', 'w11')"  # fmt: skip
    east = "SELECT d.id FROM dwelling d JOIN building b ON b.id = d.building_id WHERE b.code = 'e'"
    before = told()
    with data.db.transaction(desk) as db:
        run(db, f"CREATE TABLE was AS SELECT h.id, h.dwelling_id, h.number {moving}")
        run(db, f"UPDATE household SET dwelling_id = ({east}), number = id::text "
                "WHERE id IN (SELECT id FROM was)")  # fmt: skip
    try:
        assert told() == before
    finally:
        with data.db.transaction(desk) as db:
            run(db, "UPDATE household h SET dwelling_id = was.dwelling_id, number = was.number "
                    "FROM was WHERE was.id = h.id")  # fmt: skip
            run(db, "DROP TABLE was")


def test_small_numbers_of_cells_do_not_come_out_by_their_sums(desk: sa.Engine) -> None:
    """One who is cared for, or four, in a cell: its number is the same for all that is asked."""
    told = []
    for recipients in range(1, 5):
        with data.db.transaction(desk, keep=False) as db:
            run(db, "UPDATE cell_care SET recipients = :n", n=recipients)
            ground = data.desk_inside.picked(db, cells=["A"], divisions=[], by=DISPATCHER)
            told += data.desk_inside.care(db, ground, exact=False).values()
    assert set(told) <= {0.0, 5.0}
    assert told == sorted(told)


def test_a_viewer_counts_his_own_part_only(desk: sa.Engine) -> None:
    with data.db.transaction(desk, keep=False) as db:
        number = db.scalar(sa.text("SELECT area_no FROM grid_cell WHERE code = 'A'"))
    own = Viewer(74, "d", "", Role.DISPATCHER, Scope(number, number))
    told = inside(desk, by=own, shape=geojson(box(-1, -1, 5, 2)))
    assert [c["code"] for c in told["cells"]] == ["A"]
    assert told["outside"] == 3
    assert {case["cell"] for case in told["cases"]} == {"A"}
    assert inside(desk, by=own, cells=["D"])["counts"]["households"] in (0, None)
    planner = inside(desk, by=PLANNER, cells=["A"])
    assert (planner["counts"]["cases"]["open"], planner["cases"]) == (0, [])
    with pytest.raises(NotAllowed):
        inside(desk, by=Viewer(1, "x", "", Role.ACCEPTOR, EVERYWHERE), cells=["A"])


def test_circles_and_roads_are_grown_in_metres(desk: sa.Engine) -> None:
    with data.db.transaction(desk) as db:
        run(db, "INSERT INTO base_feature (kind, name, geom) VALUES ('road', '长亭路', "
                "ST_GeomFromText(:line, 4326))",
            line=f"LINESTRING({LON} {LAT + SIDE / 2}, {LON + 2 * SIDE} {LAT + SIDE / 2})")  # fmt: skip
    circle = inside(desk, circle=Circle(at(0.5, 0.5).x, at(0.5, 0.5).y, 500))
    assert circle["area_m2"] == pytest.approx(3.1416 * 500**2, rel=0.002)
    assert [case["code"] for case in circle["cases"]][:2] == ["q-late", "q-soon"]
    road = Road(60, name="长亭路", lon=LON, lat=LAT)
    middle = LAT + SIDE / 2
    drawn = {"type": "LineString", "coordinates": [[LON, middle], [LON + 2 * SIDE, middle]]}
    by_name, by_line = inside(desk, road=road), inside(desk, road=Road(60, line=drawn))
    assert by_name["area_m2"] == by_line["area_m2"] == pytest.approx(60 * 3015, rel=0.03)
    assert {c["code"] for c in by_name["cells"]} >= {"A", "B"}
    assert len(by_name["cases"]) == len(by_line["cases"]) >= 3
    with pytest.raises(NotFound, match="called '短亭路'"):
        inside(desk, road=Road(60, name="短亭路", lon=LON, lat=LAT))


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({}, "nothing told"),
        ({"cells": ["A"], "area": 1}, "area and cells and divisions told"),
        ({"cells": ["A", "Z"]}, "name nothing: Z"),
        ({"area": 9}, "no area 9"),
        ({"circle": Circle(114, 30, 0)}, "radius_m is 0"),
        ({"circle": Circle(114, float("nan"), 9)}, "is no place"),
        ({"circle": Circle(30, 114, 9)}, "swapped"),
        ({"road": Road(60)}, "name it with a place near it"),
        ({"road": Road(6000, line={"type": "LineString", "coordinates": [[1, 1], [2, 2]]})}, "width_m"),
        ({"shape": {"type": "Point", "coordinates": [1, 1]}}, "draw a Polygon or a MultiPolygon"),
        ({"shape": {"type": "Polygon", "coordinates": [[[0, 0]] * 6000]}}, "at most 5000"),
        ({"shape": {"type": "Polygon", "coordinates": [[["x", 0], [1, 1], [0, 1]]]}}, "no corner of a shape"),
        ({"shape": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}}, "ambiguous"),
        ({"shape": {"type": "Polygon", "coordinates": [[[0, 0], [99, 0], [99, 60], [0, 0]]]}}, "more than a city"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_words(
    desk: sa.Engine, drawn: dict[str, Any], said: str
) -> None:
    with pytest.raises((BadInput, NotFound), match=said):
        inside(desk, **drawn)


# Heat


def test_heat_counts_cases_by_square_and_local_day(desk: sa.Engine) -> None:
    with data.db.transaction(desk) as db:
        for code, x, told in (("h1", 0.50, "2026-11-20T23:59+08:00"),
                              ("h2", 0.501, "2026-11-20T00:00+08:00"),
                              ("h3", 0.50, "2026-11-21T00:00+08:00"),
                              ("h4", 3.50, "2026-11-22T23:59+08:00"),
                              ("h5", 0.50, "2026-11-23T00:00+08:00")):  # fmt: skip
            place(db, "case_file", {code: at(x, 0.5)}, title="积水", reported_at=told)

    def heat(zoom: int, **asked: Any) -> dict[str, Any]:
        wanted = Heat(date(2026, 11, 20), date(2026, 11, 22), "Asia/Shanghai", **asked)
        return api.actions.desk.heat(desk, wanted, zoom=zoom, by=DISPATCHER)

    told = heat(14)
    far = told["bins"][8]
    assert (told["size_m"], told["days"], told["cases"]) == (100, 3, 4)
    assert told["bins"] == [0, 0, 0, 2, 0, 0, 1, 1, far, 0, 2, 1]
    assert far * 100 == pytest.approx(3 * SIDE * 111_319.49, abs=100)
    west, south = told["origin"]
    assert 0 <= at(0.5, 0.5).x * 111_319.4908 - west < 100
    assert south == pytest.approx(3_503_549 + SIDE / 2 * 111_319.49 / 0.866, abs=110)
    assert (heat(5)["size_m"], heat(5)["cases"]) == (800, 4)
    assert heat(14, class_code="9999") | {"bins": [], "cases": 0} == heat(14, class_code="9999")
    late = Heat(date(2026, 11, 2), date(2026, 11, 1), "Asia/Shanghai")
    with pytest.raises(BadInput, match="are 0 days"):
        api.actions.desk.heat(desk, late, zoom=14, by=DISPATCHER)


def test_squares_are_doubled_until_they_are_few(
    desk: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = data.desk_heat._BINS.replace(str(data.desk_heat.MOST_BINS + 1), "2")
    monkeypatch.setattr(data.desk_heat, "_BINS", query)
    monkeypatch.setattr(data.desk_heat, "MOST_BINS", 1)
    with data.db.transaction(desk) as db:
        run(db, "UPDATE case_file SET reported_at = '2026-11-20T12:00+08:00'")
        wanted = Heat(date(2026, 11, 20), date(2026, 11, 20), "Asia/Shanghai")
        size, bins = data.desk_heat.bins(db, wanted, size_m=100)
    assert size > 3 * SIDE * 111_319 / 2
    assert [n for *_, n in bins] == [9]


# Over HTTP


@pytest.fixture
def as_(
    desk: sa.Engine, server: Callable[..., str], store_url: str
) -> Iterator[Callable[..., httpx.Client]]:
    """Somebody of a role in charge of the street of cells A, B and C, unless told otherwise."""
    base, clients = server(store_url), []

    def client(role: Role, division: str = STREET, login: str = "") -> httpx.Client:
        login = login or f"{role}-{division}"
        token = signed_in(store_url, login, role, [Charged(division=division)])
        headers = {"Authorization": f"Bearer {token}"}
        clients.append(httpx.Client(base_url=base, headers=headers, timeout=30))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


def test_of_two_who_draw_an_area_anew_at_once_the_slower_one_hears_of_it(
    as_: Callable[..., httpx.Client], store_url: str
) -> None:
    desk = as_(Role.DISPATCHER)
    kept = desk.post("/areas", json={"cells": ["A"], "name": "低洼片"}).json()
    wider = {"cells": ["A", "B"], "name": "低洼片", "made_at": kept["made_at"]}
    with ThreadPoolExecutor(1) as threads, owning(store_url) as db:
        run(db, "CREATE TEMPORARY TABLE was AS SELECT * FROM named_area")
        run(db, "DELETE FROM named_area")
        answer = threads.submit(desk.put, f"/areas/{kept['number']}", json=wider)
        while not db.scalar(sa.text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")):
            pass
        run(db, "INSERT INTO named_area SELECT * FROM was")
        run(db, "UPDATE named_area SET made_at = made_at + interval '1 second'")
        db.commit()
        assert answer.result().status_code == 409, answer.result().text


def test_a_named_area_is_for_those_in_charge_of_all_of_it(
    as_: Callable[..., httpx.Client], store_url: str
) -> None:
    desk = as_(Role.DISPATCHER)
    drawn = {"circle": {"lon": at(0.5, 0.5).x, "lat": at(0.5, 0.5).y, "radius_m": 500}}
    assert desk.post("/areas", json=drawn | {"name": " "}).status_code == 400
    assert desk.post("/areas", json=drawn | {"name": "x" * 61}).status_code == 400
    kept = desk.post("/areas", json=drawn | {"name": "低洼片", "purpose": "汛期巡查"}).json()
    assert (kept["name"], kept["shape"]["type"]) == ("低洼片", "MultiPolygon")
    asked = {"area": kept["number"]}
    wider = {"cells": ["A", "B"], "name": "低洼片二", "made_at": kept["made_at"]}
    anew = desk.put(f"/areas/{kept['number']}", json=wider).json()
    assert (anew["number"], anew["name"]) == (kept["number"], "低洼片二")
    again = desk.put(f"/areas/{kept['number']}", json=wider)
    assert again.status_code == 409
    assert "meanwhile" in again.json()["detail"]
    back = drawn | {"name": "低洼片", "made_at": anew["made_at"]}
    assert desk.put(f"/areas/{kept['number']}", json=back).json()["shape"] == kept["shape"]
    assert (
        desk.post("/desk/inside", json=asked).json()["counts"]["cases"]
        == desk.post("/desk/inside", json=drawn).json()["counts"]["cases"]
    )
    assert len(desk.get("/areas").json()["areas"]) == 1
    _taken(desk, kept["number"])
    foreign = as_(Role.DISPATCHER, "420106002001")
    assert foreign.get("/desk/export", params={"area": kept["number"]}).status_code == 404
    assert foreign.get("/areas").json() == {"areas": []}
    assert foreign.post("/desk/inside", json=asked).status_code == 404
    assert foreign.delete(f"/areas/{kept['number']}").status_code == 404
    assert foreign.put(f"/areas/{kept['number']}", json=wider).status_code == 404
    assert foreign.post("/areas", json=drawn | {"name": "别处"}).status_code == 404
    colleague = as_(Role.LEADER)
    assert colleague.delete(f"/areas/{kept['number']}").status_code == 204
    assert desk.get("/areas").json() == {"areas": []}
    with owning(store_url) as db:
        acts = db.scalars(sa.text("SELECT act FROM journal ORDER BY id")).all()
    assert [act for act in acts if "area" in act] == [
        "keep_area", "redraw_area", "redraw_area", "drop_area",
    ]  # fmt: skip
    assert acts.count("export") == 2


def test_the_desk_over_http_is_for_those_who_may(
    as_: Callable[..., httpx.Client], store_url: str
) -> None:
    desk = as_(Role.DISPATCHER)
    page = desk.get("/desk/queue", params={"limit": 2, "state": "handling"}).json()
    assert [case["code"] for case in page["cases"]] == ["q-late", "q-soon"]
    told = desk.post("/desk/inside", json={"cells": ["A", "B", "C", "D"]}).json()
    assert (len(told["cells"]), told["outside"]) == (3, 1)
    assert (
        desk.get("/desk/heat", params={"from": "2026-02-20", "to": "2026-03-05"}).json()["cases"]
        == 1
    )
    for days in ({"to": "0001-01-01"}, {"from": "9999-12-31"}):
        assert desk.get("/desk/heat", params=days).status_code == 400
    _paged(desk)
    _found(desk)
    foreign = as_(Role.DISPATCHER, "420106002001")
    asked = {"lon": LON, "lat": LAT, "q": "w1"}
    assert foreign.get("/desk/responders", params=asked).json()["workers"] == []
    _assigned(desk)
    _notified(desk)
    inspector = as_(Role.INSPECTOR)
    assert inspector.post("/desk/assign", json={}).status_code == 403
    assert inspector.post("/desk/inside", json={"cells": ["A"]}).status_code == 403
    assert as_(Role.PLANNER).get("/desk/queue").status_code == 403
    with owning(store_url) as db:
        query = "SELECT audience, division_code, cells FROM notice ORDER BY division_code"
        assert [tuple(row) for row in db.execute(sa.text(query))] == [
            ("staff", "420106001001", ["A", "B"]),
            ("staff", "420106001002", ["C"]),
        ]


def _paged(desk: httpx.Client) -> None:
    """The cases inside go on where a page ends, and not at what no page told."""
    every = desk.post("/desk/inside", json={"cells": ["A", "B"]}).json()
    codes = [case["code"] for case in every["cases"]]
    begun = {"cells": ["A", "B"], "after": "running_-infinity_1"}
    assert desk.post("/desk/inside/cases", json=begun).status_code == 400
    begun["after"] = "running_2000-01-01T00:00:00+00:00_1"
    page = desk.post("/desk/inside/cases", json=begun).json()
    assert ([case["code"] for case in page["cases"]], page["next"]) == (codes, None)


def _found(desk: httpx.Client) -> None:
    """Whom to send: by name in all of one's charge, in a box, or the nearest first."""

    def found(**asked: Any) -> tuple[list[str], list[str]]:
        answer = desk.get("/desk/responders", params={"lon": LON, "lat": LAT, **asked})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return [one["code"] for one in told["workers"]], [one["code"] for one in told["units"]]

    answer = desk.get("/desk/responders", params={"lon": LON, "lat": LAT, "q": "张"}).json()
    (worker,) = answer["workers"]
    assert worker | {"name": "张三", "roles": ["grid_worker"], "away": None, "load": 0} == worker
    assert worker["cells"] == [{"code": "A", "name": worker["cells"][0]["name"]}]
    middle = at(0.5, 0.5)
    assert (worker["lon"], worker["lat"]) == pytest.approx((middle.x, middle.y), abs=1e-6)
    everybody = found()
    assert everybody[0] == ["W1"]
    assert found(q="w1") == (["W1"], [])
    assert found(q="%")[0] == []
    spot = f"{at(2.1, 0.1).x},{at(2.1, 0.1).y},{at(2.9, 0.9).x},{at(2.9, 0.9).y}"
    assert found(bbox=spot)[0] == []
    assert found(bbox="113,29,116,32") == everybody
    assert desk.get("/desk/responders", params={"lon": 1, "lat": 1, "bbox": "x"}).status_code == 400


def _assigned(desk: httpx.Client) -> None:
    """The cases that wait get lines by proposal or by choice; POST /dispatch takes them."""

    def assign(**asked: Any) -> httpx.Response:
        return desk.post("/desk/assign", json=asked)

    told = assign(codes=["w-a", "q-late", "w-d"], to={"proposal": True}).json()
    assert [(item["code"], item["worker"]) for item in told["items"]] == [("w-a", "W1")]
    assert told["items"][0]["spot"] == [at(0.3, 0.3).x, at(0.3, 0.3).y]
    assert told["left"] == ["q-late", "w-d"]
    chosen = assign(cells=["A", "B"], to={"worker": "W1"}).json()["items"]
    assert [(item["code"], item["name"]) for item in chosen] == [("w-a", "张三")]
    for asked, status in (
        ({"codes": ["w-a"], "to": {"worker": "W9"}}, 404),
        ({"codes": ["w-a"], "to": {}}, 400),
        ({"codes": ["w-a"], "to": {"proposal": True, "unit": "U"}}, 400),
        ({"to": {"proposal": True}}, 400),
        ({"codes": ["w-a"], "cells": ["A"], "to": {"proposal": True}}, 400),
    ):
        assert assign(**asked).status_code == status
    line = {"code": "w-a", "version": chosen[0]["version"], "worker": "W1"}
    assert desk.post("/dispatch", json={"lines": [line]}).status_code == 200
    assert assign(codes=["w-a"], to={"worker": "W1"}).json()["left"] == ["w-a"]


def _taken(desk: httpx.Client, number: int) -> None:
    """The cases and facilities of an area leave as files, and no others."""
    cases = desk.get("/desk/export", params={"area": number, "suffix": "csv"})
    codes = [line.split(",")[0] for line in cases.text.splitlines()[1:]]
    assert sorted(codes) == ["c-new", "q-late", "q-soon", "w-a"]
    asked = {"area": number, "kind": "facilities", "suffix": ".geojson"}
    found = desk.get("/desk/export", params=asked).json()["features"]
    assert [one["properties"]["code"] for one in found] == ["f-a"]
    assert desk.get("/desk/export", params=asked | {"kind": "residents"}).status_code == 400
    assert desk.get("/desk/export", params=asked | {"suffix": "exe"}).status_code == 400


def _notified(desk: httpx.Client) -> None:
    """Staff of the cells inside and in charge are told, community by community."""
    told = {
        "title": "台风",
        "body": "今晚清点低洼户。\n请先去 A 网格。",
        "until": "2099-01-01T00:00+08:00",
    }
    answer = desk.post("/desk/notify", json=told | {"cells": ["A", "B", "C", "D"]})
    assert (answer.status_code, len(answer.json()["notices"])) == (201, 2)
    assert answer.json()["cells"] == ["A", "B", "C"]
    for wrong, status in (
        ({"cells": ["D"]}, 404),
        ({"cells": ["A"], "title": " "}, 400),
        ({"cells": ["A"], "until": "2020-01-01T00:00+08:00"}, 400),
        ({"cells": ["A"], "until": "2099-01-01T00:00"}, 400),
    ):
        assert desk.post("/desk/notify", json=told | wrong).status_code == status
