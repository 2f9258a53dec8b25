"""The streets of the store: one graph, read again when the ground has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

import data.db
import data.files.osm
import data.roads
import gis.roads
from gis.errors import BadInput


def pave(db, kind, *lines):
    db.execute(
        sa.text("INSERT INTO base_feature (kind, geom) VALUES (:k, ST_GeomFromText(:w, 4326))"),
        [{"k": kind, "w": line} for line in lines],
    )


def test_streets_are_read_once_and_again_when_the_ground_changes(store):
    with data.db.transaction(store) as db:
        pave(db, "road", "LINESTRING(114 30, 114.001 30)")
        first = data.roads.streets(db)
    assert round(first.roads.length_m.sum()) == 96
    with data.db.transaction(store) as db:
        assert data.roads.streets(db) is first
        pave(db, "road", "LINESTRING(114.001 30, 114.002 30)")
        assert data.roads.streets(db) is first  # nobody said that the ground has changed
        data.db.bump(db, "base")
        second = data.roads.streets(db)
    assert (round(second.roads.length_m.sum()), second.version) == (193, first.version + 1)
    start, goal = second.plane.metres([(114, 30), (114.002, 30)])
    found = gis.roads.walk_s(second.roads, [start], [goal], gis.roads.Pace(speed_m_s=1))
    assert round(float(found[0, 0])) == 193


def test_only_lines_that_are_roads_count(db):
    pave(db, "green", "LINESTRING(114 30, 114.001 30)")
    pave(db, "road", "POLYGON((114 30, 114.001 30, 114 30.001, 114 30))")
    pave(db, "road", "MULTILINESTRING((114 30, 114.001 30), (114.001 30, 114.001 30.001))")
    data.db.bump(db, "base")
    assert round(data.roads.streets(db).roads.length_m.sum()) == 96 + 111


def test_two_stores_do_not_share_streets(store, town):
    with data.db.transaction(store) as db, data.db.transaction(town) as there:
        assert data.roads.streets(db).roads is None
        assert len(data.roads.streets(there).roads.xy) > 100


def test_the_streets_of_the_town_hang_together(town):
    with data.db.transaction(town) as db:
        found = data.roads.streets(db)
    assert (found.roads.island == 0).all()
    assert np.hypot(*found.roads.xy.T).max() < 5_000  # metres around the middle of the town


def test_without_streets_the_plane_lies_around_the_cells(town):
    with data.db.transaction(town) as db:
        middle = data.roads.streets(db).plane
        db.execute(sa.text("DELETE FROM base_feature"))
        data.db.bump(db, "base")
        bare = data.roads.streets(db)
    assert bare.roads is None
    assert np.hypot(*middle.metres([(bare.plane.lon, bare.plane.lat)])[0]) < 200


def test_the_streets_of_an_extract_may_be_walked_on(real: Path):
    lines = data.files.osm.streets(real / "osm_malta_helsinki" / "Helsinki.osm.pbf")
    roads = gis.roads.build(gis.roads.Plane(24.944, 60.171).lines(lines))
    largest = np.bincount(roads.island).max()
    assert len(lines) > 2_000
    assert largest > 0.9 * len(roads.xy)


def test_what_is_no_extract_is_refused(tmp_path):
    wrong = tmp_path / "wrong.osm.pbf"
    wrong.write_bytes(b"no extract")
    with pytest.raises(BadInput, match=r"wrong\.osm\.pbf cannot be read"):
        data.files.osm.streets(wrong)
