"""The index over cells answers as GEOS does: on clean coverages and dirty ones, beside edges, on
them, at corners, and anywhere."""

from __future__ import annotations

from pathlib import Path

import coverages
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis.cell_index
import gis.cell_raster
from gis.cell_edges import edges_of
from gis.cell_raster import UNSURE


def exactly(cells, x, y):
    return gis.cell_index.exactly(shapely.points(x, y), shapely.STRtree(cells))


def asked(cells, rng, *, random=2000, most=None):
    """Places all over the ground and beyond it, at every corner, in the middle of every edge, and
    beside all of these by hardly more than nothing; of `most` edges."""
    west, south, east, north = shapely.total_bounds(cells)
    wide, high = east - west, north - south
    anywhere = rng.uniform(
        (west - wide / 9, south - high / 9), (east + wide / 9, north + high / 9), (random, 2)
    )
    edges = edges_of(cells)
    edges = edges[rng.permutation(len(edges))[:most]]
    on = np.concatenate([edges.low, edges.high, (edges.low + edges.high) / 2])
    share = rng.random((len(edges), 1))
    on = np.concatenate([on, edges.low + share * (edges.high - edges.low)])
    up = np.nextafter(on, np.inf)
    beside = on + rng.normal(0, 1e-9, on.shape) * (wide, high)
    return np.concatenate([anywhere, on, up, np.nextafter(on, -np.inf), beside]).T


def agrees(cells, rng, **how):
    """The index over these cells says what GEOS says; returns the index."""
    index = gis.cell_index.build(cells)
    x, y = asked(cells, rng, **how)
    found = index.locate(x, y)
    wrong = found != exactly(cells, x, y)
    assert not wrong.any(), (x[wrong][:3].tolist(), y[wrong][:3].tolist(), found[wrong][:3])
    return index


def fields(rng, count=40):
    return coverages.fields(rng, count, shapely.box(0, 0, 3000, 2000))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 120))
def test_a_coverage_is_answered_as_by_geos(seed, count):
    rng = np.random.default_rng(seed)
    agrees(fields(rng, count), rng)


def dirtied(rng, cells):
    """Gaps, overlaps, slivers, corners on edges, holes, cells in several parts, and one twice."""
    cells = cells.copy()
    some = rng.permutation(len(cells))
    shift = rng.normal(0, 1e-5, (len(cells), 2))
    for at in some[:6]:
        cells[at] = shapely.transform(cells[at], lambda xy, at=at: xy + shift[at])
    for at in some[6:9]:
        cells[at] = shapely.buffer(cells[at], rng.uniform(-2e-4, 2e-4))
    for at in some[9:12]:
        cells[at] = shapely.segmentize(cells[at], 2e-4)
    for at in some[12:15]:
        middle = shapely.buffer(shapely.point_on_surface(cells[at]), 1e-5)
        cells[at] = shapely.difference(cells[at], middle)
    one, other, far = some[15:18]
    cells[one] = shapely.union(cells[one], cells[far])
    cells[other] = shapely.box(*shapely.bounds(cells[other]))
    return np.append(cells, cells[some[18]])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_dirty_coverage_is_answered_as_by_geos(seed):
    rng = np.random.default_rng(seed)
    cells = dirtied(rng, fields(rng))
    cells = cells[shapely.is_valid(cells) & ~shapely.is_empty(cells)]
    agrees(cells, rng)


@pytest.mark.parametrize("columns", [1, 2, 7, 64])
def test_squares_whose_borders_lie_on_the_axes(columns):
    x, y = np.meshgrid(np.arange(columns), np.arange(columns))
    cells = shapely.box(x.ravel(), y.ravel(), x.ravel() + 1.0, y.ravel() + 1.0)
    agrees(cells, np.random.default_rng(columns))


def test_edges_on_the_borders_of_pixels(monkeypatch):
    """A frame whose pixels are as large as the squares: every corner lies on a corner of them."""
    frame = gis.cell_raster.Frame(-1.0, -1.0, 1.0, 1.0, side=4)
    monkeypatch.setattr(gis.cell_raster, "_frame", lambda *_: frame)
    x, y = np.meshgrid(np.arange(12.0), np.arange(12.0))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + 1, y.ravel() + 1)
    agrees(squares, np.random.default_rng(1))
    corners = shapely.transform(squares, lambda xy: xy[:, ::-1] * 0.5 + xy * 0.5)
    agrees(shapely.union(squares[:1], corners[-1:]), np.random.default_rng(2))


def test_metres_zones_and_places_far_from_the_origin():
    rng = np.random.default_rng(4)
    for scale, shift in (
        (1e5, (38_500_000.0, 3_400_000.0)),
        (1e-6, (0.0, 0.0)),
        (1.0, (-180.0, -90.0)),
    ):
        cells = shapely.transform(
            fields(rng), lambda xy, s=scale, t=shift: (xy - xy.min(axis=0)) * s + t
        )
        agrees(cells, rng)


def test_no_cells_no_place_and_nothing_asked():
    none = np.array([], dtype=object)
    assert gis.cell_index.build(none).locate(np.array([1.0]), np.array([2.0])).tolist() == [-1]
    index = gis.cell_index.build(np.array([shapely.box(0, 0, 1, 1)]))
    assert index.locate(np.array([]), np.array([])).tolist() == []
    x = np.array([np.nan, np.inf, -np.inf, 0.5, 1.0, 1.0000001, 1e308])
    assert index.locate(x, np.full(7, 0.5)).tolist() == [-1, -1, -1, 0, 0, -1, -1]


def test_of_several_cells_the_first_has_the_place():
    over = np.array([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), shapely.box(1, 1, 3, 3)])
    index = gis.cell_index.build(over)
    spots = np.array([[0.5, 0.5], [1.5, 1.5], [2.5, 2.5], [2.0, 2.0], [1.0, 1.0], [4.0, 4.0]]).T
    assert index.locate(*spots).tolist() == [0, 0, 1, 0, 0, -1]


def test_geos_is_asked_of_hardly_any_point_of_a_clean_coverage():
    """Else it would be no index."""
    rng = np.random.default_rng(7)
    cells = fields(rng, 300)
    index = gis.cell_index.build(cells)
    x, y = rng.uniform(*shapely.total_bounds(cells).reshape(2, 2), (50_000, 2)).T
    unsure = index._of_some(x, y) == UNSURE
    assert unsure.mean() < 0.002


@pytest.mark.parametrize(
    "file",
    [
        "cn_shenzhen_grid/grid.shp", "cn_shenzhen_grid/sz.shp", "messy/auckland.shp",
        "cn_chongqing/chongqing_shp_wgs84", "cn_wuhan_admin/wuhan_districts_13_wuhandiary.geojson",
        "providence_blocks", "tw_kaohsiung", "chicago_311/Boundaries.geojson",
    ],
)  # fmt: skip
def test_real_coverages_are_answered_as_by_geos(file: str, real: Path):
    path = real / file
    files = [path] if path.is_file() else sorted([*path.glob("*.shp"), *path.glob("*.geojson"), *path.glob("*.zip")])  # fmt: skip
    assert files
    rng = np.random.default_rng(5)
    for one in files:
        told = pyogrio.read_dataframe(f"/vsizip/{one}" if one.suffix == ".zip" else one)
        shapes = np.asarray(shapely.make_valid(told.geometry.to_numpy(), method="structure"))
        cells = shapes[np.isin(shapely.get_type_id(shapes), (3, 6))]
        if len(cells):
            agrees(cells, rng, random=5_000, most=2_000)
