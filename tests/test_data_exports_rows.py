"""Exports: which rows leave, by area, plan and day."""

from datetime import date

import geopandas as gpd
import orjson
import pytest
import sqlalchemy as sa
from exporting import PLACES, column, export
from town import at, draw, found, place, shapes

import data.db
import data.exports
import data.locate
from data.exports import Wanted
from gis.errors import NotFound

# Which rows


@pytest.mark.parametrize(
    ("area", "cells", "facilities"),
    [
        ("A", "A", ["f-a", "f-ab"]),
        ("420106001001", "AB", ["f-a", "f-ab", "f-bc"]),
        ("420106001002", "C", []),
        ("420106001000", "ABC", ["f-a", "f-ab", "f-bc"]),
        ("420106001", "ABC", ["f-a", "f-ab", "f-bc"]),
        ("420106002000", "D", ["f-d"]),
        ("420106", "ABCD", ["f-a", "f-ab", "f-bc", "f-d"]),
    ],
)
def test_an_area_is_a_cell_a_community_a_street_or_a_county(
    shared_town, tmp_path, area, cells, facilities
):
    assert "".join(column(shared_town, tmp_path, "cells", "name", area=area)) == cells
    assert list(column(shared_town, tmp_path, "facilities", area=area)) == facilities
    assert "".join(column(shared_town, tmp_path, "statistics", "residents", area=area)) == cells


@pytest.mark.parametrize(
    "area", ["Z", "420106001009", "420106001001999", "42010", "4201060010", "", "%"]
)
def test_an_area_that_is_none_is_refused_and_no_larger_one_taken(shared_town, tmp_path, area):
    with pytest.raises(NotFound) as refusal:
        export(shared_town, tmp_path, "cells", area=area)
    assert str(refusal.value) == f"{area!r} is neither the code of a cell nor of a division"
    assert list(tmp_path.iterdir()) == []


def test_a_draft_files_on_the_fly_as_geopandas_would(shared_town, tmp_path):
    by_plan = column(shared_town, tmp_path, "facilities", plan="草案")
    draft = gpd.GeoDataFrame({"cell": ["P", "Q"]}, geometry=list(shapes(draw("QQPP"))), crs=4326)
    spots = {code: spot for code, spot in PLACES["facilities"].items() if spot is not None}
    records = gpd.GeoDataFrame({"code": list(spots)}, geometry=list(spots.values()), crs=4326)
    joined = (
        records.sjoin(draft, predicate="intersects").sort_values("cell").drop_duplicates("code")
    )
    assert by_plan == {
        **dict.fromkeys(PLACES["facilities"]),
        **dict(zip(joined["code"], joined["cell"], strict=True)),
    }
    assert by_plan["f-bc"] == "P", "on the edge the lower code, by the draft's own cells"
    counts = column(shared_town, tmp_path, "statistics", "facilities", plan="草案")
    assert counts == joined.groupby("cell")["code"].count().to_dict()
    assert column(shared_town, tmp_path, "facilities", plan="现行") == column(
        shared_town, tmp_path, "facilities"
    )


def test_an_area_of_a_draft_does_not_take_from_its_neighbour_what_stands_on_their_edge(
    shared_town, tmp_path
):
    parts = [column(shared_town, tmp_path, "facilities", plan="草案", area=cell) for cell in "PQ"]
    assert parts == [{"f-bc": "P", "f-d": "P"}, {"f-a": "Q", "f-ab": "Q"}]
    numbers = [
        column(shared_town, tmp_path, "statistics", "facilities", plan="草案", area=cell)
        for cell in "PQ"
    ]
    assert numbers == [{"P": 2}, {"Q": 2}]


def test_exporting_by_a_draft_changes_nothing_in_the_store(shared_town, tmp_path):
    export(shared_town, tmp_path, "statistics", plan="草案")
    with data.db.transaction(shared_town) as db:
        assert sum(data.locate.misfiled(db).values()) == 0
        assert data.locate.wrong_tallies(db) == 0


def test_as_of_takes_the_plan_and_the_records_of_that_day(shared_town, tmp_path):
    day = date(2024, 6, 1)
    assert column(shared_town, tmp_path, "facilities", as_of=day) == {
        "f-a": "X", "f-ab": "X", "f-bc": "Y", "f-d": "Y", "f-out": None, "f-null": None, "f-was": "X",
    }  # fmt: skip
    assert list(column(shared_town, tmp_path, "cells", "name", as_of=day)) == ["X", "Y"]
    assert list(column(shared_town, tmp_path, "cells", "name", as_of=date(2025, 1, 1))) == list(
        "ABCD"
    )
    assert list(column(shared_town, tmp_path, "cells", "name", as_of=date(2024, 12, 31))) == [
        "X",
        "Y",
    ]
    with pytest.raises(NotFound, match="no plan was in force on 2019-12-31"):
        export(shared_town, tmp_path, "cells", as_of=date(2019, 12, 31))
    assert "f-will" in column(shared_town, tmp_path, "facilities", as_of=date(2999, 1, 1))


def test_as_of_takes_the_cases_reported_by_then(shared_town, tmp_path):
    assert set(column(shared_town, tmp_path, "cases", as_of=date(2026, 2, 28))) == {
        "c-done",
        "c-null",
        "c-bc",
    }
    assert set(column(shared_town, tmp_path, "cases", as_of=date(2026, 3, 1))) == {
        "c-new",
        "c-done",
        "c-null",
        "c-bc",
    }
    open_then = column(shared_town, tmp_path, "statistics", "open_cases", as_of=date(2026, 2, 28))
    open_after = column(shared_town, tmp_path, "statistics", "open_cases", as_of=date(2026, 3, 1))
    assert (open_then["A"], open_after["A"]) == (1, 1)
    cases = [
        column(shared_town, tmp_path, "statistics", "cases", as_of=date(2026, month, day))["A"]
        for month, day in [(1, 1), (2, 1), (3, 1)]
    ]
    assert cases == [0, 1, 2]


def test_a_day_ends_by_the_clocks_of_the_city(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("A"))
        early, noon = "2026-03-01T00:30+08:00", "2026-03-01T12:00+08:00"
        place(
            db,
            "case_file",
            {"c": at(0.5, 0.5)},
            title="积水",
            reported_at=early,
            closed_at=noon,
            state="closed",
        )
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    numbers = ("cases", "open_cases")
    for zone, expected in [("Asia/Shanghai", [(0, 0), (1, 0)]), ("UTC", [(1, 1), (1, 0)])]:
        told = [
            tuple(
                column(store, tmp_path, "statistics", name, as_of=day, time_zone=zone)["A"]
                for name in numbers
            )
            for day in days
        ]
        assert told == expected


def test_cells_that_ended_or_have_not_begun_are_left_out_by_day(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        db.execute(sa.text("UPDATE grid_cell SET valid_to = '2026-06-01' WHERE code = 'A'"))
        db.execute(sa.text("UPDATE grid_cell SET valid_from = '2026-07-01' WHERE code = 'B'"))
    days = {
        date(2026, 5, 31): ["A"],
        date(2026, 6, 1): [],
        date(2026, 6, 30): [],
        date(2026, 7, 1): ["B"],
    }
    assert {day: list(column(store, tmp_path, "cells", "name", as_of=day)) for day in days} == days


def test_a_plan_that_is_none_is_refused_with_the_choices(shared_town, tmp_path):
    with pytest.raises(NotFound) as refusal:
        export(shared_town, tmp_path, "cells", plan="明年")
    sentence, names = str(refusal.value).split(": ")
    assert sentence == "no plan '明年'; there are"
    assert set(names.split(", ")) == {"现行", "草案", "旧"}


def test_cells_leave_in_the_order_of_the_tree_and_the_first_page_needs_no_sorting(
    town: sa.Engine,
) -> None:
    with data.db.transaction(town) as db:
        pages = list(data.exports.texts(db, Wanted("cells"), today=date(2026, 11, 22)))
        told = [orjson.loads(one)["properties"]["code"] for page in pages for one in page]
        query, values = data.exports._question(db, Wanted("cells"), date(2026, 11, 22))
        with data.db.cursor(db) as cursor:
            way = cursor.execute(f"EXPLAIN {query}", values).fetchall()
        order = 'SELECT code FROM grid_cell ORDER BY area_no, code COLLATE "C"'
        assert told == list(db.scalars(sa.text(order)))
    assert len(pages[0]) == data.exports.FIRST_TEXTS < len(told)
    assert any("grid_cell_area_no" in line for (line,) in way)
