"""The invented town: what it promises holds in the rows, and the same seed gives the same town."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from datetime import date, datetime, timedelta, timezone

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import SEAL, unsealed

import data.care
import data.case_sheet
import data.cases
import data.db
import data.demo.areas
import data.demo.load
import data.demo.town
import data.locate
import gis.cases
from data.demo import cells, features, ground, people
from data.demo.sizes import TOWNS
from data.demo.words import numeral
from gis.codes import cell_fault, division_level, division_parent, resident_id_faults
from gis.errors import BadInput
from gis.terms import (
    ENDED_STATES,
    CaseState,
    CellKind,
    DivisionLevel,
    FacilityCategory,
    PostRole,
    UnitKind,
)
from gis.terms_community import CareCategory

TODAY = date(2026, 11, 22)
CHINA = timezone(timedelta(hours=8))
MORNING = datetime(2026, 11, 22, 9, tzinfo=CHINA)


@pytest.fixture
def town(still_town: sa.Engine) -> sa.Engine:
    """Nobody here changes the town."""
    return still_town


def frame(town: sa.Engine, query: str) -> pd.DataFrame:
    with town.connect() as connection:
        return pd.read_sql(sa.text(query), connection)


def shapes(town: sa.Engine, query: str, geom: str = "geom") -> gpd.GeoDataFrame:
    with town.connect() as connection:
        return gpd.read_postgis(sa.text(query), connection, geom_col=geom)


# Loading


def test_a_town_comes_with_the_promised_numbers(db: Session) -> None:
    counts = data.demo.load.load(db, seal=SEAL, size="small", now=MORNING)
    promised = {
        "division": 13,
        "grid_plan": 1,
        "grid_cell": 60,
        "household": 24_000,
        "resident": 60_000,
        "facility": 1_500,
        "case_file": 3_000,
    }
    assert {kind: counts[kind] for kind in promised} == promised
    stored = {
        kind: db.scalar(sa.text(f"SELECT count(*) FROM {kind}"))  # table names are our own
        for kind in counts
    }
    assert stored == counts
    fact = db.scalar(sa.text("SELECT value FROM store_fact WHERE key = 'demo'"))
    assert fact == {"size": "small", "seed": 2020, "counts": counts}


def test_an_unknown_size_is_refused_with_the_choices(db: Session) -> None:
    with pytest.raises(BadInput, match=r"'huge'; choose one of small, district, city") as refusal:
        data.demo.load.load(db, seal=SEAL, size="huge", now=MORNING)
    assert refusal.value.facts["choices"] == ["small", "district", "city"]


def test_loading_leaves_indexes_and_constraints_as_they_were(db: Session) -> None:
    def schema() -> list[tuple[str, ...]]:
        indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        constraints = (
            "SELECT conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE conrelid <> 0"
        )
        rows = db.execute(sa.text(f"{indexes} UNION ALL {constraints}")).all()
        return sorted(tuple(row) for row in rows)

    before = schema()
    data.demo.load.load(db, seal=SEAL, size="small", now=MORNING)
    assert schema() == before


def test_one_in_25_is_cared_for_and_due_when_his_last_visit_says(db: Session) -> None:
    counts = data.demo.load.load(db, seal=SEAL, size="small", now=MORNING)
    assert 0.035 < counts["care_recipient"] / counts["resident"] < 0.05
    assert counts["visit"] > 2 * counts["care_recipient"]
    categories = db.scalars(sa.text("SELECT DISTINCT category FROM care_recipient")).all()
    assert set(categories) == set(CareCategory)
    before = sa.text("SELECT md5(string_agg(k::text, '|' ORDER BY id)) FROM care_recipient k")
    told = db.scalar(before)
    people = db.scalars(sa.text("SELECT DISTINCT resident_id FROM care_recipient")).all()
    data.care.settle(db, people, zone="Asia/Shanghai")
    assert db.scalar(before) == told
    assert data.locate.wrong_tallies(db) == 0
    assert db.scalar(sa.text("SELECT sum(recipients) FROM cell_care")) == counts["care_recipient"]


def test_later_rows_are_numbered_after_ours(db: Session) -> None:
    counts = data.demo.load.load(db, seal=SEAL, size="small", now=MORNING)
    new = db.scalar(sa.text("INSERT INTO building (code) VALUES ('new') RETURNING id"))
    assert new == counts["building"] + 1


def test_progress_is_told_until_everybody_has_settled(db: Session) -> None:
    told: list[tuple[str, int, int | None]] = []
    data.demo.load.load(db, seal=SEAL, now=MORNING, progress=lambda *step: told.append(step))
    assert ("settling people", 60_000, 60_000) in told
    assert told[0] == ("planning the town", 0, None)


# The same again


def test_the_same_seed_and_day_give_the_same_rows() -> None:
    one = data.demo.town.digest("small", seed=7, now=MORNING)
    assert data.demo.town.digest("small", seed=7, now=MORNING) == one
    assert data.demo.town.digest("small", seed=8, now=MORNING) != one
    assert data.demo.town.digest("small", seed=7, now=MORNING + timedelta(days=1)) != one


@pytest.mark.parametrize(
    ("size", "seed"), [("small", 1), ("small", 3), ("small", 11), ("district", 2)]
)
def test_every_seed_gives_a_whole_town(size: str, seed: int) -> None:
    town = data.demo.town.plan(size, seed)
    grid, promised = town.cells, TOWNS[size]
    assert len(grid.codes) == len(set(grid.codes)) == promised.cells
    assert shapely.coverage_is_valid(grid.shapes)
    whole = shapely.coverage_union_all(grid.shapes)
    assert (whole.geom_type, len(whole.interiors)) == ("Polygon", 0)
    homes = people.settle(town.buildings, town.buildings.households, promised.residents, seed)
    assert len(homes.household_home) == promised.households
    assert int(homes.sizes.sum(dtype=np.int64)) == promised.residents
    assert len(set(town.buildings.addresses)) == len(town.buildings.addresses)
    under = features.draw(town.layout, town.ground, grid, seed)
    assert [f.name for f in under if f.geom.is_empty or not f.geom.is_valid] == []
    footprints = shapely.polygons(ground.degrees(town.buildings.corners))
    solid = np.array([f.geom for f in under if f.kind in {"water", "road"}])
    assert shapely.STRtree(solid).query(footprints, predicate="intersects").size == 0
    building, cell = shapely.STRtree(grid.shapes).query(footprints, predicate="intersects")
    assert building.tolist() == list(range(len(footprints)))
    assert cell.tolist() == town.buildings.cell.tolist()


# The ground


def test_the_cells_cover_the_town_without_gap_or_overlap(town: sa.Engine) -> None:
    grid = shapes(town, "SELECT code, geom FROM grid_cell")
    parts = grid.geom.map(lambda shape: shape.geoms[0]).to_numpy()
    assert (grid.geom.map(lambda shape: len(shape.geoms)) == 1).all()
    assert shapely.coverage_is_valid(parts)
    whole = shapely.coverage_union_all(parts)
    assert (whole.geom_type, len(whole.interiors)) == ("Polygon", 0)


def test_each_division_is_the_union_of_its_cells(town: sa.Engine) -> None:
    grid = shapes(town, "SELECT code, geom FROM grid_cell")
    for row in shapes(town, "SELECT code, level, geom FROM division").itertuples():
        width = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "village": 12}[
            row.level
        ]
        own = grid[grid.code.str.startswith(row.code[:width])]
        assert row.geom.normalize() == shapely.multipolygons([own.geom.union_all()]).normalize()


def test_divisions_are_five_levels_of_an_invented_province(town: sa.Engine) -> None:
    rows = frame(town, "SELECT code, level, parent_code FROM division")
    assert [division_level(code) for code in rows.code] == rows.level.tolist()
    parents = [None if pd.isna(p) else p for p in rows.parent_code]
    assert parents == [division_parent(code) for code in rows.code]
    assert set(rows.code.str[:2]) == {"99"}
    assert Counter(rows.level) == {
        DivisionLevel.PROVINCE: 1,
        DivisionLevel.PREFECTURE: 1,
        DivisionLevel.COUNTY: 1,
        DivisionLevel.TOWNSHIP: 2,
        DivisionLevel.VILLAGE: 8,
    }


def test_buildings_stand_in_one_cell_off_water_and_roads_and_each_other(town: sa.Engine) -> None:
    wrong = frame(
        town,
        """
        SELECT b.code FROM building b JOIN grid_cell c ON ST_Intersects(c.geom, b.footprint)
        GROUP BY b.id HAVING count(*) <> 1 OR min(c.id) <> b.cell_id
        UNION ALL SELECT code FROM building WHERE cell_id IS NULL
        UNION ALL SELECT b.code FROM building b JOIN base_feature f
            ON f.kind IN ('water', 'road') AND ST_Intersects(f.geom, b.footprint)
        UNION ALL SELECT b.code FROM building b JOIN building o
            ON o.id <> b.id AND ST_Intersects(o.footprint, b.footprint)
        UNION ALL SELECT code FROM building WHERE NOT ST_Covers(footprint, geom)
        """,
    )
    assert wrong.code.tolist() == []


def test_main_roads_keep_a_wide_berth(town: sa.Engine) -> None:
    near = frame(
        town,
        """
        SELECT f.rank, min(ST_Distance(f.geom::geography, b.footprint::geography)) AS m
        FROM base_feature f JOIN building b ON ST_DWithin(f.geom, b.footprint, 0.0006)
        WHERE f.kind = 'road' GROUP BY f.rank ORDER BY f.rank
        """,
    )
    assert [m > least for m, least in zip(near.m, (15, 9, 4.5), strict=True)] == [True] * 3


def test_the_edges_of_cells_are_roads_or_the_middle_of_the_river(town: sa.Engine) -> None:
    grid = shapes(town, "SELECT geom FROM grid_cell")
    under = shapes(town, "SELECT kind, geom FROM base_feature WHERE kind IN ('road', 'water')")
    edges = shapely.union_all(grid.geom.boundary.to_numpy())
    roads = shapely.union_all(under[under.kind == "road"].geom.to_numpy())
    off_road = edges.difference(roads)
    # what follows no road runs from one bank to the other: the water and the green beside it
    river = shapely.union_all(under[under.kind == "water"].geom.to_numpy()).buffer(60 / 96_000)
    assert 0 < off_road.length / edges.length < 0.12
    assert off_road.difference(river).length == 0


def test_cells_are_numbered_from_west_to_east_row_by_row(town: sa.Engine) -> None:
    grid = shapes(town, "SELECT code, kind, geom FROM grid_cell ORDER BY code")
    for _, own in grid.groupby([grid.code.str[:12], "kind"]):
        whole = grid[grid.code.str[:12] == own.code.iloc[0][:12]]
        start = 801 if own.kind.iloc[0] == CellKind.DEDICATED else 1
        assert own.code.str[12:].astype(int).tolist() == list(range(start, start + len(own)))
        lon, row = cells.reading_keys(whole.geom.to_numpy(), np.zeros(len(whole), np.int64))
        keys = [
            k
            for k, i in zip(zip(row, lon, strict=True), whole.index, strict=True)
            if i in own.index
        ]
        assert keys == sorted(keys)
    assert [
        cell_fault(code, CellKind(kind)) for code, kind in zip(grid.code, grid.kind, strict=True)
    ] == [None] * 60


# The people


def test_ids_pass_the_check_and_belong_to_nobody(town: sa.Engine) -> None:
    rows = unsealed(frame(town, "SELECT * FROM resident"))
    assert set(resident_id_faults(rows.id_number, today=TODAY)) == {""}
    assert set(rows.id_number.str[:6]) == {"990101"}
    assert rows.id_number.is_unique
    male = rows.id_number.str[16].astype(int) % 2 == 1
    assert (male == (rows.sex == "male")).all()
    assert (rows.id_number.str[6:14] == pd.to_datetime(rows.birth_date).dt.strftime("%Y%m%d")).all()
    assert set(rows.phone.dropna().str[:3]) == {"154"}
    assert rows.phone.dropna().is_unique


def test_families_make_sense(town: sa.Engine) -> None:
    rows = frame(town, "SELECT household_id, relation, sex, birth_date, floating FROM resident")
    heads = rows[rows.relation == "户主"].set_index("household_id")
    assert len(heads) == heads.index.nunique() == 24_000
    children = rows[rows.relation.isin(["子", "女"])]
    born, partners = pd.to_datetime(children.birth_date), rows[rows.relation == "配偶"]
    for parents in (heads, partners.set_index("household_id")):
        older = born - pd.to_datetime(children.household_id.map(parents.birth_date))
        assert older.dt.days.min() > 15 * 365
    assert (partners.household_id.map(heads.sex) != partners.sex).all()
    assert 0.13 < rows.floating.mean() < 0.18
    age = (pd.Timestamp(TODAY) - pd.to_datetime(rows.birth_date)).dt.days / 365.25
    assert (age.min() > 0, age.max() < 105) == (True, True)
    assert 0.1 < (age < 15).mean() < 0.2
    assert 0.15 < (age >= 60).mean() < 0.25


def test_homes_are_filed_and_numbered(town: sa.Engine) -> None:
    rows = frame(
        town,
        "SELECT d.number, b.floors, d.cell_id = b.cell_id AND d.geom = b.geom AS same "
        "FROM dwelling d JOIN building b ON b.id = d.building_id",
    )
    assert rows.same.all()
    parts = rows.number.str.extract(r"^(\d)-(\d{1,2})(\d{2})$")
    assert parts.notna().all(axis=None)
    assert (parts[1].astype(int) <= rows.floors).all()


def test_most_cells_have_their_three_to_five_hundred_households(town: sa.Engine) -> None:
    rows = frame(
        town, "SELECT kind, households FROM grid_cell c JOIN cell_tally t ON t.cell_id = c.id"
    )
    lived = rows[rows.kind == "basic"].households
    assert lived.sum() == 24_000
    assert lived.between(300, 520).mean() > 0.85
    assert (lived.min() < 300, lived.max() > 520) == (True, True)
    assert set(rows[rows.kind == "dedicated"].households) == {0}


# Facilities, cases, network


def test_facilities_are_coded_placed_and_of_every_category(town: sa.Engine) -> None:
    rows = frame(town, "SELECT code, kind, category, class_code, cell_id FROM facility")
    components = rows[rows.kind == "component"]
    assert components.code.str.fullmatch(r"990101\d{10}").all()
    assert (components.code.str[6:10] == components.class_code).all()
    assert rows.code.is_unique
    assert set(rows.category) == {str(category) for category in FacilityCategory}
    assert rows.cell_id.notna().all()


def test_nothing_but_the_reports_on_purpose_is_unplaced(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        rows = data.locate.unplaced(db)
    assert Counter((row["kind"], row["reason"]) for row in rows) == {
        ("cases", "outside all cells"): 5,
        ("cases", "no coordinates"): 7,
    }


def test_cases_stand_in_every_state_and_their_times_agree(town: sa.Engine) -> None:
    rows = frame(town, "SELECT * FROM case_file ORDER BY code")
    assert set(rows.state) == {str(state) for state in CaseState}
    assert rows.code.is_unique
    day = rows.reported_at.dt.tz_convert(CHINA).dt.strftime("%Y%m%d")
    assert rows.code.str.fullmatch(r"\d{8}-\d{6}").all()
    assert (rows.code.str[:8] == day).all()
    assert rows.reported_at.is_monotonic_increasing
    ended = rows.state.isin([str(state) for state in ENDED_STATES])
    assert (rows.closed_at.notna() == ended).all()
    assert (rows.closed_at[ended] > rows.reported_at[ended]).all()
    assert (rows.due_at > rows.reported_at).all()
    assert rows.reported_at.max() < MORNING
    assert rows.reported_at.min() >= datetime(2026, 8, 25, tzinfo=CHINA)
    early = rows.state.isin(["reported", "verified", "filed", "void"])
    holders = rows[["unit_id", "worker_id"]].notna().sum(axis=1)
    assert (holders == 1 - early.astype(int)).all()
    assert 20 < rows.worker_id.notna().sum() < 200
    assert 0.7 < rows.state.isin(["closed", "evaluated"]).mean() < 0.9


def test_every_case_is_the_sum_of_its_events(town: sa.Engine) -> None:
    with data.db.transaction(town) as db:
        assert data.case_sheet.untrue(db) == 0
        codes = db.scalars(
            sa.text("SELECT DISTINCT ON (state) code FROM case_file ORDER BY state, id")
        ).all()
        assert len(codes) == len(CaseState)
        for code in codes:
            case = data.cases.find(db, code)
            events = data.cases.events(db, case)
            assert gis.cases.replay(events) == case.standing
            assert [event.at for event in events] == sorted(event.at for event in events)
            for before, after in itertools.pairwise(events):
                assert (before.target, after.target) in {
                    way for step in gis.cases.STEPS.values() for way in step.ways
                }


def test_cases_gather_in_hot_spots(town: sa.Engine) -> None:
    rows = frame(
        town, "SELECT cell_id, count(*) AS n FROM case_file WHERE cell_id IS NOT NULL GROUP BY 1"
    )
    busiest = rows.n.sort_values(ascending=False)
    assert busiest.head(6).sum() > 0.25 * busiest.sum()


def test_posts_are_filled_but_for_a_few(town: sa.Engine) -> None:
    rows = frame(town, "SELECT cell_id, worker_id, role FROM post")
    per_cell = rows.groupby(["role", "cell_id"]).size()
    assert len(per_cell[PostRole.GRID_LEADER]) == len(per_cell[PostRole.BACKUP]) == 60
    assert set(per_cell[PostRole.GRID_LEADER]) == set(per_cell[PostRole.BACKUP]) == {1}
    assert len(per_cell[PostRole.GRID_WORKER]) == 58
    assert set(per_cell[PostRole.GRID_WORKER]) == {1, 2}
    workers = rows[rows.role == PostRole.GRID_WORKER]
    assert set(workers.groupby("worker_id").size()) == {1, 2}
    backups = rows[rows.role == PostRole.BACKUP].merge(workers, on=["cell_id", "worker_id"])
    assert backups.empty


def test_units_are_of_every_kind_and_none_is_the_police(town: sa.Engine) -> None:
    rows = frame(town, "SELECT code, name, kind, parent_code, skills FROM network_unit")
    assert set(rows.kind) == {str(kind) for kind in UnitKind}
    assert Counter(rows.kind)["street_office"] == 2
    assert Counter(rows.kind)["resident_committee"] == 8
    assert rows.code.is_unique
    assert set(rows.parent_code.dropna()) <= set(rows.code)
    assert not rows.name.str.contains("公安|警|派出所").any()
    assert rows.skills.map(len).min() > 0


# Small rules


def test_numerals() -> None:
    written = {
        1: "一",
        10: "十",
        12: "十二",
        40: "四十",
        99: "九十九",
        105: "一百零五",
        110: "一百一十",
        212: "二百一十二",
    }
    assert {number: numeral(number) for number in written} == written


def test_the_town_names_no_tool_and_no_real_place(town: sa.Engine) -> None:
    names = frame(town, "SELECT name FROM division WHERE level IN ('province', 'prefecture')")
    assert names.name.tolist() == ["云汐市", "乌有省"] or names.name.tolist() == [
        "乌有省",
        "云汐市",
    ]
    assert not any(re.search(r"[A-Za-z]", name) for name in names.name)


def test_homes_come_filed_as_filing_would(town: sa.Engine) -> None:
    """Or a million would be written twice."""
    planned = data.demo.town.plan("small", 2020)
    with town.connect() as connection:
        numbers = connection.execute(sa.text("SELECT id, area_no FROM grid_cell ORDER BY id")).all()
        filed = connection.scalars(sa.text("SELECT cell_id FROM building ORDER BY id")).all()
        astray = connection.scalar(
            sa.text(
                "SELECT count(*) FROM resident r JOIN household h ON h.id = r.household_id "
                "JOIN dwelling d ON d.id = h.dwelling_id JOIN grid_cell c ON c.id = d.cell_id "
                "WHERE NOT (r.area_no = h.area_no AND h.area_no = d.area_no "
                "AND d.area_no = c.area_no)"
            )
        )
    told = data.demo.areas.area_numbers(planned.cells)
    assert [number for _, number in numbers] == told.tolist()
    assert filed == (planned.buildings.cell + 1).tolist()
    assert astray == 0
