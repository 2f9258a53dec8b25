"""Filing in the store: what moves, what is counted, what is found wrong; a join and its undoing."""

import json
from datetime import date

import pyproj
import pytest
import shapely
import sqlalchemy as sa
from town import TESTER, at, box, draw, filed, found, place

import api.actions.joining
import data.db
import data.locate
import data.locate_point
from data.locate import Filed
from gis.errors import NotFound

GEOD = pyproj.Geod(ellps="WGS84")
TODAY = date(2026, 11, 22)
SPOTS = {"1": at(0.5, 0.5), "2": at(1.5, 0.5), "3": at(1, 0.5), "4": at(9, 9), "5": None}


def ask(db, sql, **values):
    return [tuple(row) for row in db.execute(sa.text(sql), values)]


def homes(db):
    """Three dwellings: of house 1, of house 2, and of house 2 with a place of its own in A."""
    place(db, "building", {"h1": at(0.5, 0.5), "h2": at(1.5, 0.5)})
    for house, number, own, spot in [
        ("h1", "101", False, None),
        ("h2", "101", False, None),
        ("h2", "102", True, at(0.2, 0.2)),
    ]:
        db.execute(
            sa.text(
                "INSERT INTO dwelling (building_id, number, own_place, geom)"
                " SELECT id, :n, :own, ST_GeomFromWKB(:wkb, 4326) FROM building WHERE code = :b"
            ),
            {"b": house, "n": number, "own": own, "wkb": spot and spot.wkb},
        )
    db.execute(sa.text("INSERT INTO household (dwelling_id) SELECT id FROM dwelling"))
    db.execute(
        sa.text(
            "INSERT INTO resident (household_id, name_mask, name_index, name_sealed)"
            " SELECT h.id, 'x', '', '' FROM household h"
            " JOIN dwelling d ON d.id = h.dwelling_id, generate_series(1, d.number::int - 99)"
        )
    )


def dwellings(db):
    return ask(db, "SELECT b.code, d.number, c.code FROM dwelling d JOIN building b ON b.id = d.building_id"
                   " LEFT JOIN grid_cell c ON c.id = d.cell_id ORDER BY 1, 2")  # fmt: skip


def tallies(db):
    return ask(db, "SELECT c.code, buildings, dwellings, households, residents, facilities, open_cases"
                   " FROM cell_tally JOIN grid_cell c ON c.id = cell_id ORDER BY 1")  # fmt: skip


# Filing


def test_every_record_is_filed_and_the_unplaced_are_counted_by_reason(db):
    found(db, draw("AB"))
    for table in ("building", "facility"):
        place(db, table, SPOTS, name="x")
    place(db, "case_file", SPOTS, title="x")
    assert data.locate.refile(db) == [
        Filed("buildings", 5, 3, 1, 1),
        Filed("dwellings", 0, 0, 0, 0),
        Filed("facilities", 5, 3, 1, 1),
        Filed("cases", 5, 3, 1, 1),
    ]
    for table in ("building", "facility", "case_file"):
        assert filed(db, table) == {"1": "A", "2": "B", "3": "A", "4": None, "5": None}


def test_only_what_must_move_is_written(db):
    found(db, draw("AB"))
    place(db, "facility", SPOTS, name="x")
    data.locate.refile(db)
    before = dict(ask(db, "SELECT code, xmin::text || ctid::text FROM facility"))
    db.execute(sa.text("UPDATE grid_cell SET geom = ST_Multi(ST_GeomFromWKB(:wkb, 4326)) WHERE code = 'A'"),
               {"wkb": box(0, 0, 0.9, 1).wkb})  # fmt: skip
    assert data.locate.refile(db, kinds=["facilities"]) == [Filed("facilities", 5, 1, 1, 1)]
    after = dict(ask(db, "SELECT code, xmin::text || ctid::text FROM facility"))
    assert {code for code in after if after[code] != before[code]} == {"3"}
    assert filed(db, "facility") == {"1": "A", "2": "B", "3": "B", "4": None, "5": None}
    assert data.locate.refile(db, kinds=["facilities"]) == [Filed("facilities", 5, 0, 1, 1)]


def test_a_dwelling_stands_where_its_building_stands_unless_it_has_its_own_place(db):
    found(db, draw("AB"))
    homes(db)
    assert data.locate.refile(db)[1] == Filed("dwellings", 3, 3, 0, 0)
    assert dwellings(db) == [("h1", "101", "A"), ("h2", "101", "B"), ("h2", "102", "A")]
    db.execute(
        sa.text("UPDATE building SET geom = ST_GeomFromWKB(:wkb, 4326) WHERE code = 'h2'"),
        {"wkb": at(9, 9).wkb},
    )
    assert data.locate.refile(db)[1] == Filed("dwellings", 3, 1, 1, 0)
    assert dwellings(db) == [("h1", "101", "A"), ("h2", "101", None), ("h2", "102", "A")]


def test_only_the_published_plan_and_cells_that_have_not_ended_hold_records(db):
    found(db, draw("A"))
    found(db, {"0": box(0, 0, 9, 9)}, plan="草案", state="draft")
    found(db, {"1": box(0, 0, 9, 9)}, plan="旧", state="retired")
    place(db, "facility", {"1": at(0.5, 0.5), "2": at(5, 5)}, name="x")
    data.locate.refile(db)
    assert filed(db, "facility") == {"1": "A", "2": None}
    db.execute(sa.text("UPDATE grid_cell SET valid_to = current_date WHERE code = 'A'"))
    data.locate.refile(db)
    assert filed(db, "facility") == {"1": None, "2": None}
    assert tallies(db) == []


def test_filing_raises_the_version_of_what_it_touched(db):
    found(db, draw("AB"))
    data.locate.refile(db, kinds=["facilities"])
    data.locate.refile(db, kinds=["facilities", "cases"])
    told = "SELECT layer, version FROM data_version WHERE layer = ANY ('{cases,cells,facilities}')"
    assert ask(db, f"{told} ORDER BY 1") == [
        ("cases", 1), ("cells", 2), ("facilities", 2),
    ]  # fmt: skip


def test_progress_tells_every_kind(db):
    found(db, draw("A"))
    told = []
    data.locate.refile(db, kinds=["cases", "buildings"], progress=lambda *step: told.append(step))
    assert told == [("filing records into cells", done, 2) for done in (0, 1, 2)]


# Counting


def test_what_stands_in_a_cell_is_counted(db):
    found(db, draw("AB.C"))
    homes(db)
    place(db, "facility", SPOTS, name="x")
    for state in ("reported", "suspended", "closed", "evaluated", "void"):
        place(db, "case_file", {state: at(1.5, 0.5)}, title="x", state=state)
    data.locate.refile(db)
    assert tallies(db) == [
        ("A", 1, 2, 2, 5, 2, 0),
        ("B", 1, 1, 1, 2, 1, 2),
        ("C", 0, 0, 0, 0, 0, 0),
    ]
    assert data.locate.wrong_tallies(db) == 0
    db.execute(sa.text("DELETE FROM facility; UPDATE case_file SET state = 'closed'"))
    data.locate.tally(db)
    assert tallies(db) == [
        ("A", 1, 2, 2, 5, 0, 0),
        ("B", 1, 1, 1, 2, 0, 0),
        ("C", 0, 0, 0, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    "sabotage",
    [
        "UPDATE cell_tally SET residents = residents + 1 WHERE cell_id = (SELECT id FROM grid_cell WHERE code = 'A')",
        "DELETE FROM cell_tally WHERE cell_id = (SELECT id FROM grid_cell WHERE code = 'A')",
        "DELETE FROM facility WHERE code = '1'",
        "UPDATE case_file SET state = 'closed'",
        "INSERT INTO resident (household_id, name_mask, name_index, name_sealed)"
        " SELECT min(household_id), 'y', '', '' FROM resident",
    ],
)
def test_a_wrong_number_is_found(db, sabotage):
    found(db, draw("AB"))
    homes(db)
    place(db, "facility", SPOTS, name="x")
    place(db, "case_file", {"1": at(0.5, 0.5)}, title="x")
    data.locate.refile(db)
    assert data.locate.wrong_tallies(db) == 0
    db.execute(sa.text(sabotage))
    assert data.locate.wrong_tallies(db) == 1
    data.locate.tally(db)
    assert data.locate.wrong_tallies(db) == 0


@pytest.mark.parametrize(
    ("sabotage", "wrong"),
    [
        (
            "UPDATE facility SET cell_id = (SELECT id FROM grid_cell WHERE code = 'B') WHERE code IN ('1', '5')",
            {"facilities": 2},
        ),
        ("UPDATE facility SET cell_id = NULL WHERE code = '3'", {"facilities": 1}),
        ("UPDATE building SET geom = ST_Translate(geom, 1, 0) WHERE code = 'h1'", {"buildings": 1}),
        ("UPDATE dwelling SET cell_id = NULL WHERE own_place", {"dwellings": 1}),
        ("UPDATE case_file SET geom = NULL", {"cases": 1}),
        ("UPDATE grid_cell SET code = '0' WHERE code = 'B'", {"facilities": 1}),
    ],
)
def test_a_record_in_the_wrong_cell_is_found(db, sabotage, wrong):
    found(db, draw("AB"))
    homes(db)
    place(db, "facility", SPOTS, name="x")
    place(db, "case_file", {"1": at(0.5, 0.5)}, title="x")
    data.locate.refile(db)
    sound = dict.fromkeys(data.locate.TABLES, 0)
    assert data.locate.misfiled(db) == sound
    db.execute(sa.text(sabotage))
    assert data.locate.misfiled(db) == {**sound, **wrong}
    data.locate.refile(db)
    assert data.locate.misfiled(db) == sound


# The unplaced


def test_the_unplaced_are_listed_with_the_reason(db):
    found(db, draw("AB"))
    place(db, "facility", SPOTS, name="亭", address="桥头路")
    place(db, "building", {"h9": None}, name="九栋")
    place(db, "case_file", {"c9": at(-1, 0)}, title="积水")
    db.execute(sa.text("INSERT INTO dwelling (building_id, number) SELECT id, '302' FROM building"))
    data.locate.refile(db)
    listed = [
        tuple(row[name] for name in data.locate.UNPLACED_COLUMNS)
        for row in data.locate.unplaced(db)
    ]
    far, west = at(9, 9), at(-1, 0)
    assert listed == [
        ("buildings", "h9", "九栋", None, None, None, "no coordinates"),
        ("cases", "c9", "积水", None, west.x, west.y, "outside all cells"),
        ("dwellings", "h9 302", None, None, None, None, "no coordinates"),
        ("facilities", "4", "亭", "桥头路", far.x, far.y, "outside all cells"),
        ("facilities", "5", "亭", "桥头路", None, None, "no coordinates"),
    ]
    assert data.locate.count_unplaced(db) == {
        "buildings": 1,
        "dwellings": 1,
        "facilities": 2,
        "cases": 1,
    }
    assert [row["code"] for row in data.locate.unplaced(db, kind="facilities", limit=1)] == ["4"]


# Looking up


def look_up(db, spot, accuracy_m=0.0):
    asked = data.locate_point.question(spot.x, spot.y, accuracy_m=accuracy_m)
    return json.loads(data.locate_point.at_once(db, asked))


def test_candidates_lie_within_the_accuracy_nearest_first(db):
    cells = draw("ABC/ABD")
    found(db, cells)
    spot = at(1.9, 0.95)
    metres = {code: GEOD.geometry_length(shapely.shortest_line(cells[code], spot)) for code in "CD"}
    assert look_up(db, spot, 1) == {
        "cell": {"code": "B", "name": "B网格", "kind": "basic", "community": {"code": None, "name": None},
                 "street": {"code": None, "name": None}},
        "posts": [], "candidates": [],
    }  # fmt: skip
    near = look_up(db, spot, 10_000)["candidates"]
    assert [one["code"] for one in near] == ["D", "C", "A"]
    assert [one["distance_m"] for one in near[:2]] == pytest.approx(
        [metres["D"], metres["C"]], abs=0.2
    )
    just_d = look_up(db, spot, (metres["C"] + metres["D"]) / 2)["candidates"]
    assert [one["code"] for one in just_d] == ["D"]
    assert [one["code"] for one in look_up(db, spot, metres["D"] - 0.5)["candidates"]] == []


def test_on_an_edge_the_other_cell_is_a_candidate_at_no_distance(db):
    found(db, draw("AB"))
    answer = look_up(db, at(1, 0.5))
    assert answer["cell"]["code"] == "A"
    assert answer["candidates"] == [{"code": "B", "name": "B网格", "distance_m": 0.0}]


def test_outside_there_is_no_cell_but_there_may_be_near_ones(db):
    found(db, draw("AB"))
    assert look_up(db, at(0.5, 5)) == {"cell": None, "posts": [], "candidates": []}
    near = look_up(db, at(0.5, 1.01), 50)
    assert near["cell"] is None
    assert [one["code"] for one in near["candidates"]] == ["A"]


# Joining


def join(store, plan=None):
    return api.actions.joining.join(store, plan=plan, by=TESTER, today=TODAY)


def test_a_join_by_another_plan_retires_the_old_one_and_can_be_undone(store):
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        found(db, draw("XXY/XXY"), plan="新", state="draft", valid_from=None)
        place(db, "facility", SPOTS, name="x")
    join(store)
    joined = join(store, "新")
    assert (joined.plan, joined.retired) == ("新", "现行")
    assert joined.filed[2] == Filed("facilities", 5, 3, 1, 1)
    plans = "SELECT name, state, valid_from::text, valid_to::text FROM grid_plan ORDER BY id"
    with data.db.transaction(store) as db:
        assert filed(db, "facility") == {"1": "X", "2": "X", "3": "X", "4": None, "5": None}
        assert ask(db, plans) == [
            ("现行", "retired", "2020-01-01", "2026-11-22"), ("新", "published", "2026-11-22", None),
        ]  # fmt: skip
        assert [row[0] for row in tallies(db)] == ["X", "Y"]
        assert (sum(data.locate.misfiled(db).values()), data.locate.wrong_tallies(db)) == (0, 0)
    undone = join(store, "现行")
    assert (undone.plan, undone.retired) == ("现行 (3)", "新")
    with data.db.transaction(store) as db:
        assert filed(db, "facility") == {"1": "A", "2": "B", "3": "A", "4": None, "5": None}
        assert ask(db, plans) == [
            ("现行", "retired", "2020-01-01", "2026-11-22"),
            ("新", "retired", "2026-11-22", "2026-11-22"),
            ("现行 (3)", "published", "2026-11-22", None),
        ]  # fmt: skip
        assert ask(db, "SELECT actor, act, subject, detail FROM journal ORDER BY id") == [
            (
                "test",
                "join",
                name,
                {"moved": {"buildings": 0, "dwellings": 0, "facilities": moved, "cases": 0}},
            )
            for name, moved in [("现行", 3), ("新", 3), ("现行 (3)", 3)]
        ]


def test_a_join_by_no_such_plan_changes_nothing(store):
    with pytest.raises(NotFound, match="there are no cells yet; import some"):
        join(store)
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        place(db, "facility", SPOTS, name="x")
    with pytest.raises(NotFound, match="no plan '明年'; there are: 现行"):
        join(store, "明年")
    with data.db.transaction(store) as db:
        assert set(filed(db, "facility").values()) == {None}
        assert ask(db, "SELECT count(*) FROM journal") == [(0,)]
    again = join(store, "现行")
    assert (again.plan, again.retired) == ("现行", None)


def test_a_cell_that_has_not_begun_holds_nothing_yet(db):
    found(db, draw("AB"))
    place(db, "facility", {"F": at(1.5, 0.5)}, name="x")
    db.execute(sa.text("UPDATE grid_cell SET valid_from = current_date + 1 WHERE code = 'B'"))
    data.locate.refile(db)
    assert [row["reason"] for row in data.locate.unplaced(db)] == ["outside all cells"]
