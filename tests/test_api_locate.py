"""GET /locate over HTTP: the cell, who is posted there today, other cells within the accuracy."""

import json
import time
from itertools import product

import httpx
import numpy as np
import pytest
import sqlalchemy as sa
from town import at, draw, found

import data.cells_held
import data.db
import data.layers
import data.locate_point
from gis.coordinates import convert
from gis.terms import Datum


@pytest.fixture
def base(store, empty_url, server):
    with data.db.transaction(store) as db:
        db.execute(
            sa.text(
                "INSERT INTO division (code, name, level, parent_code) VALUES"
                " ('420106001000', '望江街道', 'township', '420106000000'),"
                " ('420106001001', '桥头社区', 'village', '420106001000')"
            )
        )
        found(db, draw("AB"), community="420106001001")
        for worker, role, begins, ends in [
            ("王五", "grid_worker", -10, None),
            ("李四", "backup", 0, 1),
            ("张三", "grid_leader", -1, 30),
            ("旧人", "grid_worker", -30, 0),
            ("新人", "grid_worker", 1, None),
        ]:
            db.execute(
                sa.text("INSERT INTO worker (code, name, phone) VALUES (:w, :w, '027-1')"),
                {"w": worker},
            )
            db.execute(
                sa.text(
                    "INSERT INTO post (cell_id, worker_id, role, valid_from, valid_to) SELECT c.id, w.id, :r,"
                    " current_date + CAST(:b AS int), current_date + CAST(:e AS int) FROM grid_cell c, worker w WHERE c.code = 'A' AND w.code = :w"
                ),
                {"w": worker, "r": role, "b": begins, "e": ends},
            )
    return server(empty_url)


def ask(base, **params):
    return httpx.get(f"{base}/locate", params=params)


def test_a_point_has_its_cell_its_people_and_its_neighbours(base):
    spot = at(0.99, 0.5)
    answer = ask(base, lon=spot.x, lat=spot.y, accuracy_m=100)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "cell": {"code": "A", "name": "A网格", "kind": "basic",
                 "community": {"code": "420106001001", "name": "桥头社区"},
                 "street": {"code": "420106001000", "name": "望江街道"}},
        "posts": [
            {"role": "grid_leader", "name": "张三", "phone": "027-1"},
            {"role": "grid_worker", "name": "王五", "phone": "027-1"},
            {"role": "backup", "name": "李四", "phone": "027-1"},
        ],
        "candidates": [{"code": "B", "name": "B网格", "distance_m": 15.1}],
    }  # fmt: skip
    other = ask(base, lon=at(1.5, 0.5).x, lat=at(1.5, 0.5).y).json()
    assert (other["cell"]["code"], other["posts"], other["candidates"]) == ("B", [], [])


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_the_datum_of_the_point_is_heeded(base, datum):
    for off, cell in [(0.01, "B"), (-0.01, "A")]:  # of a square: 15 m; the shift is hundreds
        spot = at(1 + off, 0.5)
        lon, lat = convert(spot.x, spot.y, source=Datum.WGS84, target=datum)
        told = ask(base, lon=float(lon), lat=float(lat), datum=datum.value).json()
        assert told["cell"]["code"] == cell
    assert ask(base, lon=float(lon), lat=float(lat)).json()["cell"]["code"] == "B", "as WGS-84"


def test_outside_there_is_no_cell(base):
    assert ask(base, lon=0, lat=0).json() == {"cell": None, "posts": [], "candidates": []}


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"lat": 30}, "lon: Field required"),
        ({"lon": "east", "lat": 30}, "lon: "),
        (
            {"lon": 114, "lat": 30, "datum": "gps"},
            "datum: Input should be 'wgs84', 'cgcs2000', 'gcj02' or 'bd09'",
        ),
        ({"lon": 114, "lat": 30, "accuracy_m": -1}, "accuracy_m: "),
        ({"lon": 114, "lat": 30, "accuracy_m": 10_001}, "accuracy_m: "),
        ({"lon": 114, "lat": 30, "accuracy_m": "nan"}, "accuracy_m: "),
        ({"lon": 30, "lat": 114}, "Longitude and latitude look swapped."),
        ({"lon": "nan", "lat": 30}, "is no place"),
        ({"lon": 114, "lat": "inf"}, "is no place"),
        ({"lon": 181, "lat": 0}, "is no place"),
    ],
)
def test_what_is_no_question_is_answered_400_in_words(base, params, word):
    answer = ask(base, **params)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (400, "BadInput")
    assert word in problem["detail"]


def test_an_edit_is_in_the_next_answer_and_memory_answers_as_the_database(base, store):
    """Cells moved, renamed, ended, come back: asked at once after each, and again from memory."""
    rng = np.random.default_rng(3)
    spots = [at(*one) for one in rng.uniform((-0.2, -0.2), (2.2, 1.2), (12, 2))]
    spots += [at(1, 0.5), at(0, 0), at(2, 1)]  # on edges, at corners

    def agree():
        with httpx.Client(base_url=base) as asking, data.db.transaction(store) as db:
            for accuracy_m, spot in product((0, 30), spots):
                place = {"lon": spot.x, "lat": spot.y, "accuracy_m": accuracy_m}
                told = asking.get("/locate", params=place).json()
                asked = data.locate_point.question(spot.x, spot.y, accuracy_m=accuracy_m)
                assert told == json.loads(data.locate_point.at_once(db, asked)), place

    for statement in (
        "UPDATE grid_cell SET geom = ST_Translate(geom, 0.0005, 0) WHERE code = 'A'",
        "UPDATE grid_cell SET code = 'C', name = '新' WHERE code = 'B'",
        "UPDATE grid_cell SET valid_to = current_date WHERE code = 'A'",
        "UPDATE grid_cell SET valid_to = NULL",
        "UPDATE worker SET phone = '027-2'",
        "DELETE FROM grid_cell WHERE code = 'C'",
    ):
        with data.db.transaction(store) as db:
            db.execute(sa.text(statement))
            data.db.bump(db, "cells", "posts")
        agree()
        held = from_memory(base)
        agree()
        assert data.cells_held.NOWHERE in held.answers, "answered from memory"
        assert len(held.answers) > 1


def from_memory(base):
    """Ask until the ground that is now is held, and return it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with data.db.transaction(base.app.state.store, keep=False) as db:
            version = data.layers.versions_now(db).ground
        held = base.app.state.cells._ground
        if held is not None and held.version == version:
            return held
        ask(base, lon=0, lat=0)
        time.sleep(0.02)
    raise AssertionError("the ground was not read within a minute")


def test_what_is_not_the_plain_case_is_answered_as_ever(base):
    spot = at(0.5, 0.5)
    from_memory(base)
    there = {"lon": spot.x, "lat": spot.y}
    plain = ask(base, **there)
    assert plain.json()["cell"]["code"] == "A"
    assert plain.headers["x-content-type-options"] == "nosniff"
    for refused in ({"lon": 999}, {"lat": "x"}, {"accuracy_m": -1}, {"datum": "mars"}, {"on": "x"}):
        assert ask(base, **(there | refused)).status_code == 400, refused
    assert httpx.get(f"{base}/locate").status_code == 400
    assert httpx.get(f"{base}/locate", params=[*there.items(), ("lon", "x")]).status_code == 400
    assert (
        httpx.get(f"{base}/locate", params=there, headers={"Host": "elsewhere"}).status_code == 400
    )
    assert httpx.post(f"{base}/locate", params=there).status_code == 405
    assert httpx.head(f"{base}/locate", params=there).status_code == 200
    assert ask(base, **there, on="2026-01-01").json()["on"] == "2026-01-01"
    signed = httpx.get(f"{base}/locate", params=there, headers=base.headers)
    assert signed.json() == plain.json()
