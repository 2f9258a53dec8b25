"""GET /export over HTTP: the same files as the command line, refused in the same words."""

import csv
import io
import json
from datetime import date

import httpx
import openpyxl
import psycopg
import pyogrio
import pytest
import sqlalchemy as sa
from town import MARKED, SEAL, TESTER, inhabit

import data.db
import data.locate
from api.actions.exports import Shape, export_file
from api.app import create_app
from api.routes.export import MEDIA
from api.settings import Settings
from data.exports import KINDS, Wanted
from data.files.write import STREAMED, SUFFIXES
from gis.terms import Datum


@pytest.fixture
def served(store, empty_url, server):
    with data.db.transaction(store) as db:
        inhabit(db)
        data.locate.refile(db)
    return server(empty_url)


def get(base, name, **params):
    headers = getattr(base, "headers", {})  # as the administrator, where there is one
    return httpx.get(f"{base}/export/{name}", params=params, headers=headers, timeout=30)


def test_streamed_kinds_are_byte_by_byte_those_of_the_command_line(served, store, tmp_path):
    asked = [
        ({}, Wanted, Shape()),
        ({"area": "420106001"}, lambda kind: Wanted(kind, area="420106001"), Shape()),
        ({"plan": "草案"}, lambda kind: Wanted(kind, plan="草案"), Shape()),
        ({"as_of": "2024-06-01"}, lambda kind: Wanted(kind, as_of=date(2024, 6, 1)), Shape()),
        ({"datum": "gcj02"}, Wanted, Shape(Datum.GCJ02)),
    ]
    for kind in KINDS:
        for suffix in STREAMED:
            for params, wanted, shape in asked:
                path = tmp_path / f"one{suffix}"
                export_file(store, wanted(kind), path, shape, by=TESTER, today=Settings().today())
                answer = get(served, f"{kind}{suffix}", **params)
                assert (answer.status_code, answer.content) == (200, path.read_bytes())


def test_every_format_is_sent_as_what_it_is(served):
    for suffix in SUFFIXES:
        answer = get(served, f"cells{suffix}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA[suffix])
        assert answer.headers["content-disposition"] == f'attachment; filename="cells{suffix}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert MARKED[0].encode() not in answer.content
    assert get(served, "CELLS.GEOJSON").json() == get(served, "cells.geojson").json()


def test_whole_files_open_in_other_programs(served, tmp_path):
    path = tmp_path / "cells.gpkg"
    path.write_bytes(get(served, "cells.gpkg", crs="EPSG:4547", area="420106001001").content)
    frame = pyogrio.read_dataframe(path)
    assert (sorted(frame["code"]), frame.crs.to_epsg()) == (["A", "B"], 4547)
    book = openpyxl.load_workbook(io.BytesIO(get(served, "statistics.xlsx").content))
    header, *lines = book.active.iter_rows(values_only=True)
    residents = {line[0]: line[header.index("residents")] for line in lines}
    assert residents == {"A": 3, "B": 0, "C": 2, "D": 0}


@pytest.mark.parametrize(
    ("name", "params", "status", "sentence"),
    [
        ("residents.csv", {"reason": "核对名册"}, 401, ""),
        ("cases.csv", {}, 401, ""),
        ("people.csv", {}, 400, "'people' is not exported; choose from cells, facilities, cases, dwellings, statistics, residents"),
        (".csv", {}, 400, "'' is not exported; choose from cells, facilities, cases, dwellings, statistics, residents"),
        ("cells.csv", {"by": "street"}, 400, "cells are not counted by street; statistics are"),
        ("statistics.csv", {"by": "house"}, 400, "by is 'house'; choose from cell, community, street"),
        ("cells.dwg", {}, 400, f"'cells.dwg' has none of the suffixes {', '.join(SUFFIXES)}"),
        ("cells", {}, 400, f"'cells' has none of the suffixes {', '.join(SUFFIXES)}"),
        ("cells.csv", {"area": "Z"}, 404, "'Z' is neither the code of a cell nor of a division"),
        ("cells.gpkg", {"area": "Z"}, 404, "'Z' is neither the code of a cell nor of a division"),
        ("cells.csv", {"area": "A\x00"}, 400, "the address holds the character NUL"),
        ("cells.csv", {"plan": "A\x00"}, 400, "the address holds the character NUL"),
        ("cells.csv", {"area": "Z" * 65}, 400, "area: String should have at most 64 characters"),
        ("cells.csv", {"plan": "明年"}, 404, "no plan '明年'; there are: "),
        ("cells.csv", {"as_of": "yesterday"}, 400, "as_of: "),
        ("cells.csv", {"as_of": "2019-12-31"}, 404, "no plan was in force on 2019-12-31"),
        ("cells.csv", {"datum": "gps"}, 400, "datum: Input should be 'wgs84', 'cgcs2000', 'gcj02' or 'bd09'"),
        ("cells.geojson", {"crs": "EPSG:4547"}, 400, "RFC 7946 GeoJSON is WGS-84 only, not EPSG:4547; choose .gpkg or .fgb"),
        ("cells.gpkg", {"crs": "EPSG:1"}, 400, "'EPSG:1' is no coordinate system; write EPSG:4547 …"),
        ("cells.gpkg", {"crs": "EPSG:4547", "datum": "bd09"}, 400, "--crs EPSG:4547 and --datum bd09 exclude each other"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_refused_in_words(refusing, name, params, status, sentence):
    answer = get(refusing, name, **params)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert answer.json()["detail"].startswith(sentence)
    assert "content-disposition" not in answer.headers


@pytest.fixture(scope="module")
def refusing(cluster, empty_template):
    """One served store for all refusals: they change nothing."""
    import threading

    import uvicorn

    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE refusing TEMPLATE {empty_template}")
    engine = data.db.engine(cluster.url("refusing"))
    with data.db.transaction(engine) as db:
        inhabit(db)
    app = create_app(Settings(), database_url=cluster.url("refusing"), seal=SEAL)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    with data.db.transaction(engine) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM journal")) == 0, "no refusal is journalled"
    engine.dispose()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE refusing WITH (FORCE)")


def test_an_export_over_http_leaves_its_line_in_the_journal(served, store):
    get(served, "cells.geojsonl", area="A")
    get(served, "facilities.gpkg", reason="巡查")
    with data.db.transaction(store) as db:
        lines = db.execute(sa.text("SELECT actor, act, subject, detail FROM journal ORDER BY id"))
        assert [tuple(line) for line in lines] == [
            (
                "test-administrator",
                "export",
                "cells",
                {"area": "A", "rows": 1, "scope": "everything", "reason": None},
            ),
            (
                "test-administrator",
                "export",
                "facilities",
                {"area": None, "rows": 6, "scope": "everything", "reason": "巡查"},
            ),
        ]


def test_a_large_export_is_streamed_in_chunks_without_a_seam(served, store):
    with data.db.transaction(store) as db:
        db.execute(
            sa.text(
                "INSERT INTO facility (code, name, geom) SELECT 'n-' || n, '灯', ST_SetSRID("
                "ST_MakePoint(114 + n / 1e6, 30), 4326) FROM generate_series(1, 40000) n"
            )
        )
    collection = get(served, "facilities.geojson").json()
    assert len(collection["features"]) == 40_006
    assert len({feature["properties"]["code"] for feature in collection["features"]}) == 40_006
    lines = get(served, "facilities.geojsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == collection["features"]
    table = get(served, "facilities.csv").content.decode("utf-8-sig").splitlines()
    assert (len(table), sum(line.startswith("code,") for line in table)) == (40_007, 1)


def test_residents_leave_masked_with_a_watermark_for_a_reason_only(served, store):
    refused = get(served, "residents.csv")
    assert (refused.status_code, refused.json()["detail"]) == (
        400,
        "say why people are taken out: --reason, at least four characters",
    )
    answer = get(served, "residents.csv", area="A", reason="核对名册")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-store")
    first, *people, last = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert first == last
    assert [one["phone"] for one in people] == ["139****4321"] * 3
    for mark in MARKED:
        assert mark.encode() not in answer.content
    with data.db.transaction(store) as db:
        told = db.execute(
            sa.text("SELECT detail FROM journal WHERE subject = 'residents'")
        ).scalar_one()
        assert (told["area"], told["rows"], told["reason"]) == ("A", 3, "核对名册")
        assert (told["unmasked"], told["scope"]) == (False, "everything")
        assert f"水印 Watermark {told['mark']}" == first["name"]
        assert first["address"].startswith("test-administrator 20")
        assert first["address"].endswith("; area A, charge everything; 3 rows; reason: 核对名册")
        numbers = db.scalars(sa.text("SELECT id FROM resident ORDER BY id")).all()
        assert told["residents"] == [[numbers[0], numbers[2]]]
