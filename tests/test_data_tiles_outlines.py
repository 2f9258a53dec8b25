"""Outlines kept for tiles: edges stay shared, an edit is in the next tile, what is missing is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg
import pyogrio
import pytest
import shapely
import sqlalchemy as sa

import data.db
import data.layers
import data.scope
import data.tiles
import data.tiles_kept
import data.tiles_outlines
import data.tiles_place
import gis.outlines
from data.tiles import Ask
from gis.access import ANYBODY
from gis.terms import Datum


@pytest.fixture
def outlined(town: sa.Engine) -> sa.Engine:
    """A small town of which nothing is missing."""
    with data.db.transaction(town) as db:
        data.tiles_outlines.make_all(db)
    return town


def url_of(store: sa.Engine) -> str:
    return store.url.set(drivername="postgresql").render_as_string(hide_password=False)


def ask(store: sa.Engine, question: Callable[[psycopg.AsyncConnection[Any]], Any]) -> Any:
    async def run() -> Any:
        async with await psycopg.AsyncConnection.connect(url_of(store), autocommit=True) as one:
            return await question(one)

    return asyncio.run(run())


def run(store: sa.Engine, sql: str, **values: Any) -> Any:
    with store.begin() as db:
        answer = db.execute(sa.text(sql), values)
        return answer.all() if answer.returns_rows else None


def middle(store: sa.Engine, z: int) -> tuple[int, int, int]:
    (x, y), = run(store, "SELECT ST_X(c), ST_Y(c) FROM (SELECT ST_PointOnSurface(geom_3857) c "
                  "FROM grid_cell ORDER BY id LIMIT 1) one")  # fmt: skip
    side = 2 * gis.outlines.HALF_M / 2**z
    return z, int((x + gis.outlines.HALF_M) / side), int((gis.outlines.HALF_M - y) / side)


def drawn(
    store: sa.Engine, place: tuple[int, int, int], path: Path, **more: Any
) -> gpd.GeoDataFrame:
    """The cells of a tile by id, in units of the tile."""
    z, x, y = place
    path.write_bytes(ask(store, lambda one: data.tiles.tile(one, Ask(("cells",), z, x, y, **more))))
    frame = pyogrio.read_dataframe(path, layer="cells", X=x, Y=y, Z=z, fid_as_index=True)
    half, unit = gis.outlines.HALF_M, gis.outlines.unit_m(z)
    west, north = x * 4096 * unit - half, half - y * 4096 * unit
    frame["geometry"] = frame.geometry.affine_transform(
        [1 / unit, 0, 0, -1 / unit, -west / unit, north / unit]
    )
    return frame.set_index("code").sort_index()


@pytest.mark.parametrize("zoom", gis.outlines.ZOOMS)
def test_cells_of_every_zoom_share_their_edges(outlined: sa.Engine, zoom: int) -> None:
    rows = run(outlined, "SELECT ST_AsBinary(shape), ST_NPoints(c.geom) FROM cell_outline o "
               "JOIN grid_cell c ON c.id = o.cell_id WHERE zoom = :z", z=zoom)  # fmt: skip
    force = run(outlined, f"SELECT count(*) FROM grid_cell WHERE {data.tiles_outlines.IN_FORCE}")
    assert len(rows) == force[0][0]
    shapes = shapely.from_wkb([row[0] for row in rows if row[0] is not None])
    assert len(shapes) > 0.9 * len(rows)
    assert (shapely.get_coordinates(shapes) % 1 == 0).all()
    assert shapely.is_valid(shapes).all()
    assert not shapely.is_ccw(shapely.get_exterior_ring(shapely.get_geometry(shapes, 0))).any()
    if len(shapes) == len(rows):
        assert shapely.coverage_is_valid(shapes)
    before = sum(row[1] for row in rows)
    assert shapely.get_num_coordinates(shapes).sum() < before


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.GCJ02])
@pytest.mark.parametrize("zoom", [10, 12, 14])
def test_a_tile_of_outlines_is_that_of_the_cells_but_for_a_hair(
    outlined: sa.Engine, tmp_path: Path, zoom: int, datum: Datum
) -> None:
    place = middle(outlined, zoom)
    kept = drawn(outlined, place, tmp_path / "kept.mvt", datum=datum)
    run(outlined, "DELETE FROM cell_outline")
    plain = drawn(outlined, place, tmp_path / "plain.mvt", datum=datum)
    told = [name for name in plain.columns if name != "geometry"]
    both = kept.index.intersection(plain.index)
    assert len(both) > 3
    assert set(plain.index) - set(kept.index) == set()
    assert kept.loc[both, told].equals(plain.loc[both, told])
    tile = shapely.box(0, 0, 4096, 4096)  # outside it, outlines go on
    ours, theirs = (
        shapely.intersection(one.loc[both].geometry.values, tile) for one in (kept, plain)
    )
    strip = shapely.area(shapely.symmetric_difference(ours, theirs))
    # what is left out of a line is never more than some units beside it
    assert (strip <= 2 * gis.outlines.TOLERANCE * shapely.length(theirs) + 8).all()
    if zoom < 14:  # there little is left out, and nothing clipped
        assert kept.geometry.count_coordinates().sum() < plain.geometry.count_coordinates().sum()


def test_an_edit_is_in_the_next_tile_and_the_outline_is_made_again(
    outlined: sa.Engine, tmp_path: Path
) -> None:
    place = middle(outlined, 14)
    before = drawn(outlined, place, tmp_path / "one.mvt")
    code = before.geometry.area.idxmax()
    moved = ("UPDATE grid_cell SET geom = ST_Multi(ST_Scale(geom, ST_MakePoint(0.5, 0.5), "
             "ST_PointOnSurface(geom))) WHERE code = :code")  # fmt: skip
    run(outlined, moved, code=code)
    after = drawn(outlined, place, tmp_path / "two.mvt")
    assert after.geometry.area[code] < 0.5 * before.geometry.area[code]
    others = after.index.drop(code)
    assert after.loc[others].geom_equals(before.loc[others]).all()
    count = (
        "SELECT count(*) FROM cell_outline JOIN grid_cell c ON c.id = cell_id WHERE code = :code"
    )
    assert run(outlined, count, code=code) == [(0,)]

    with data.db.transaction(outlined) as db:
        data.db.bump(db, "cells")
    with data.db.transaction(outlined) as db:
        data.tiles_outlines.make_all(db)
    assert run(outlined, count, code=code) == [(len(gis.outlines.ZOOMS),)]
    again = drawn(outlined, place, tmp_path / "three.mvt")
    assert again.geometry.area[code] == pytest.approx(after.geometry.area[code], rel=0.1)


def test_an_outline_goes_with_its_cell(outlined: sa.Engine) -> None:
    (one,), = run(outlined, "SELECT max(cell_id) FROM cell_outline")  # fmt: skip
    run(outlined, "DELETE FROM grid_cell WHERE id = :one", one=one)
    assert run(outlined, "SELECT count(*) FROM cell_outline WHERE cell_id = :one", one=one) == [
        (0,)
    ]


def test_nobody_keeps_an_outline_while_somebody_draws(outlined: sa.Engine) -> None:
    (one,), = run(outlined, "SELECT max(cell_id) FROM cell_outline")  # fmt: skip
    run(outlined, "DELETE FROM cell_outline WHERE zoom = 14 AND cell_id = :one", one=one)
    with outlined.begin() as drawing:
        drawing.execute(sa.text("UPDATE grid_cell SET geom = geom WHERE id = :one"), {"one": one})
        with data.db.transaction(outlined) as db:
            assert not data.tiles_outlines.make(db, 14, [one])
    with data.db.transaction(outlined) as db:
        assert data.tiles_outlines.make(db, 14, [one])


def test_workers_counted_of_another_ground_are_counted_by_the_tile(outlined: sa.Engine) -> None:
    async def made() -> tuple[bytes, bytes, bool]:
        pool = data.db.pool(url_of(outlined))
        await pool.open()
        shelf, wish = data.tiles_kept.Shelf(), Ask(("cells",), *middle(outlined, 12))
        tile = await shelf.make(pool, ANYBODY, wish)
        async with data.scope.looking(pool, ANYBODY) as connection:
            by_itself = await data.tiles.tile(connection, wish)
            counted = (await data.layers.versions(connection))[1]
        await pool.close()
        return tile.plain, by_itself, counted

    first, itself, counted = asyncio.run(made())
    assert (first, counted) == (itself, True)
    with data.db.transaction(outlined) as db:
        db.execute(sa.text("UPDATE post SET valid_to = current_date WHERE id % 2 = 0"))
        data.db.bump(db, "posts")
    second, itself, counted = asyncio.run(made())
    assert (second, counted) == (itself, False)
    assert second != first
    with data.db.transaction(outlined) as db:
        data.tiles_outlines.make_all(db)
    third, itself, counted = asyncio.run(made())
    assert (third, counted) == (itself, True)
    assert third == second


def test_features_of_cells_say_the_same_whoever_counted_the_workers(outlined: sa.Engine) -> None:
    async def features(one: psycopg.AsyncConnection[Any]) -> bytes:
        return b"".join(
            [piece async for piece in data.layers.collection(one, data.layers.Wanted("cells"))]
        )

    counted = ask(outlined, features)
    run(outlined, "DELETE FROM store_fact WHERE key = 'cell_workers'")
    run(outlined, "DELETE FROM cell_workers")
    assert ask(outlined, features) == counted
    assert b'"load": null' in counted or b'"load":' in counted


def test_points_stand_where_postgis_would_put_them(outlined: sa.Engine) -> None:
    rows = run(outlined, "SELECT dot[0], dot[1], ST_X(m), ST_Y(m) FROM "
               "(SELECT dot, ST_Transform(geom, 3857) m FROM facility WHERE geom IS NOT NULL) one")  # fmt: skip
    told = np.array(rows)
    assert len(told) > 50
    assert np.abs(told[:, :2] - told[:, 2:]).max() < 1e-6
