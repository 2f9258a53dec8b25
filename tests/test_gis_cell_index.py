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
import gis.locate
from gis.cell_edges import edges_of
from gis.cell_raster import UNSURE


def coded(cells):
    return np.array([f"{at:05d}" for at in range(len(cells))], dtype="U5")


def build(cells):
    return gis.cell_index.build(coded(cells), cells)


def exactly(cells, x, y, codes=None):
    pairs = shapely.STRtree(cells).query(shapely.points(x, y), predicate="intersects")
    return gis.locate.first_of(pairs, coded(cells) if codes is None else codes, len(x))


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
    start, end = edges.ends[:, :2], edges.ends[:, 2:]
    on = np.concatenate([start, end, (start + end) / 2])
    share = rng.random((len(edges), 1))
    on = np.concatenate([on, start + share * (end - start)])
    up = np.nextafter(on, np.inf)
    off = rng.normal(0, 10 ** rng.uniform(-11, -3, (len(on), 1)), on.shape)
    beside = on + off * (wide, high)
    return np.concatenate([anywhere, on, up, np.nextafter(on, -np.inf), beside]).T


def agrees(cells, rng, **how):
    """The index over these cells says what GEOS says; returns the index."""
    index = build(cells)
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
    assert build(none).locate(np.array([1.0]), np.array([2.0])).tolist() == [-1]
    index = build(np.array([shapely.box(0, 0, 1, 1)]))
    assert index.locate(np.array([]), np.array([])).tolist() == []
    x = np.array([np.nan, np.inf, -np.inf, 0.5, 1.0, 1.0000001, 1e308])
    assert index.locate(x, np.full(7, 0.5)).tolist() == [-1, -1, -1, 0, 0, -1, -1]


def test_of_several_cells_the_first_has_the_place():
    over = np.array([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3), shapely.box(1, 1, 3, 3)])
    index = build(over)
    spots = np.array([[0.5, 0.5], [1.5, 1.5], [2.5, 2.5], [2.0, 2.0], [1.0, 1.0], [4.0, 4.0]]).T
    assert index.locate(*spots).tolist() == [0, 0, 1, 0, 0, -1]


def test_geos_is_asked_of_hardly_any_point_of_a_clean_coverage():
    """Else it would be no index."""
    rng = np.random.default_rng(7)
    cells = fields(rng, 300)
    index = build(cells)
    x, y = rng.uniform(*shapely.total_bounds(cells).reshape(2, 2), (50_000, 2)).T
    unsure = index.looked(x, y) == UNSURE
    assert unsure.mean() < 0.002


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), dirty=st.booleans())
def test_a_redrawn_index_answers_as_one_built_anew(seed, dirty):
    """Corners pulled, cells merged, split, gone and come; codes in no order; the former index still
    answers as before."""
    rng = np.random.default_rng(seed)
    cells = fields(rng, 60)
    cells = dirtied(rng, cells) if dirty else cells
    cells = cells[shapely.is_valid(cells) & ~shapely.is_empty(cells)]
    codes = rng.permutation(coded(cells))
    index = first = gis.cell_index.build(codes, cells)
    places = asked(cells, rng, random=500)
    before = first.locate(*places)
    for _ in range(4):
        changed, shapes = edited(rng, index)
        index = index.redrawn(changed, shapes)
        there = ~shapely.is_missing(index.cells)
        x, y = np.concatenate([asked(index.cells[there], rng, random=500), places], axis=1)
        found = index.locate(x, y)
        wrong = found != exactly(index.cells, x, y, index.codes)
        assert not wrong.any(), (x[wrong][:3], y[wrong][:3], found[wrong][:3])
    assert (first.locate(*places) == before).all()


def edited(rng, index):
    """What somebody may do to a few cells: their codes and outlines."""
    there = np.flatnonzero(~shapely.is_missing(index.cells))
    one = rng.choice(there)
    beside = there[shapely.touches(index.cells[there], index.cells[one])]
    act = rng.choice(["merge", "split", "gone", "moved"])
    if act == "merge" and len(beside):
        whole = shapely.union(index.cells[one], index.cells[beside[0]])
        return index.codes[[one, beside[0]]], np.array([whole, None], dtype=object)
    if act == "split":
        west, south, east, north = index.boxes[one]
        half = shapely.box(west, south, rng.uniform(west, east), north)
        parts = [shapely.intersection(index.cells[one], half), shapely.difference(index.cells[one], half)]  # fmt: skip
        return np.array([index.codes[one], f"{rng.integers(10**5):05d}x"]), np.array(parts)
    if act == "gone":
        return index.codes[[one]], np.array([None], dtype=object)
    off = rng.normal(0, 1e-4, 2)
    return index.codes[[one]], np.array([shapely.transform(index.cells[one], lambda xy: xy + off)])


def test_hardly_anything_is_drawn_anew():
    """Else it would be no window."""
    rng = np.random.default_rng(8)
    cells = fields(rng, 400)
    index = build(cells)
    at = int(np.argmin(shapely.distance(cells, shapely.centroid(shapely.union_all(cells)))))
    other = shapely.touches(cells, cells[at]).argmax()
    whole = shapely.union(cells[at], cells[other])
    after = index.redrawn(index.codes[[at, other]], np.array([whole, None], dtype=object))
    changed = after.raster.coarse != index.raster.coarse
    assert after.raster.fine is index.raster.fine
    assert 0 < changed.mean() < 0.05


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
