"""Tiles over HTTP: kept and packed once, never stale, never another's; what is told of them."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import httpx
import psycopg
import pyogrio
import pytest
import sqlalchemy as sa
from conftest import Base, owning, signed_in

import bench._serve_fresh
import data.accounts
import data.sign_in
import data.tiles_kept
from data.accounts import Charged
from data.packing import Coding
from data.tiles import Ask
from data.tiles_kept import Shelf, Tile
from gis.access import ANYBODY, Role, Viewer


@pytest.fixture
def base(server: Callable[..., Base], town_url: str) -> Base:
    return server(town_url)


@pytest.fixture
def anybody(base: Base) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=60) as client:
        yield client


def where(client: httpx.Client, z: int, layers: str = "cells") -> str:
    """The tile in the middle of the town."""
    told = client.get("/tiles/cells.json").json()
    west, south, east, north = told["bounds"]
    x, y = _place(z, (west + east) / 2, (south + north) / 2)
    return f"/tiles/{layers}/{z}/{x}/{y}.mvt"


def _place(z: int, lon: float, lat: float) -> tuple[int, int]:
    import math

    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(row * 2**z)


EVERY = "base,buildings,cells,divisions,facilities,cases"
CODINGS = [
    ("br", "br"),
    ("br, gzip", "br"),
    ("gzip, deflate, br", "br"),
    ("gzip", "gzip"),
    ("br;q=0, gzip", "gzip"),
    ("br;q=0.5, gzip;q=0.8", "gzip"),
    ("gzip;q=0, *", "br"),
    ("GZIP; q=1", "gzip"),
    ("br;q=x, gzip", "gzip"),
    ("gzip;q=0", None),
    ("br;q=0.0, gzip;q=0.000", None),
    ("gzip;q=0.5, identity", None),
    ("*;q=0", None),
    ("zstd", None),
    ("identity", None),
    ("", None),
]


def asked(client: httpx.Client, path: str, accept: str, **more: str) -> tuple[int, Any, bytes]:
    """Status, headers and the body as it came, unpacked by nobody."""
    headers = {"Accept-Encoding": accept, **more}
    with client.stream("GET", path, headers=headers) as answer:
        return answer.status_code, answer.headers, b"".join(answer.iter_raw())


def unpacked(body: bytes, coding: str | None) -> bytes:
    if coding is None:
        return body
    return gzip.decompress(body) if coding == "gzip" else brotli.decompress(body)


@pytest.mark.parametrize("kind", ["mvt", "json", "style"])
def test_what_is_sent_packed_is_what_the_reader_prefers_and_has_a_tag_of_its_own(
    kind: str, anybody: httpx.Client
) -> None:
    told = {"json": f"/tiles/{EVERY}.json", "style": f"/tiles/{EVERY}/style.json"}
    path = told.get(kind) or where(anybody, 12)
    plain, tags = asked(anybody, path, "identity")[2], {}
    assert len(plain) > 1000
    for accept, coding in CODINGS:
        status, headers, body = asked(anybody, path, accept)
        assert (status, headers.get("content-encoding")) == (200, coding), accept
        assert unpacked(body, coding) == plain, accept
        assert (len(body) < len(plain)) == (coding is not None)
        assert int(headers["content-length"]) == len(body)
        assert headers["vary"] == "Accept-Encoding"
        held = {"If-None-Match": headers["etag"]}
        assert asked(anybody, path, accept, **held)[0] == 304
        assert tags.setdefault(coding, headers["etag"]) == headers["etag"]
    assert len(set(tags.values())) == 3
    for coding, tag in tags.items():  # who would be sent another form is not told that his is true
        for other in ("br", "gzip", None):
            status = asked(anybody, path, other or "identity", **{"If-None-Match": tag})[0]
            assert status == (304 if coding in (other, None) else 200)


def test_the_safety_headers_are_on_tiles_too(base: Base, anybody: httpx.Client) -> None:
    tile, other = anybody.get(where(anybody, 12)), anybody.get("/overview")
    names = ("x-content-type-options", "content-security-policy", "referrer-policy")
    assert [tile.headers[name] for name in names] == [other.headers[name] for name in names]
    foreign = anybody.get(where(anybody, 12), headers={"Host": "evil.example"})
    assert foreign.status_code == 400
    unknown = anybody.get(where(anybody, 12), headers={"Authorization": "Bearer nobody"})
    assert unknown.status_code == 401
    meant = anybody.get(where(anybody, 12), headers={"Wangge-Account": "7"})
    assert meant.status_code == 401
    head = anybody.head(where(anybody, 12))
    assert (head.status_code, head.content) == (200, b"")


def test_an_edit_is_in_every_answer_from_the_moment_it_is_kept(
    base: Base, anybody: httpx.Client, town: sa.Engine
) -> None:
    told = bench._serve_fresh.stale(town, base, where(anybody, 11), edits=60)
    assert (told.wrong, told.errors) == (0, [])
    assert told.answers > 60
    assert told.unchanged > 0


def test_no_tile_is_shown_to_another(base: Base, anybody: httpx.Client, town: sa.Engine) -> None:
    told = bench._serve_fresh.leaks(town, base, where(anybody, 11, "cells,cases"), edits=30)
    assert (told.wrong, told.errors) == (0, [])
    assert told.answers > 60


def test_cases_that_lie_with_one_unit_are_not_shown_to_another(
    base: Base, anybody: httpx.Client, town_url: str
) -> None:
    """Two departments in charge of nothing differ by their unit only."""
    with psycopg.connect(town_url) as connection:
        case, lon, lat = connection.execute(
            "SELECT id, ST_X(geom), ST_Y(geom) FROM case_file WHERE geom IS NOT NULL"
            " AND state NOT IN ('closed', 'evaluated', 'void') ORDER BY id LIMIT 1"
        ).fetchone()  # type: ignore[misc]
        units = connection.execute(
            "SELECT id, code FROM network_unit WHERE kind = 'department' ORDER BY id LIMIT 2"
        ).fetchall()
        connection.execute("UPDATE case_file SET unit_id = NULL, worker_id = NULL")
        connection.execute("UPDATE case_file SET unit_id = %s WHERE id = %s", (units[0][0], case))
        connection.execute("UPDATE data_version SET version = version + 1 WHERE layer = 'cases'")
    tokens = []
    with owning(town_url) as db:
        for _, code in units:
            number = data.accounts.add(
                db, f"unit-{code.lower()}", role=Role.DEPARTMENT, name=code, unit=code
            )
            tokens.append(data.sign_in.begin(db, number, lasts=None)[1])
    x, y = _place(15, lon, lat)
    sizes = []
    for token in tokens:
        answer = anybody.get(
            f"/tiles/cases/15/{x}/{y}.mvt", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200
        sizes.append(len(answer.content))
    assert sizes[0] > 0
    assert sizes[1] == 0


def test_whoever_signs_out_is_nobody_at_once(
    base: Base, anybody: httpx.Client, town_url: str
) -> None:
    token = signed_in(town_url, "ender", Role.DISPATCHER, [Charged(everything=True)])
    path, bearer = where(anybody, 13, "cases"), {"Authorization": f"Bearer {token}"}
    for _ in range(2):
        assert anybody.get(path, headers=bearer).headers["cache-control"] == "private, no-store"
    with psycopg.connect(town_url) as connection:
        connection.execute(
            "DELETE FROM session WHERE token_hash = %s", [data.sign_in.digest(token)]
        )
    assert anybody.get(path, headers=bearer).status_code == 401
    cookie = {"Cookie": f"wangge_session={token}"}
    assert anybody.get(path, headers=cookie).headers["cache-control"] == "private, no-cache"


def test_other_plans_and_days_have_tiles_of_their_own(anybody: httpx.Client, town_url: str) -> None:
    path = where(anybody, 15)  # where cells are drawn as they are, also those in force
    now = anybody.get(path).content
    with psycopg.connect(town_url) as connection:
        connection.execute("UPDATE grid_plan SET valid_from = '2020-01-01'")
        connection.execute("UPDATE grid_cell SET valid_from = NULL")
        connection.execute("UPDATE data_version SET version = version + 1 WHERE layer = 'cells'")
        (name,) = connection.execute("SELECT name FROM grid_plan").fetchone()  # type: ignore[misc]
    assert anybody.get(path, params={"plan": name}).content == now
    on = anybody.get(path, params={"as_of": "2024-05-01"})
    assert (on.status_code, len(on.content) > 1000) == (200, True)
    for asked, status in (
        ({"as_of": "2019-05-01"}, 404),
        ({"as_of": "yesterday"}, 400),
        ({"as_of": "2024-05-01", "plan": name}, 400),
    ):
        assert anybody.get(path, params=asked).status_code == status


def test_what_tiles_hold_is_told_and_drawn(base: Base, anybody: httpx.Client) -> None:
    told = anybody.get(f"/tiles/{EVERY}.json").json()
    assert told["tiles"] == [f"{base}/tiles/{EVERY}/{{z}}/{{x}}/{{y}}.mvt"]
    style = anybody.get(f"/tiles/{EVERY}/style.json").json()
    assert style["version"] == 8
    assert style["sources"]["wangge"]["tiles"] == told["tiles"]
    known = {layer["id"]: set(layer["fields"]) for layer in told["vector_layers"]}
    drawn = {one["source-layer"] for one in style["layers"] if "source-layer" in one}
    assert drawn <= set(known)
    assert anybody.get("/tiles/cells,nothing.json").status_code == 404
    west, south, east, north = told["bounds"]
    assert (west < east, south < north) == (True, True)


@pytest.mark.parametrize("z", [10, 15])
def test_the_fields_told_are_those_of_the_tiles(
    anybody: httpx.Client, base: Base, tmp_path: Any, z: int
) -> None:
    layers = "base,buildings,cells,divisions,facilities,cases"
    told = anybody.get(f"/tiles/{layers}.json").json()["vector_layers"]
    path = where(anybody, z, layers)
    file = tmp_path / "one.mvt"
    file.write_bytes(anybody.get(path, headers=base.headers).content)
    found = [name for name, _ in pyogrio.list_layers(file)]
    assert {"cells", "base"} <= set(found)
    expected = {one["id"]: one for one in told}
    assert set(found) <= {
        name for name, one in expected.items() if one["minzoom"] <= z <= one["maxzoom"]
    }
    for name in found:
        fields = set(pyogrio.read_info(file, layer=name)["fields"]) - {"mvt_id"}
        assert fields <= set(expected[name]["fields"]), name


# The shelf


def _key(number: int) -> data.tiles_kept.Key:
    return (
        Ask(("cells",), 0, 0, number),
        "1",
        data.tiles_kept.sight(ANYBODY, ("cells",)),
    )


def _tile(number: int, size: int = 4) -> Tile:
    return Tile(_key(number), str(number), bytes(size))


def test_the_shelf_stays_within_its_bound() -> None:
    shelf = Shelf(most_bytes=10, fewest=1)
    for number in range(3):
        shelf.keep(_tile(number))
        shelf.find(_key(0))
    assert [shelf.find(_key(number)) is not None for number in range(3)] == [True, False, True]


def run(work: Any) -> Any:
    """A loop of its own: a browser of another test may hold this one's."""
    answer: list[Any] = []
    thread = threading.Thread(target=lambda: answer.append(asyncio.run(work)))
    thread.start()
    thread.join()
    return answer[0]


def test_a_missing_tile_is_made_once_for_all_who_wait() -> None:
    made = []

    async def work() -> list[Tile]:
        shelf, going = Shelf(), asyncio.Event()

        async def making() -> Tile:
            made.append(1)
            await going.wait()
            return _tile(1)

        waiting = [asyncio.create_task(shelf.made(_key(1), making)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # who goes away takes it from nobody else
        going.set()
        tiles = await asyncio.gather(*waiting[1:])
        assert shelf.find(_key(1)) is tiles[0]
        return tiles

    assert len({id(one) for one in run(work())}) == 1
    assert made == [1]


def test_a_tile_that_could_not_be_made_is_tried_again() -> None:
    async def work() -> bool:
        shelf, tries = Shelf(), []

        async def making() -> Tile:
            tries.append(1)
            if len(tries) == 1:
                raise OSError("the store is gone")
            return _tile(1)

        with pytest.raises(OSError, match="gone"):
            await shelf.made(_key(1), making)
        return (await shelf.made(_key(1), making)).tag == "1"

    assert run(work())


def test_packing_counts_towards_the_bound() -> None:
    async def work() -> tuple[bytes, bytes, bool]:
        shelf, tile = Shelf(most_bytes=100_010, fewest=1), _tile(1, 100_000)
        shelf.keep(tile)
        one, other = await asyncio.gather(
            shelf.packed(tile, Coding.GZIP), shelf.packed(tile, Coding.GZIP)
        )
        best = await shelf.packed(tile, Coding.BR)
        assert brotli.decompress(best) == bytes(100_000)
        return one, other, shelf.find(tile.key) is None

    one, other, is_gone = run(work())
    assert one is other
    assert gzip.decompress(one) == bytes(100_000)
    assert is_gone


def test_who_sees_the_same_shares_a_tile_and_nobody_else() -> None:
    cells, cases = ("cells",), ("cells", "cases")
    one = Viewer(1, "a", "a", Role.DEPARTMENT, unit=1)
    other = Viewer(2, "b", "b", Role.DEPARTMENT, unit=2)
    assert data.tiles_kept.sight(one, cells) == data.tiles_kept.sight(other, cells)
    assert data.tiles_kept.sight(one, cases) != data.tiles_kept.sight(other, cases)
    assert data.tiles_kept.sight(one, cells) != data.tiles_kept.sight(ANYBODY, cells)
