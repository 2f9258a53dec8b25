"""Tiles, GeoJSON, card and search, read back by GDAL as anybody else would."""

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import psycopg
import pyogrio
import pytest
import shapely

import data.db
import data.grid_card
import data.layers
import data.scope
import data.tiles
import data.tiles_place
import gis.coordinates
from gis.access import ANYBODY, Role, Scope, Viewer
from gis.errors import BadInput, NotFound
from gis.terms import Datum

LON, LAT, SIDE = 114.3, 30.5, 0.002  # a row of squares of about 200 m


def square(place):
    west = LON + place * SIDE
    return shapely.box(west, LAT, west + SIDE, LAT + SIDE)


def draw(url, *, posts=(), tallies=None):
    """Draw cells A, B, C in one community, and a retired plan with a cell Z over them."""
    with psycopg.connect(url) as connection:
        one = connection.execute
        one(
            "INSERT INTO division (code, name, level, parent_code) VALUES"
            " ('420106000000', '滨江区', 'county', NULL), ('420106001000', '望江街道', 'township', '420106000000'),"
            " ('420106001001', '桥头社区', 'village', '420106001000')"
        )
        one("INSERT INTO grid_plan (name, state) VALUES ('现行', 'published'), ('旧', 'retired')")
        for place, (code, plan) in enumerate([("A", 1), ("B", 1), ("C", 1), ("Z", 2)]):
            one(
                "INSERT INTO grid_cell (plan_id, code, name, division_code, households_declared, geom)"
                " VALUES (%s, %s, %s, '420106001001', 90, ST_Multi(ST_GeomFromText(%s, 4326)))",
                (plan, code, f"{code}网格", square(place % 3).wkt),
            )
        for code, households in (tallies or {}).items():
            one(
                "INSERT INTO cell_tally (cell_id, households, residents) SELECT id, %s, 7 FROM grid_cell WHERE code = %s",
                (households, code),
            )
        for worker, cell, role, begins, ends in posts:
            one(
                "INSERT INTO worker (code, name, phone) VALUES (%s, %s, '027-1') ON CONFLICT DO NOTHING",
                (worker, worker),
            )
            one(
                "INSERT INTO post (cell_id, worker_id, role, valid_from, valid_to)"
                " SELECT c.id, w.id, %s, current_date + %s::int, current_date + %s::int FROM grid_cell c, worker w"
                " WHERE c.code = %s AND w.code = %s",
                (role, begins, ends, cell, worker),
            )


def ask(url, question):
    """Run `question(connection)` on a connection of the hot kind."""

    async def run():
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            return await question(connection)

    with ThreadPoolExecutor(1) as thread:  # a browser of another test may hold this one's loop
        return thread.submit(lambda: asyncio.run(run())).result()


def address(z, lon=LON + SIDE, lat=LAT + SIDE / 2):
    n = 2**z
    return (
        z,
        int((lon + 180) / 360 * n),
        int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n),
    )


def tile(url, layers, z, **wish):
    z, x, y = address(z)
    return ask(
        url, lambda c: data.tiles.tile(c, data.tiles.Ask(tuple(layers.split(",")), z, x, y, **wish))
    )


def read(folder: Path, tile_bytes: bytes, layer: str, z: int) -> gpd.GeoDataFrame:
    path = folder / "one.mvt"
    path.write_bytes(tile_bytes)
    _, x, y = address(z)
    return pyogrio.read_dataframe(path, layer=layer, X=x, Y=y, Z=z).to_crs(4326)


def collect(url, wanted):
    async def run(connection):
        return b"".join([piece async for piece in data.layers.collection(connection, wanted)])

    return orjson.loads(ask(url, run))["features"]


TODAY_POSTS = [
    ("w1", "A", "grid_worker", 0, None),
    ("w1", "B", "grid_worker", -30, 1),
    ("w2", "B", "grid_worker", 0, None),
    ("w3", "C", "grid_worker", -30, 0),  # ended today
    ("w4", "C", "grid_worker", 1, None),  # begins tomorrow
    ("w5", "C", "grid_leader", 0, None),  # leads, does not carry
    ("w1", "Z", "grid_worker", 0, None),  # of another plan: takes none of his time
]


def test_load_splits_a_workers_time_over_his_cells(empty_url, tmp_path):
    draw(empty_url, posts=TODAY_POSTS, tallies={"A": 300, "B": 150, "C": 0})
    cells = read(tmp_path, tile(empty_url, "cells", 14), "cells", 14).sort_values("code")
    assert cells["code"].tolist() == ["A", "B", "C"]
    assert cells["households"].tolist() == [300, 150, 90]  # C: none counted, so the declared
    assert cells["load"].tolist()[:2] == [600, 100]
    assert math.isnan(cells["load"].tolist()[2])
    card = ask(empty_url, lambda c: data.grid_card.card(c, "B"))
    assert (card["load"], card["residents"], card["community_name"], card["street_name"]) == (
        100,
        7,
        "桥头社区",
        "望江街道",
    )
    assert [post["name"] for post in card["posts"]] == ["w1", "w2"]


def test_a_tile_shows_the_cells_where_they_are(empty_url, tmp_path):
    draw(empty_url)
    cells = read(tmp_path, tile(empty_url, "cells", 16), "cells", 16)
    step = 360 / 2**16 / 4096
    (b,) = cells[cells["code"] == "B"].geometry
    shown = shapely.box(*shapely.box(*b.bounds).intersection(square(1)).bounds)
    assert shapely.hausdorff_distance(shapely.box(*b.bounds), shown) < 2 * step


@pytest.mark.parametrize("z", [9, 12, 14, 16, 18])
def test_on_a_gcj02_basemap_cells_lie_where_they_should(empty_url, tmp_path, z):
    with psycopg.connect(empty_url) as connection:
        corner = gis.coordinates.convert(
            np.array(LON), np.array(LAT), source=Datum.GCJ02, target=Datum.WGS84
        )
        connection.execute(
            "INSERT INTO facility (code, name, geom) VALUES ('F', '井盖', ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (float(corner[0]) + SIDE, float(corner[1]) + SIDE / 2),
        )
        connection.execute(
            "INSERT INTO base_feature (kind, geom) SELECT 'water', geom FROM facility"
        )
    pond = read(tmp_path, tile(empty_url, "base", z, datum=Datum.GCJ02), "base", z).geometry.iloc[0]
    truth = gis.coordinates.convert(
        np.array(float(corner[0]) + SIDE),
        np.array(float(corner[1]) + SIDE / 2),
        source=Datum.WGS84,
        target=Datum.GCJ02,
    )
    off_m = math.hypot(
        (pond.x - truth[0]) * 111320 * math.cos(math.radians(LAT)), (pond.y - truth[1]) * 110574
    )
    pixel_m = 40075016 * math.cos(math.radians(LAT)) / 2**z / 512
    assert off_m < max(0.5 * pixel_m, 0.35)
    if z >= 14:
        assert off_m < 1.0


def test_below_zoom_12_points_are_counted_by_cell(town_url, tmp_path):
    with psycopg.connect(town_url) as connection:
        lon, lat, cells = connection.execute(
            "SELECT ST_X(p), ST_Y(p), n FROM (SELECT ST_Centroid(ST_Extent(geom)) p, count(*) n FROM grid_cell) t"
        ).fetchone()
    for z, names in ((11, {"facilities_by_cell", "cases_by_cell"}), (12, {"facilities", "cases"})):
        _, x, y = address(z, lon, lat)
        wish = data.tiles.Ask(("facilities", "cases"), z, x, y)
        path = tmp_path / "points.mvt"
        path.write_bytes(ask(town_url, lambda c, wish=wish: data.tiles.tile(c, wish)))
        assert {name for name, _ in pyogrio.list_layers(path)} == names
        if z == 11:
            frame = pyogrio.read_dataframe(path, layer="facilities_by_cell", X=x, Y=y, Z=z)
            assert len(frame) <= cells
            assert set(frame.columns) <= {"mvt_id", "n", "geometry"}


def test_a_tile_says_when_a_case_is_late_not_whether(empty_url, tmp_path):
    with psycopg.connect(empty_url) as connection:
        for code, state, due, overdue in (
            ("runs", "handling", "2026-11-23T08:00Z", None),
            ("late", "handling", "2026-11-23T08:00Z", "2026-11-22T08:00Z"),
            ("stands", "suspended", "2026-11-23T08:00Z", None),
            ("ended", "closed", "2026-11-23T08:00Z", "2026-11-22T08:00Z"),
            ("free", "handling", None, None),
        ):
            connection.execute(
                "INSERT INTO case_file (code, title, state, due_at, overdue_at, geom) VALUES "
                "(%s, '积水', %s, %s, %s, ST_Point(114.3, 30.6, 4326))",
                (code, state, due, overdue),
            )
    _, x, y = address(15, 114.3, 30.6)
    path = tmp_path / "cases.mvt"
    wish = data.tiles.Ask(("cases",), 15, x, y)
    path.write_bytes(ask(empty_url, lambda c: data.tiles.tile(c, wish)))
    told = pyogrio.read_dataframe(path, layer="cases", X=x, Y=y, Z=15).set_index("code")["due"]
    minutes = (told.dropna() * 60).astype("int64").astype("datetime64[s]").astype(str).to_dict()
    assert minutes == {"runs": "2026-11-23 08:00:00", "late": "2026-11-22 08:00:00"}


def test_another_plan_is_shown_by_name(empty_url, tmp_path):
    draw(empty_url)
    shown = read(tmp_path, tile(empty_url, "cells", 14, plan="旧"), "cells", 14)
    assert shown["code"].tolist() == ["Z"]
    with pytest.raises(NotFound, match="现行"):
        ask(empty_url, lambda c: data.layers.version(c, ("cells",), "无此"))


def test_the_version_changes_with_what_is_kept(empty_url):
    draw(empty_url)
    seen = [ask(empty_url, lambda c: data.layers.version(c, ("cells",)))]
    for layer in ("cells", "posts", "cases"):
        with psycopg.connect(empty_url) as connection:
            connection.execute("INSERT INTO data_version VALUES (%s, 1)", (layer,))
        seen.append(ask(empty_url, lambda c: data.layers.version(c, ("cells",))))
    assert len(set(seen)) == 4
    assert ask(empty_url, lambda c: data.layers.version(c, ("base",))).startswith("1.")


def test_areas_are_cells_or_branches_of_the_division_tree(empty_url):
    draw(empty_url)

    def codes(code):
        area = ask(empty_url, lambda c: data.layers.area_of(c, code))
        cells = collect(empty_url, data.layers.Wanted("cells", area=area))
        return [feature["properties"]["code"] for feature in cells]

    assert codes("B") == ["B"]
    for branch in ("420106001001", "420106001000", "420106000000", "4201"):
        assert codes(branch) == ["A", "B", "C"]
    with pytest.raises(NotFound):
        codes("5")
    with pytest.raises(BadInput, match="use bbox"):
        data.layers.check(data.layers.Wanted("base", area=data.layers.Area([1], [])))


def test_features_come_in_chunks_and_stop_at_the_limit(empty_url, monkeypatch):
    draw(empty_url)
    monkeypatch.setattr(data.layers, "CHUNK", 2)
    every = collect(empty_url, data.layers.Wanted("cells"))
    assert [f["properties"]["code"] for f in every] == ["A", "B", "C"]
    assert shapely.equals_exact(
        shapely.from_geojson(orjson.dumps(every[0]["geometry"])).geoms[0].normalize(),
        square(0).normalize(),
        1e-7,
    )
    assert len(collect(empty_url, data.layers.Wanted("cells", limit=2))) == 2
    box = data.layers.read_box(f"{LON + 1.2 * SIDE},{LAT},{LON + 1.5 * SIDE},{LAT + SIDE}")
    assert [
        f["properties"]["code"] for f in collect(empty_url, data.layers.Wanted("cells", box))
    ] == ["B"]


def test_geojson_in_gcj02_is_shifted_exactly(empty_url):
    draw(empty_url)
    (plain, *_), (moved, *_) = (
        [
            shapely.from_geojson(orjson.dumps(f["geometry"]))
            for f in collect(empty_url, data.layers.Wanted("cells", datum=d))
        ]
        for d in (Datum.WGS84, Datum.GCJ02)
    )
    (truth,) = gis.coordinates.convert_shapes(
        np.array([plain]), source=Datum.WGS84, target=Datum.GCJ02
    )
    assert shapely.hausdorff_distance(moved, truth) < 1e-9


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3", "four numbers"),
        ("a,b,c,d", "four numbers"),
        ("nan,1,2,3", "four numbers"),
        ("3,1,2,4", "wrong way round"),
        ("30,114,31,115", "swapped"),
        ("1,2,3,400", "no place"),
    ],
)
def test_a_bad_box_is_refused_in_words(text, says):
    with pytest.raises(BadInput, match=says):
        data.layers.read_box(text)


@pytest.mark.parametrize(
    "xyz",
    [
        ("a", "0", "0"),
        ("23", "0", "0"),
        ("1", "2", "0"),
        ("1", "0", "-1"),
        ("1", "0", "1.0"),
        ("٣", "0", "0"),
    ],
)
def test_a_bad_address_is_refused(xyz):
    with pytest.raises(BadInput):
        data.tiles_place.check_address(*xyz)


def test_search_puts_whole_codes_and_beginnings_first(empty_url):
    draw(empty_url)
    names = lambda q: [row["code"] for row in ask(empty_url, lambda c: data.grid_card.search(c, q))]  # noqa: E731
    assert names("b") == ["B"]
    assert names("网格") == ["A", "B", "C"]
    assert names("桥头社区C") == ["C"]
    assert names("%") == names("' OR 1=1") == []


def test_breaks_are_rising_and_readable():
    assert data.grid_card.breaks([213, 288, 351, 402], 480) == [210, 290, 350, 400]
    assert data.grid_card.breaks([1, 1, 2, 5], 9) == [1, 2, 5]
    assert data.grid_card.breaks([3, 3, 3, 3], 3) == []
    assert data.grid_card.breaks([], None) == data.grid_card.breaks([None] * 4, None) == []


def test_no_resident_leaves_by_any_layer(town_url):
    with psycopg.connect(town_url) as connection:
        connection.execute(
            "UPDATE resident SET name_mask = '慎勿外传', phone_mask = '13999999999', relation = '13888888888'"
        )
        code, lon, lat = connection.execute(
            "SELECT code, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM grid_cell LIMIT 1"
        ).fetchone()
    z, x, y = address(15, lon, lat)
    said = ask(
        town_url, lambda c: data.tiles.tile(c, data.tiles.Ask(tuple(data.tiles.RECIPES), z, x, y))
    )
    for layer in data.layers.LAYERS:
        said += orjson.dumps(collect(town_url, data.layers.Wanted(layer)))
    said += orjson.dumps(ask(town_url, lambda c: data.grid_card.card(c, code)), default=str)
    assert len(said) > 100_000
    for secret in ("慎勿外传", "13999999999", "13888888888"):
        assert secret.encode() not in said


# What is hidden


def counted(url, *counts):
    """Cells A, B, C with these residents, households and open cases; what is shown, decided."""
    draw(url)
    with psycopg.connect(url) as connection:
        for code, n in zip("ABC", counts, strict=True):
            connection.execute(
                "INSERT INTO cell_tally (cell_id, residents, households, open_cases)"
                " SELECT id, %(n)s, %(n)s, %(n)s FROM grid_cell WHERE code = %(code)s",
                {"n": n, "code": code},
            )
        connection.execute("SELECT show_counts()")


def as_viewer(url, viewer, question):
    """Run `question(connection)` as `viewer` sees the store."""

    async def run():
        pool = data.db.pool(url, size=1)
        await pool.open()
        try:
            async with data.scope.looking(pool, viewer) as connection:
                return await question(connection)
        finally:
            await pool.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()


def area_of_cell(url, code):
    with psycopg.connect(url) as connection:
        return connection.execute(
            "UPDATE grid_cell SET area_no = id WHERE code = %s RETURNING area_no", (code,)
        ).fetchone()[0]


def in_charge_of(url, code):
    area = area_of_cell(url, code)
    return Viewer(1, "w", "w", Role.WORKER, Scope(area, area))


def test_a_small_count_and_its_neighbours_are_hidden_from_those_outside(empty_url, tmp_path):
    counted(empty_url, 3, 300, 500)

    def seen(viewer):
        cards = [
            as_viewer(empty_url, viewer, lambda c, code=code: data.grid_card.card(c, code))
            for code in "ABC"
        ]
        return [(card["residents"], card["households"], card["hidden"]) for card in cards]

    away = (None, None, ["households", "residents", "open_cases"])
    assert seen(ANYBODY) == [away] * 3
    assert seen(in_charge_of(empty_url, "A")) == [(3, 3, []), away, away]
    z, x, y = address(14)
    wish = data.tiles.Ask(("cells", "cases"), z, x, y)
    cells = read(
        tmp_path,
        as_viewer(empty_url, in_charge_of(empty_url, "A"), lambda c: data.tiles.tile(c, wish)),
        "cells",
        14,
    ).sort_values("code")
    assert cells["hidden"].fillna("").tolist() == [
        "",
        "households,open_cases",
        "households,open_cases",
    ]
    assert cells["households"].tolist()[0] == 3
    assert cells[["households", "open_cases"]].iloc[1:].isna().all().all()


def test_totals_are_of_what_is_shown_and_say_how_much_is_not(empty_url):
    counted(empty_url, 3, 300, 500)
    for viewer, residents, hidden in [(ANYBODY, 0, 3), (in_charge_of(empty_url, "B"), 300, 2)]:
        told = as_viewer(empty_url, viewer, data.grid_card.overview)
        assert (told["totals"]["residents"], told["hidden"]["residents"]) == (residents, hidden)
        assert told["totals"]["cells_without_households"] == 0
    exact = ask(empty_url, data.grid_card.overview)
    assert (exact["totals"]["residents"], exact["hidden"]["residents"]) == (803, 0)


def test_where_nothing_is_small_everybody_sees_the_numbers(empty_url):
    counted(empty_url, 0, 300, 500)
    told = as_viewer(empty_url, ANYBODY, data.grid_card.overview)
    assert (told["totals"]["residents"], told["hidden"]["residents"]) == (800, 0)
    card = as_viewer(empty_url, ANYBODY, lambda c: data.grid_card.card(c, "A"))
    assert (card["residents"], card["open_cases"], card["hidden"]) == (0, 0, [])
    assert card["open_cases_by_state"] is None


def test_below_zoom_12_no_point_tells_a_hidden_count(empty_url, tmp_path):
    counted(empty_url, 3, 300, 500)
    z, x, y = address(11)
    wish = data.tiles.Ask(("cases",), z, x, y)
    assert as_viewer(empty_url, ANYBODY, lambda c: data.tiles.tile(c, wish)) == b""
    own = as_viewer(empty_url, in_charge_of(empty_url, "C"), lambda c: data.tiles.tile(c, wish))
    assert read(tmp_path, own, "cases_by_cell", 11)["n"].tolist() == [500]


@pytest.mark.parametrize("code", ["42010", "4201060010", "420106001009", "%", "", "٤٢"])
def test_an_area_that_is_none_is_refused_as_exports_refuse_it(empty_url, code):
    draw(empty_url)
    with pytest.raises(NotFound) as refusal:
        ask(empty_url, lambda c: data.layers.area_of(c, code))
    assert str(refusal.value) == f"{code!r} is neither the code of a cell nor of a division"


def test_what_has_no_place_is_told_so(town_url):
    name = 'a "geometry": {"type": null} b'
    with psycopg.connect(town_url) as connection:
        connection.execute(
            "UPDATE facility SET geom = NULL, name = %s WHERE id = (SELECT min(id) FROM facility)",
            (name,),
        )
    first, other = collect(town_url, data.layers.Wanted("facilities", limit=2))
    assert (first["type"], first["geometry"], first["properties"]["name"]) == (
        "Feature",
        None,
        name,
    )
    assert other["geometry"]["type"] == "Point"
