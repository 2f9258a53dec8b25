"""The same question to shapely and to PostGIS gets one answer: which cell holds this point."""

import json

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import LAT, LON, SIDE, at, box, draw, filed, found, place, shapes

import data.locate
import data.locate_point
from gis.locate import cell_of

rng = np.random.default_rng


def both(db: Session, cells, points):
    """Codes by shapely and by the store, point by point ("" is unplaced)."""
    codes = np.array(list(cells))
    by_shapely = cell_of(points, shapes(cells), codes)
    names = [f"{number:06}" for number in range(len(points))]
    found(db, cells)
    place(db, "building", dict(zip(names, points, strict=True)))
    data.locate.refile(db, kinds=["buildings"])
    by_store = filed(db, "building")
    return (
        [str(codes[one]) if one >= 0 else "" for one in by_shapely],
        [by_store[name] or "" for name in names],
    )


def agree(db: Session, cells, points):
    one, other = both(db, cells, points)
    differ = [(points[n].wkt, one[n], other[n]) for n in range(len(points)) if one[n] != other[n]]
    assert differ == []
    return one


def lattice(columns, rows):
    """Every half square of a drawing and a margin around it: corners, edges, middles."""
    halves = [(x / 2, y / 2) for y in range(-1, 2 * rows + 2) for x in range(-1, 2 * columns + 2)]
    return np.array([at(x, y) for x, y in halves], dtype=object)


@pytest.mark.parametrize(
    "drawing", ["A", "AB", "BA", "CB/DA", "AAB/ACB", "D./.B", "BBB/BAB/BBB", "AB.CD/EEFGG/HI.JK"]
)
def test_drawn_towns(db, drawing):
    lines = drawing.split("/")
    answers = agree(db, draw(drawing), lattice(len(lines[0]), len(lines)))
    assert set(answers) == {"", *drawing.replace("/", "").replace(".", "")}


def test_overlaps_and_cells_inside_cells(db):
    cells = {"C": box(0, 0, 3, 3), "B": box(1, 1, 2, 2), "D": box(2, 0, 5, 2), "A": box(4, 1, 6, 3)}
    assert set(agree(db, cells, lattice(6, 3))) == {"", "A", "B", "C", "D"}


@pytest.mark.parametrize(
    "codes",
    [
        ("b", "A", "a", "B"),
        ("10", "9", "09", "1"),
        ("é", "e", "z", "É"),
        ("网格", "乙", "甲", "z"),
        ("a-b", "ab", "a b", "a_b"),
        ("𠀀", "￿", "Ａ", "A"),
    ],
)
def test_codes_that_languages_and_bytes_sort_differently(db, codes):
    by_language = 'ALTER TABLE grid_cell ALTER code TYPE text COLLATE "und-x-icu"'
    db.execute(sa.text(by_language))  # as in a store that was made for a language
    squares = [box(0, 0, 1, 1), box(1, 0, 2, 1), box(0, 1, 1, 2), box(1, 1, 2, 2)]
    cells = dict(zip(codes, squares, strict=True))
    answers = agree(db, cells, lattice(2, 2))
    lowest = min(codes, key=str.encode)
    assert answers[3 * 7 + 3] == lowest, "the corner where all four meet"
    asked = data.locate_point.question(at(1, 1).x, at(1, 1).y, accuracy_m=0)
    assert json.loads(data.locate_point.at_once(db, asked))["cell"]["code"] == lowest


def delaunay(seed, count=60):
    """A coverage of random triangles, their codes in no order of place."""
    random = rng(seed)
    spots = shapely.multipoints(
        np.column_stack([LON + random.random(count), LAT + random.random(count)])
    )
    triangles = shapely.get_parts(shapely.delaunay_triangles(spots))
    codes = random.permutation(len(triangles))
    return {f"T{code:03}": triangle for code, triangle in zip(codes, triangles, strict=True)}


def on_edges(cells, *, fractions):
    """Points along every edge, as near to it as floats allow."""
    edges = [
        line
        for shape in cells.values()
        for line in map(
            shapely.LineString, zip(shape.exterior.coords, shape.exterior.coords[1:], strict=False)
        )
    ]
    return np.concatenate(
        [shapely.line_interpolate_point(edges, part, normalized=True) for part in fractions]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_coverage_its_corners_and_points_anywhere(db, seed):
    cells = delaunay(seed)
    random = rng(seed)
    anywhere = shapely.points(
        LON - 0.1 + 1.2 * random.random(2_000), LAT - 0.1 + 1.2 * random.random(2_000)
    )
    corners = shapely.points(np.unique(shapely.get_coordinates(shapes(cells)), axis=0))
    answers = agree(db, cells, np.concatenate([anywhere, corners]))
    assert "" in answers
    assert "" not in answers[2_000:]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_coverage_on_its_edges(db, seed):
    cells = delaunay(seed)
    agree(db, cells, on_edges(cells, fractions=(0.5, 0.25, 1 / 3, 0.123456789)))


def test_points_that_stand_on_slanting_edges_exactly(db):
    """Halves of lattice points lie on their edges to the last bit."""
    random = rng(7)
    knots = np.column_stack(
        [LON + random.integers(0, 64, 80) * SIDE, LAT + random.integers(0, 64, 80) * SIDE]
    )
    triangles = shapely.get_parts(
        shapely.delaunay_triangles(shapely.multipoints(np.unique(knots, axis=0)))
    )
    cells = {f"T{number:03}": triangle for number, triangle in enumerate(triangles)}
    answers = agree(db, cells, on_edges(cells, fractions=(0.5, 0.25)))
    assert "" not in answers


def test_nothing_to_file_and_nothing_to_file_into(db):
    found(db, {})
    place(db, "building", {"1": at(0, 0)})
    assert data.locate.refile(db, kinds=["buildings"])[0].outside == 1
    assert filed(db, "building") == {"1": None}
    assert db.scalar(sa.text("SELECT count(*) FROM cell_tally")) == 0
