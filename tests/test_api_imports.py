"""导入 on a real store: what the report says is what happened, and what failed never happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from town import LAT, LON, SEAL, SIDE, TESTER, draw

import api.actions.joining
import api.actions.sheets
import data.db
import data.locate
from api.actions.imports import Order, Report, import_file
from gis.errors import BadInput
from gis.places import Reference
from gis.terms import Datum, RecordKind

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WGS84 = Reference(datum=Datum.WGS84)
Bring = Callable[..., Report]


@pytest.fixture
def bring(store: sa.Engine, tmp_path: Path) -> Bring:
    """Import text, bytes or a frame under a file name: `bring("cases", "a.csv", text, **order)`."""

    def run(kind: str, name: str, content: str | bytes | Path, **said: object) -> Report:
        path = tmp_path / name
        if isinstance(content, Path):
            path = content
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        head = path.read_bytes().partition(b"\n")[0].decode(errors="ignore")
        placed = path.suffix != ".csv" or any(
            word in head for word in ("lon", "经度", "wkt", "E,N")
        )
        said.setdefault("reference", WGS84 if placed else Reference())
        now = said.pop("now", NOW)
        order = Order(RecordKind(kind), path, **said)
        return import_file(store, order, seal=SEAL, by=TESTER, now=now)

    return run


def numbers(report: Report) -> tuple[int, int, int, int, int]:
    """Added, changed, unchanged, refused, unplaced."""
    return report.added, report.changed, report.unchanged, report.refused, report.unplaced


def ask(store: sa.Engine, question: str) -> list[tuple[object, ...]]:
    with data.db.transaction(store, keep=False) as db:
        return [tuple(row) for row in db.execute(sa.text(question))]


_DIGEST = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {name} t"


def digests(store: sa.Engine) -> dict[str, str]:
    """A digest of every row of every table, the journal too."""
    names = [name for (name,) in ask(store, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]  # fmt: skip
    assert {"journal", "resident", "grid_cell", "data_version", "cell_tally"} <= set(names)
    return {str(name): str(ask(store, _DIGEST.format(name=name))[0][0]) for name in names}


def cells_file(drawing: str, **changes: dict[str, object]) -> str:
    """A drawn town as GeoJSON; `changes` are further properties of a letter."""
    features = [
        {
            "type": "Feature",
            "properties": {"网格编码": code, "网格名称": f"{code}网格"} | changes.get(code, {}),
            "geometry": shapely.geometry.mapping(shape),
        }
        for code, shape in draw(drawing).items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def spot(x: float, y: float) -> str:
    return f"{LON + x * SIDE},{LAT + y * SIDE}"


POINTS = "\n".join(
    [
        "编号,名称,经度,纬度",
        f"f1,一号,{spot(0.5, 0.5)}",
        f"f2,二号,{spot(1.5, 0.5)}",
        f"f3,三号,{spot(9, 9)}",
        "f4,四号,,",
        f"f5,{'长' * 501},{spot(0.5, 0.5)}",
        "f6,六号,abc,30",
    ]
)


def test_the_report_counts_added_refused_and_unplaced(bring: Bring, store: sa.Engine) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    report = bring("facilities", "f.csv", POINTS)
    assert numbers(report) == (4, 0, 0, 2, 2)
    assert (report.outside, report.without_coordinates) == (1, 1)
    assert report.faults[["row", "field", "value", "reason"]].to_numpy().tolist() == [
        [6, "name", "长" * 120, "is longer than 500 characters"],
        [7, "经度", "abc", "a number is expected"],
    ]
    filed = (
        "SELECT f.code, c.code FROM facility f LEFT JOIN grid_cell c ON c.id = f.cell_id ORDER BY 1"
    )
    assert ask(store, filed) == [("f1", "A"), ("f2", "B"), ("f3", None), ("f4", None)]


def test_a_file_brought_twice_changes_nothing(bring: Bring, store: sa.Engine) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    bring("facilities", "f.csv", POINTS)
    before = ask(store, "SELECT code, changed_at FROM facility ORDER BY 1")
    assert numbers(bring("facilities", "f.csv", POINTS)) == (0, 0, 4, 2, 2)
    assert numbers(bring("cells", "cells.geojson", cells_file("AB")))[:4] == (0, 0, 2, 0)
    assert ask(store, "SELECT code, changed_at FROM facility ORDER BY 1") == before


def test_rows_without_codes_brought_twice_change_nothing(bring: Bring) -> None:
    text = f"名称,lon,lat\n厕所,{spot(0.5, 0.5)}\n厕所,{spot(0.5, 0.5)}\n公园,\n"
    text = text.replace("公园,", "公园,,")
    assert numbers(bring("facilities", "a.csv", text)) == (3, 0, 0, 0, 3)
    assert numbers(bring("facilities", "a.csv", text)) == (0, 0, 3, 0, 3)
    assert numbers(bring("facilities", "b.csv", text)) == (3, 0, 0, 0, 3)
    assert numbers(bring("facilities", "b.csv", text, source="a.csv")) == (0, 0, 3, 0, 3)


def test_one_changed_value_is_one_changed_row(bring: Bring, store: sa.Engine) -> None:
    bring("facilities", "f.csv", POINTS)
    changed = POINTS.replace("二号", "贰号")
    assert numbers(bring("facilities", "f.csv", changed)) == (0, 1, 3, 2, 4)
    assert ask(store, "SELECT name FROM facility ORDER BY code") == [
        ("一号",), ("贰号",), ("三号",), ("四号",),
    ]  # fmt: skip


def test_a_blank_never_erases(bring: Bring, store: sa.Engine) -> None:
    bring("facilities", "f.csv", f"编号,名称,地址,lon,lat\nf1,一号,东街,{spot(0.5, 0.5)}\n")
    before = digests(store)
    report = bring("facilities", "f.csv", "编号,名称,地址,lon,lat\nf1,一号,,,\n")
    assert numbers(report)[:3] == (0, 0, 1)
    told = {"journal": "", "journal_head": ""}
    assert digests(store) | told == before | told
    assert numbers(bring("facilities", "f.csv", "编号,名称\nf1,一号\n"))[:3] == (0, 0, 1)


@pytest.mark.parametrize("kind", ["facilities", "cells", "residents"])
def test_a_dry_run_tells_the_same_and_writes_nothing(
    kind: str, bring: Bring, store: sa.Engine
) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    bring("facilities", "f.csv", POINTS.replace("二号", "旧"))
    name, content = {
        "facilities": ("f.csv", POINTS),
        "cells": ("cells.geojson", cells_file("AAC/BBC")),
        "residents": ("r.csv", PEOPLE),
    }[kind]
    before = digests(store)
    dry = bring(kind, name, content, dry_run=True)
    assert digests(store) == before
    real = bring(kind, name, content)
    assert digests(store) != before
    assert numbers(dry) == numbers(real)
    assert dry.added + dry.changed > 0
    assert dry.notes == real.notes
    assert dry.flaws == real.flaws


@pytest.mark.parametrize(
    "sabotage",
    [
        "ALTER TABLE facility ADD CONSTRAINT sabotaged CHECK (code <> 'f4')",
        "ALTER TABLE journal ADD CONSTRAINT sabotaged CHECK (act <> 'import') NOT VALID",
        """CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'sabotaged'; END $$;
           CREATE TRIGGER no BEFORE UPDATE ON cell_tally FOR EACH ROW EXECUTE FUNCTION no()""",
    ],
)
def test_an_import_that_breaks_leaves_every_table_as_it_was(
    sabotage: str, bring: Bring, store: sa.Engine
) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    bring("facilities", "f.csv", "编号,名称\nf1,老名字\n")
    with data.db.transaction(store) as db:
        db.execute(sa.text(sabotage))
    before = digests(store)
    with pytest.raises(Exception, match="sabotaged"):
        bring("facilities", "f.csv", POINTS)
    assert digests(store) == before


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_an_errors_file_is_mended_and_brought_again(
    suffix: str, bring: Bring, store: sa.Engine, tmp_path: Path
) -> None:
    text = POINTS.replace("编号", "编号").replace("f6,六号,abc,30", "006,六号,abc,30")
    report = bring("facilities", "f.csv", text)
    errors = tmp_path / f"errors{suffix}"
    assert api.actions.sheets.write_refused(report, errors) == 2
    read = pd.read_excel if suffix == ".xlsx" else pd.read_csv
    table = read(errors, dtype="str")
    assert list(table.columns) == [
        "行号 row", "字段 field", "值 value", "原因 reason", "来源 source", "编号", "名称", "经度", "纬度",
    ]  # fmt: skip
    assert table["行号 row"].tolist() == ["6", "7"]
    assert table["编号"].tolist() == ["f5", "006"]
    table["名称"] = ["五号", "六号"]
    table["经度"] = ["114.1", "114.2"]
    if suffix == ".xlsx":
        table.to_excel(errors, index=False)
    else:
        table.to_csv(errors, index=False, encoding="utf-8-sig")
    assert numbers(bring("facilities", "", errors, source="f.csv")) == (2, 0, 0, 0, 2)
    codes = [code for (code,) in ask(store, "SELECT code FROM facility ORDER BY 1")]
    assert codes == ["006", "f1", "f2", "f3", "f4", "f5"]


def test_refused_outlines_go_along_as_text_and_come_back(
    bring: Bring, store: sa.Engine, tmp_path: Path
) -> None:
    whole = json.loads(cells_file("AB"))
    whole["features"][1]["geometry"]["coordinates"] = [[[114, 30], [114.1, 30.1], [114.1, 30], [114, 30.1], [114, 30]]]  # fmt: skip
    report = bring("cells", "c.geojson", json.dumps(whole))
    assert numbers(report)[:4] == (1, 0, 0, 1)
    assert "area cannot be kept" in report.faults["reason"].iloc[0]
    errors = tmp_path / "e.csv"
    api.actions.sheets.write_refused(report, errors)
    table = pd.read_csv(errors, dtype="str")
    table["wkt"] = draw("AB")["B"].wkt
    table.to_csv(errors, index=False)
    assert numbers(bring("cells", "", errors))[:4] == (1, 0, 0, 0)
    assert numbers(bring("cells", "c.geojson", cells_file("AB")))[:4] == (0, 0, 2, 0)


def test_columns_are_named_and_constants_set_by_the_bringer(bring: Bring, store: sa.Engine) -> None:
    text = "No,what,E,N\n1,水井,114.1,30.1\n"
    mapping = {"No": "code", "what": "name", "E": "lon", "N": "lat"}
    report = bring("facilities", "a.csv", text, mapping=mapping, constants={"category": "环卫"})
    assert numbers(report)[:4] == (1, 0, 0, 0)
    row = "SELECT code, name, category, ST_X(geom), ST_Y(geom) FROM facility"
    assert ask(store, row) == [("1", "水井", "sanitation", 114.1, 30.1)]
    with pytest.raises(BadInput, match="no column 'nothing'; it has No, what, E, N"):
        bring("facilities", "a.csv", text, mapping={"nothing": "code"})
    with pytest.raises(BadInput, match="no field 'colour'; fields are code"):
        bring("facilities", "a.csv", text, constants={"colour": "red"})
    with pytest.raises(BadInput, match="no field 'colour'"):
        bring("facilities", "a.csv", text, mapping={"what": "colour"})


def test_swapped_coordinates_are_told_also_by_the_cells_in_force(
    bring: Bring, store: sa.Engine
) -> None:
    text = "编号,lon,lat\n" + "\n".join(f"f{n},30.00{n},114.00{n}" for n in range(5))
    with pytest.raises(BadInput, match="look swapped"):
        bring("facilities", "f.csv", text)
    cells = cells_file("AB").replace("114.", "14.").replace("[30.", "[50.")
    bring("cells", "c.geojson", cells)
    around = "编号,lon,lat\n" + "\n".join(f"f{n},30.00{n},14.00{n}" for n in range(5))
    before = digests(store)
    with pytest.raises(BadInput, match="near the cells in force"):
        bring("facilities", "f.csv", around)
    assert digests(store) == before
    assert bring("facilities", "f.csv", around, reference=Reference(datum=Datum.WGS84, swap=True)).outside == 0  # fmt: skip


def test_without_a_coordinate_system_the_choices_are_named(bring: Bring) -> None:
    with pytest.raises(BadInput, match=r"--datum wgs84 .* --crs EPSG"):
        bring("facilities", "f.csv", POINTS, reference=Reference())


def test_datum_moves_places(bring: Bring, store: sa.Engine) -> None:
    text = "编号,lon,lat\n1,114.3055,30.5928\n"
    bring("facilities", "f.csv", text, reference=Reference(datum=Datum.GCJ02))
    metres = "SELECT ST_Distance(geom::geography, ST_MakePoint(114.3055, 30.5928)::geography) FROM facility"  # fmt: skip
    assert 400 < float(str(ask(store, metres)[0][0])) < 800


# Cells and plans


def test_spiky_outlines_are_repaired_and_told(bring: Bring, store: sa.Engine) -> None:
    whole = json.loads(cells_file("A"))
    ring = whole["features"][0]["geometry"]["coordinates"][0]
    spike = [ring[1], [ring[1][0] + 0.001, ring[1][1]], ring[1]]
    whole["features"][0]["geometry"]["coordinates"][0] = [ring[0], *spike, *ring[2:]]
    report = bring("cells", "c.geojson", json.dumps(whole))
    assert numbers(report)[:4] == (1, 0, 0, 0)
    assert [row for row, _ in report.mended] == [1]
    assert report.mended[0][1] < 1e-6
    assert ask(store, "SELECT ST_IsValid(geom), GeometryType(geom) FROM grid_cell") == [
        (True, "MULTIPOLYGON")
    ]


def test_overlaps_and_gaps_are_told_with_places_and_areas(bring: Bring) -> None:
    whole = json.loads(cells_file("AAA/B.C/DDD"))
    extra = json.loads(cells_file("E"))["features"][0]
    extra["geometry"] = shapely.geometry.mapping(shapely.box(LON, LAT, LON + SIDE / 2, LAT + SIDE))
    report = bring(
        "cells", "c.geojson", json.dumps(whole | {"features": [*whole["features"], extra]})
    )
    square = report.flaws[0].area_m2
    assert [flaw.kind for flaw in report.flaws] == ["gap", "overlap"]
    assert square == pytest.approx(1_503_000 * 1.7, rel=0.2)
    assert report.flaws[1].area_m2 == pytest.approx(square / 2, rel=0.01)
    assert [report.flaw_codes[cell] for cell in report.flaws[1].cells] == ["D", "E"]
    hole = draw("AAA/B.C/DDD")
    assert not any(shape.contains(shapely.Point(report.flaws[0].lon, report.flaws[0].lat)) for shape in hole.values())  # fmt: skip


def test_the_first_plan_is_in_force_and_the_next_a_draft(bring: Bring, store: sa.Engine) -> None:
    bring("facilities", "f.csv", POINTS)
    assert bring("cells", "a.geojson", cells_file("AB"), plan="甲").plan == "甲"
    report = bring("cells", "b.geojson", cells_file("CC"), plan="乙")
    assert "plan '乙' is a draft; put it in force with: wangge join --plan 乙" in report.notes
    plans = "SELECT name, state FROM grid_plan ORDER BY id"
    filed = "SELECT f.code, c.code FROM facility f JOIN grid_cell c ON c.id = f.cell_id ORDER BY 1"
    assert ask(store, plans) == [("甲", "published"), ("乙", "draft")]
    assert ask(store, filed) == [("f1", "A"), ("f2", "B")]
    api.actions.joining.join(store, plan="乙", by=TESTER, today=NOW.date())
    assert ask(store, plans) == [("甲", "retired"), ("乙", "published")]
    assert ask(store, filed) == [("f1", "C"), ("f2", "C")]
    with pytest.raises(BadInput, match="plan '甲' is retired"):
        bring("cells", "a.geojson", cells_file("AB"), plan="甲")


def test_cells_that_the_file_leaves_out_stay_and_are_told(bring: Bring, store: sa.Engine) -> None:
    bring("cells", "a.geojson", cells_file("AB"))
    report = bring("cells", "a.geojson", cells_file("AC"))
    assert numbers(report)[:3] == (1, 0, 1)
    assert "1 cells of plan '网格方案' are not in this file; they stay" in report.notes
    assert ask(store, "SELECT count(*) FROM grid_cell") == [(3,)]


def test_a_file_of_which_nothing_may_go_in_leaves_no_trace(bring: Bring, store: sa.Engine) -> None:
    before = digests(store)
    point = (
        cells_file("A").replace("Polygon", "LineString").replace("[[[", "[[").replace("]]]", "]]")
    )
    assert numbers(bring("cells", "a.geojson", point))[:4] == (0, 0, 0, 1)
    assert numbers(bring("cells", "b.geojson", '{"type":"FeatureCollection","features":[]}')) == (0, 0, 0, 0, 0)  # fmt: skip
    assert numbers(bring("facilities", "c.csv", "编号,lon,lat\n")) == (0, 0, 0, 0, 0)
    assert digests(store) == before


# Residents and buildings


def with_check(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


MAN, WOMAN, CHILD = (with_check(body) for body in ("99010119800101001", "99010119820202002", "99010120150303003"))  # fmt: skip
PEOPLE = "\n".join(
    [
        "姓名,身份证号,地址,房号,与户主关系,联系电话,经度,纬度",
        f"张三,{MAN},东街1号,101,户主,138-0000-0000,{spot(0.5, 0.5)}",
        f"李四,{WOMAN},东街1号,101,配偶,,{spot(0.5, 0.5)}",
        f"张小,{CHILD},东街1号,101,子女,,{spot(0.5, 0.5)}",
        f"王五,,东街1号,102,户主,,{spot(0.5, 0.5)}",
        f"赵六,,西街9号,,户主,,{spot(9, 9)}",
    ]
)
_COUNTS = """SELECT (SELECT count(*) FROM building), (SELECT count(*) FROM dwelling),
    (SELECT count(*) FROM household), (SELECT count(*) FROM resident)"""


def test_one_sheet_makes_buildings_dwellings_households_residents(
    bring: Bring, store: sa.Engine
) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    assert numbers(bring("residents", "r.csv", PEOPLE)) == (5, 0, 0, 0, 1)
    assert ask(store, _COUNTS) == [(2, 3, 3, 5)]
    rows = ask(store, "SELECT name_sealed, sex, birth_date::text, phone_sealed, relation FROM resident ORDER BY id")  # fmt: skip
    people = [
        (SEAL.open("name", name), sex, birth, SEAL.open("phone", phone), relation)
        for name, sex, birth, phone, relation in rows
    ]
    assert people == [
        ("张三", "male", "1980-01-01", "13800000000", "户主"),
        ("李四", "female", "1982-02-02", None, "配偶"),
        ("张小", "male", "2015-03-03", None, "子女"),
        ("王五", None, None, None, "户主"),
        ("赵六", None, None, None, "户主"),
    ]
    tally = "SELECT c.code, t.dwellings, t.households, t.residents FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id ORDER BY 1"  # fmt: skip
    assert ask(store, tally) == [("A", 2, 2, 4), ("B", 0, 0, 0)]
    assert numbers(bring("residents", "r.csv", PEOPLE)) == (0, 0, 5, 0, 1)
    assert ask(store, _COUNTS) == [(2, 3, 3, 5)]


def test_ids_are_checked_and_a_person_stands_once(bring: Bring) -> None:
    wrong = MAN[:-1] + ("0" if MAN[-1] != "0" else "1")
    rows = [
        f"甲,{wrong},东街1号,1", f"乙,{MAN},东街1号,1", f"丙,{MAN},东街1号,2", "丁,,,",
        f"戊,{'990101209901010' + '012'},东街1号,1", "己,,东街1号,3", "己,,东街1号,3",
    ]  # fmt: skip
    report = bring("residents", "r.csv", "姓名,身份证号,地址,房号\n" + "\n".join(rows))
    assert numbers(report)[:4] == (2, 0, 1, 3)
    assert report.decisions == 1
    assert report.notes[-1] == "1 rows only repeat an earlier row of the sheet: 8 (as 7)"
    assert report.faults[["row", "field"]].to_numpy().tolist() == [
        [2, "id_number"], [5, "address"], [6, "id_number"],
    ]  # fmt: skip
    reasons = report.faults["reason"].tolist()
    assert reasons[0] == "the check character does not fit the 17 digits"
    assert reasons[2] == "digits 7 to 14 are not a date of birth"


def test_moving_to_another_home_is_a_change(bring: Bring, store: sa.Engine) -> None:
    bring("residents", "r.csv", PEOPLE)
    moved = f"姓名,身份证号,地址,房号\n张小,{CHILD},西街9号,2\n"
    later = NOW + timedelta(days=1)
    assert numbers(bring("residents", "m.csv", moved, now=later))[:3] == (0, 1, 0)
    home = "SELECT b.address, d.number FROM resident r JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id JOIN building b ON b.id = d.building_id WHERE r.id_sealed IS NOT NULL AND r.birth_date = '2015-03-03'"  # fmt: skip
    assert ask(store, home) == [("西街9号", "2")]
    assert ask(store, "SELECT count(*) FROM resident") == [(5,)]


def test_dwellings_follow_a_building_that_moves(bring: Bring, store: sa.Engine) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    bring("buildings", "b.csv", f"编码,名称,地址,lon,lat\nb1,一栋,东街1号,{spot(0.5, 0.5)}\n")
    bring("residents", "r.csv", "姓名,楼栋编码,房号\n张三,b1,101\n李四,b1,102\n")
    where = "SELECT d.number, c.code FROM dwelling d LEFT JOIN grid_cell c ON c.id = d.cell_id ORDER BY 1"  # fmt: skip
    assert ask(store, where) == [("101", "A"), ("102", "A")]
    moved = f"编码,lon,lat\nb1,{spot(1.5, 0.5)}\n"
    assert numbers(bring("buildings", "b.csv", moved))[:3] == (0, 1, 0)
    assert ask(store, where) == [("101", "B"), ("102", "B")]
    tally = "SELECT c.code, t.buildings, t.dwellings, t.residents FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id ORDER BY 1"  # fmt: skip
    assert ask(store, tally) == [("A", 0, 0, 0), ("B", 1, 2, 2)]
    with data.db.transaction(store, keep=False) as db:
        assert data.locate.wrong_tallies(db) == 0
        assert set(data.locate.misfiled(db).values()) == {0}


# Facilities, cases, divisions


def test_osm_tags_say_what_a_facility_is(bring: Bring, store: sa.Engine) -> None:
    text = "code,osm,lon,lat\nn1,amenity=school,114,30\nn2,shop=bakery,114,30\nn3,amenity=bench,114,30\n"  # fmt: skip
    bring("facilities", "o.csv", text)
    assert ask(store, "SELECT code, name, category, kind FROM facility ORDER BY 1") == [
        ("n1", "school", "education", "service"),
        ("n2", "bakery", "commerce", "service"),
        ("n3", "bench", "other", "service"),
    ]


def test_states_of_cases_in_chinese_and_english(bring: Bring, store: sa.Engine) -> None:
    text = """案件编号,状态,上报时间,结案时间
1,已结案,2026-03-01 08:30,2026-03-02 08:30
2,Closed,2026/3/1 8:30,2026-03-02T00:30:00Z
3,In Progress,2026年3月1日,
4,处置中,,
5,open,,
6,,,2026-03-02
7,whatever,,
8,closed,2026-03-02,2026-03-01
"""
    report = bring("cases", "c.csv", text)
    assert numbers(report) == (6, 0, 0, 2, 6)
    states = "SELECT code, state FROM case_file ORDER BY 1"
    assert ask(store, states) == [
        ("1", "closed"), ("2", "closed"), ("3", "handling"), ("4", "handling"),
        ("5", "reported"), ("6", "closed"),
    ]  # fmt: skip
    times = "SELECT DISTINCT reported_at = '2026-03-01 08:30+08', closed_at = '2026-03-02 08:30+08' FROM case_file WHERE code IN ('1', '2')"  # fmt: skip
    assert ask(store, times) == [(True, True)]
    assert "is none of reported 待受理" in report.faults["reason"].iloc[0]
    assert report.faults["reason"].iloc[1] == "is before the case was reported"


def test_division_codes_obey_the_rule(bring: Bring, store: sa.Engine) -> None:
    text = "代码,名称\n42,湖北\n4201,武汉\n420102,江岸\n420102001,大智\n420102001001,社区\n990101,无\n42010,短\n420102901,坏\n"  # fmt: skip
    report = bring("divisions", "d.csv", text)
    assert numbers(report)[:4] == (5, 0, 0, 3)
    assert report.faults["row"].tolist() == [7, 8, 9]
    tree = "SELECT code, level, parent_code FROM division ORDER BY 1"
    assert ask(store, tree) == [
        ("420000000000", "province", None),
        ("420100000000", "prefecture", "420000000000"),
        ("420102000000", "county", "420100000000"),
        ("420102001000", "township", "420102000000"),
        ("420102001001", "village", "420102001000"),
    ]
    assert numbers(bring("divisions", "d.csv", text))[:4] == (0, 0, 5, 3)
    local = "代码,名称,级别\nX1,甲,社区\n"
    assert numbers(bring("divisions", "l.csv", local, local_codes=True))[:4] == (1, 0, 0, 0)


def test_one_division_in_two_periods(bring: Bring, store: sa.Engine) -> None:
    text = "代码,名称,启用日期,停用日期\n420102,旧,2000-01-01,2020-01-01\n420102,新,2020-01-01,\n420102,重,2020-01-01,\n"  # fmt: skip
    assert numbers(bring("divisions", "d.csv", text))[:4] == (2, 0, 0, 1)


def test_every_import_is_one_line_of_the_journal(bring: Bring, store: sa.Engine) -> None:
    bring("facilities", "f.csv", POINTS)
    line = "SELECT actor, act, subject, detail FROM journal"
    told = {
        "file": "f.csv", "rows": 6, "added": 4, "changed": 0, "unchanged": 0, "decisions": 0,
        "refused": 2, "unplaced": 4, "scope": "everything", "reason": None,
    }  # fmt: skip
    assert ask(store, line) == [("test", "import", "facilities", told)]


def test_divisions_may_come_without_an_outline(store: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "d.geojson"
    square = {"type": "Polygon", "coordinates": [[[114, 30], [115, 30], [115, 31], [114, 30]]]}
    features = [
        {"type": "Feature", "properties": {"代码": "42", "名称": "省"}, "geometry": None},
        {"type": "Feature", "properties": {"代码": "4201", "名称": "市"}, "geometry": square},
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = import_file(store, Order(RecordKind.DIVISIONS, file), seal=SEAL, by=TESTER, now=NOW)
    assert (report.added, report.refused) == (2, 0)
    with store.connect() as connection:
        rows = connection.execute(sa.text("SELECT code, geom IS NULL FROM division ORDER BY code"))
        assert [tuple(row) for row in rows] == [("420000000000", True), ("420100000000", False)]


def test_a_dwelling_moves_where_a_later_sheet_says(bring: Bring, store: sa.Engine) -> None:
    bring("cells", "cells.geojson", cells_file("AB"))
    head = "姓名,地址,房号,经度,纬度\n"
    here, there = f"{LON + SIDE / 2},{LAT + SIDE / 2}", f"{LON + 1.5 * SIDE},{LAT + SIDE / 2}"
    first = f"{head}甲,江滨路1号,101,{here}\n乙,江滨路1号,101,{here}\n"
    assert numbers(bring("residents", "r.csv", first)) == (2, 0, 0, 0, 0)
    later = f"{head}甲,江滨路1号,101,{there}\n乙,江滨路1号,101,\n"
    later = later.replace("101,\n", "101,,\n")
    assert numbers(bring("residents", "r.csv", later))[:3] == (0, 1, 1)
    assert numbers(bring("residents", "r.csv", later))[:3] == (0, 0, 2)
    filed = "SELECT c.code, d.own_place FROM dwelling d JOIN grid_cell c ON c.id = d.cell_id"
    assert ask(store, filed) == [("B", True)]
    counted = "SELECT c.code, t.residents FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id ORDER BY 1"  # fmt: skip
    assert ask(store, counted) == [("A", 0), ("B", 2)]


def test_a_mended_row_is_the_row_it_was(bring: Bring, store: sa.Engine, tmp_path: Path) -> None:
    head = "名称,类型,经度,纬度\n"
    good, bad, mended = "亭,其他,114.1,30.1\n", "园,花,114.2,30.2\n", "园,其他,114.2,30.2\n"
    report = bring("facilities", "原.csv", head + good + bad)
    assert numbers(report)[:4] == (1, 0, 0, 1)
    errors = tmp_path / "错.csv"
    api.actions.sheets.write_refused(report, errors)
    text = errors.read_text(encoding="utf-8-sig").replace(",园,花,", ",园,其他,")
    assert numbers(bring("facilities", "错.csv", text.encode()))[:4] == (1, 0, 0, 0)
    assert numbers(bring("facilities", "原.csv", head + good + mended))[:4] == (0, 0, 2, 0)


def test_a_short_row_keeps_its_cells_in_the_errors_file(bring: Bring, tmp_path: Path) -> None:
    report = bring("facilities", "s.csv", "编号,名称,经度,纬度\nf1,亭,114.1,30.1\nf2,园\n")
    assert numbers(report)[:4] == (1, 0, 0, 1)
    errors = tmp_path / "e.csv"
    api.actions.sheets.write_refused(report, errors)
    table = pd.read_csv(errors, dtype="str")
    assert table[["行号 row", "编号", "名称"]].to_numpy().tolist() == [["3", "f2", "园"]]
