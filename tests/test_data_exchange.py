"""Exchange: components and cases go out by their codes and come in elsewhere as they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import pytest
import sqlalchemy as sa
from conftest import MORNING
from shapely import Point
from sqlalchemy.orm import Session
from town import SEAL, TESTER, at, inhabit

import api.actions.exchange as acts
import data.case_sheet
import data.db
import data.grid
import data.locate
from api.actions.sheets import Report
from gis.access import EVERYWHERE, Role, Viewer
from gis.errors import BadInput, NotAllowed, NotFound
from gis.places import Reference
from gis.terms import Datum

ROWS = {
    "facility": """SELECT code, name, kind, category, class_code, address, valid_from, valid_to,
        ST_AsText(geom), cell_id FROM facility WHERE code ~ '^[0-9]{16}$' ORDER BY code""",
    "case_file": """SELECT code, title, f.kind, class_code, state, reported_at, due_at, closed_at,
        ST_AsText(geom), cell_id FROM case_file f WHERE class_code ~ '^[0-9]{4}$' ORDER BY code""",
}


def ground_only(db: Session) -> None:
    inhabit(db)
    db.execute(sa.text("DELETE FROM case_file"))
    db.execute(sa.text("DELETE FROM facility"))
    data.grid.number_areas(db)


def settle(db: Session) -> None:
    ground_only(db)
    spot = at(0.5, 0.5)
    values = {"lon": spot.x, "lat": spot.y, "far": at(3.5, 0.5).x, "day": date(2020, 5, 1)}
    for line in (
        "INSERT INTO facility (code, name, kind, category, class_code, address, valid_from, geom)"
        " VALUES ('4201060137000001', '路灯1', 'component', 'component', '0137', '一巷', :day,"
        " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)), ('4201060305000002', '垃圾箱2', 'component',"
        " 'sanitation', '0305', NULL, NULL, ST_SetSRID(ST_MakePoint(:far, :lat), 4326)),"
        " ('4201060137000003', '路灯3', 'component', 'component', '0137', NULL, NULL, NULL),"
        " ('lamp-4', '路灯4', 'component', 'component', '0137', NULL, NULL, NULL),"
        " ('shop', '店', 'service', 'commerce', NULL, NULL, NULL, NULL)",
        "INSERT INTO case_file (code, title, kind, class_code, state, reported_at, due_at, closed_at,"
        " address, description, geom) VALUES ('c1', '道路破损', 'event', '0113', 'handling',"
        " '2026-11-20 09:00:00.123456+08', '2026-12-20 09:00+08', NULL, '门牌三号', '王先生说',"
        " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)), ('c2', '路灯', 'component', '0137', 'closed',"
        " '2026-11-20 09:00+08', NULL, '2026-11-21 09:00+08', NULL, NULL,"
        " ST_SetSRID(ST_MakePoint(:far, :lat), 4326)),"
        " ('c3', '未分类', NULL, NULL, 'reported', '2026-11-20 09:00+08', NULL, NULL, NULL, NULL,"
        " NULL)",
        "INSERT INTO case_event (case_id, at, actor, move, target) SELECT id, now(), 't', 'bring',"
        " state FROM case_file",
    ):
        db.execute(sa.text(line), values)
    data.locate.refile(db)


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def elsewhere(settled: Callable[..., str], copy_of: Callable[[str], str]) -> Any:
    engine = data.db.engine(copy_of(settled(ground_only)))
    yield engine
    engine.dispose()


def rows(store: sa.Engine, table: str) -> list[tuple[Any, ...]]:
    with data.db.transaction(store) as db:
        return [tuple(row) for row in db.execute(sa.text(ROWS[table]))]


def take(store: sa.Engine, path: Path, **told: Any) -> dict[str, tuple[int, ...]]:
    reports = acts.take_over(store, acts.Brought(path, **told), seal=SEAL, by=TESTER, now=MORNING)
    return {str(one.kind): numbers(one) for one in reports}


def numbers(one: Report) -> tuple[int, ...]:
    return one.added, one.changed, one.unchanged, one.refused


def test_what_goes_out_comes_in_elsewhere_as_it_was(
    store: sa.Engine, elsewhere: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "交换.gpkg"
    handed = acts.hand_over(store, path, area=None, by=TESTER)
    assert handed.written == {"components": 3, "cases": 2}
    assert handed.left_out == {"components": 1, "cases": 1}
    assert take(elsewhere, path) == {"facilities": (3, 0, 0, 0), "cases": (2, 0, 0, 0)}
    for table in ROWS:
        assert rows(elsewhere, table) == rows(store, table)
    assert take(elsewhere, path) == {"facilities": (0, 0, 3, 0), "cases": (0, 0, 2, 0)}
    assert take(store, path) == {"facilities": (0, 0, 3, 0), "cases": (0, 0, 2, 0)}
    with data.db.transaction(elsewhere) as db:
        assert data.case_sheet.untrue(db) == 0
        assert data.locate.wrong_tallies(db) == 0


def test_the_file_is_plain_for_gdal_and_holds_no_words(store: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "out.gpkg"
    acts.hand_over(store, path, area="A", by=TESTER)
    assert dict(pyogrio.list_layers(path)) == {
        "components": "Point", "cases": "Point",
    }  # fmt: skip
    components, cases = (geopandas.read_file(path, layer=one) for one in ("components", "cases"))
    assert (components.crs.to_epsg(), list(components["code"])) == (4490, ["4201060137000001"])
    assert cases.drop(columns="geometry").to_dict("records") == [{
        "code": "c1", "kind": "event", "class_code": "0113", "title": "道路破损",
        "state": "handling", "reported_at": "2026-11-20T01:00:00.123456+00:00",
        "due_at": "2026-12-20T01:00:00.000000+00:00", "closed_at": None, "cell_code": "A",
    }]  # fmt: skip
    content = path.read_bytes()
    assert [mark for mark in ("王先生", "门牌三号") if mark.encode() in content] == []


def test_rows_that_are_none_are_refused_and_the_others_come(
    store: sa.Engine, elsewhere: sa.Engine, tmp_path: Path
) -> None:
    path, spot = tmp_path / "in.gpkg", at(0.5, 0.5)
    wrong = [
        ("4201060137000001", "0137"), ("4201060137000002", "0305"), ("420106013700000", "0137"),
        ("4201060137000000", "0137"), ("lamp", None), (None, "0137"), (" ", "0137"),
    ]  # fmt: skip
    geopandas.GeoDataFrame(
        wrong, columns=["code", "class_code"], geometry=[spot] * 7, crs="EPSG:4490"
    ).to_file(path, layer="components", driver="GPKG")
    cases = [
        ("1", "event", "0113", "reported"), ("2", "event", "9999", "reported"),
        ("3", "thing", "0113", "reported"), ("4", "event", "11a", "reported"),
        ("5", "event", "0113", "lost"),
    ]  # fmt: skip
    geopandas.GeoDataFrame(
        cases, columns=["code", "kind", "class_code", "state"], geometry=[spot] * 5, crs="EPSG:4490"
    ).to_file(path, layer="cases", driver="GPKG")
    told = {"facilities": (1, 0, 0, 6), "cases": (1, 0, 0, 4)}
    assert take(elsewhere, path, dry_run=True) == told
    assert rows(elsewhere, "facility") == []
    assert take(elsewhere, path) == told
    assert [row[0] for table in ROWS for row in rows(elsewhere, table)] == ["4201060137000001", "1"]


def test_tools_that_keep_codes_as_numbers_are_understood(
    elsewhere: sa.Engine, tmp_path: Path
) -> None:
    spot = at(0.5, 0.5)
    codes = [4201060137000001, 4201060137000002]
    for layer, told in (
        ("components", {"code": codes, "class_code": [137.0, None]}),
        ("cases", {"code": [1, 2], "kind": ["event"] * 2, "class_code": [113, 113],
                   "state": ["reported"] * 2}),
    ):  # fmt: skip
        frame = geopandas.GeoDataFrame(told, geometry=[spot, Point(spot.x, spot.y, 5)], crs=4490)
        frame.to_crs(4547).to_file(tmp_path / "in.gpkg", layer=layer, driver="GPKG")
    assert take(elsewhere, tmp_path / "in.gpkg") == {
        "facilities": (2, 0, 0, 0), "cases": (2, 0, 0, 0),
    }  # fmt: skip
    assert [row[4] for row in rows(elsewhere, "facility")] == ["0137", "0137"]
    assert [(row[0], row[3]) for row in rows(elsewhere, "case_file")] == [
        ("1", "0113"), ("2", "0113"),
    ]  # fmt: skip
    with data.db.transaction(elsewhere) as db:
        assert db.scalars(sa.text("SELECT DISTINCT c.code FROM facility f "
                                  "JOIN grid_cell c ON c.id = f.cell_id")).all() == ["A"]  # fmt: skip


def test_a_county_of_ones_own_is_one_even_if_no_state_has_it(
    elsewhere: sa.Engine, tmp_path: Path
) -> None:
    told = [("9901010137000001", "0137"), ("9801010137000001", "0137"), ("9901010137000000", "0137"),
            ("9901010137000002", "0305")]  # fmt: skip
    geopandas.GeoDataFrame(
        told, columns=["code", "class_code"], geometry=[at(0.5, 0.5)] * 4, crs=4490
    ).to_file(tmp_path / "in.gpkg", layer="components", driver="GPKG")
    assert take(elsewhere, tmp_path / "in.gpkg") == {"facilities": (0, 0, 0, 4)}
    with data.db.transaction(elsewhere) as db:
        town = "INSERT INTO division (code, name, level) VALUES ('990101001000', '街', 'street')"
        db.execute(sa.text(town))
    assert take(elsewhere, tmp_path / "in.gpkg") == {"facilities": (1, 0, 0, 3)}
    assert [row[0] for row in rows(elsewhere, "facility")] == ["9901010137000001"]


def test_without_codes_or_a_coordinate_system_nothing_comes(
    elsewhere: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "in.gpkg"
    told = {"code": ["4201060137000001"], "class_code": ["0137"]}
    frame = geopandas.GeoDataFrame(told, geometry=[at(0.5, 0.5)], crs=None)
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        frame.to_file(path, layer="components", driver="GPKG")
    with pytest.raises(BadInput, match="--datum"):
        take(elsewhere, path)
    told_so = Reference(datum=Datum.CGCS2000)
    assert take(elsewhere, path, reference=told_so) == {"facilities": (1, 0, 0, 0)}
    for layer in ("components", "cases"):
        geopandas.GeoDataFrame({"标识码": ["1"]}, geometry=[at(0.5, 0.5)], crs=4490).to_file(
            tmp_path / f"{layer}.gpkg", layer=layer, driver="GPKG"
        )
        with pytest.raises(BadInput, match="no column code; it has 标识码"):
            take(elsewhere, tmp_path / f"{layer}.gpkg")
    assert rows(elsewhere, "case_file") == []


def test_what_is_no_exchange_is_said(store: sa.Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,name\n1,x\n")
    geopandas.GeoDataFrame({"a": [1]}, geometry=[at(0, 0)], crs="EPSG:4326").to_file(
        tmp_path / "b.gpkg", layer="roads", driver="GPKG"
    )
    for name, says in (("a.csv", "is CSV"), ("b.gpkg", "roads")):
        with pytest.raises(BadInput, match=says):
            take(store, tmp_path / name)
    with pytest.raises(BadInput, match="GeoPackage"):
        acts.hand_over(store, tmp_path / "x.shp", area=None, by=TESTER)
    with pytest.raises(NotFound):
        acts.hand_over(store, tmp_path / "x.gpkg", area="nowhere", by=TESTER)
    worker = Viewer(1, "w", "w", Role.WORKER, EVERYWHERE)
    with pytest.raises(NotAllowed):
        acts.hand_over(store, tmp_path / "x.gpkg", area=None, by=worker)
    assert not (tmp_path / "x.gpkg").exists()
