"""What every request passes and every answer carries."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import httpx
import psycopg
import pytest

from api.errors import SAFE


@pytest.fixture
def ask(still_base: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=still_base, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/cells/%00",
        "/cells/search?q=%00",
        "/layers/cells.geojson?area=%00",
        "/tiles/cells/3/6/3.mvt?plan=%00",
        "/locate?lon=1&lat=%00",
        "/export/cells.csv?area=a%00",
        "/cells/" + "9" * 3000,
        "/cells/search?q=" + "9" * 9000,
    ],
)
def test_an_address_no_page_of_ours_makes_is_turned_away(ask: httpx.Client, path: str) -> None:
    answer = ask.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "BadInput"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/static/../api/app.py", 404),
        ("GET", "/static/%2e%2e/%2e%2e/pyproject.toml", 404),
        ("POST", "/overview", 405),
        ("DELETE", "/tiles/cells/1/1/1.mvt", 405),
        ("GET", "/locate?lon=1", 400),
        ("GET", "/locate?lon=200&lat=1", 400),
    ],
)
def test_refusals_are_problems_in_words(
    ask: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = ask.request(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]


def test_a_foreign_host_is_not_answered(server: Callable[..., str], town_url: str) -> None:
    base = server(town_url, allowed_hosts="grid.example, other.example")
    told = {
        host: httpx.get(f"{base}/overview", headers={"Host": host}).status_code
        for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost:9", "[::1]:80",
                     "grid.example", "GRID.example:8000")
    }  # fmt: skip
    assert told == {
        "evil.example": 400,
        "127.0.0.1.evil.example": 400,
        "": 400,
        "localhost:9": 200,
        "[::1]:80": 200,
        "grid.example": 200,
        "GRID.example:8000": 200,
    }


@pytest.mark.parametrize("path", ["/", "/overview", "/nope", "/static/map/main.js", "/cells/%00"])
def test_every_answer_carries_the_safety_headers(ask: httpx.Client, path: str) -> None:
    headers = ask.get(path).headers
    assert {name for name in SAFE if name not in headers} == set()


def test_what_nobody_foresaw_says_sorry_with_the_safety_headers(
    server: Callable[..., str], town_url: str
) -> None:
    base = server(town_url)
    with psycopg.connect(town_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE grid_cell RENAME TO elsewhere")
    answer = httpx.get(f"{base}/cells/search?q=1", timeout=30)
    assert (answer.status_code, answer.json()["detail"]) == (
        500,
        "something went wrong here; it has been logged",
    )
    assert {name for name in SAFE if name not in answer.headers} == set()


@pytest.mark.parametrize(
    "path", ["/", "/map", "/me", "/sign-in", "/overview", "/static/map/main.js", "/desk", "/nope"]
)
def test_head_is_get_without_the_body(ask: httpx.Client, path: str) -> None:
    got, head = ask.get(path), ask.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "etag", "location", "cache-control"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_text_goes_out_packed_and_files_as_they_are(ask: httpx.Client) -> None:
    packed = {"Accept-Encoding": "gzip"}
    assert ask.get("/static/map/main.js", headers=packed).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in ask.get("/export/cells.gpkg", headers=packed).headers


def test_our_scripts_are_asked_for_again_and_pinned_ones_kept(ask: httpx.Client) -> None:
    assert ask.get("/static/map/main.js").headers["cache-control"] == "no-cache"
    assert ask.get("/static/vendor/manifest.json").headers["cache-control"] == "max-age=86400"


@pytest.mark.parametrize("words", ["书院 第五", "第五 书院", "书院社区第五"])
def test_a_search_takes_words_in_any_order(ask: httpx.Client, words: str) -> None:
    found = ask.get("/cells/search", params={"q": words}).json()
    assert [one["name"] for one in found] == ["书院社区第五网格"]


@pytest.mark.parametrize(
    ("header", "words"),
    [(f"Content-Length: {22 << 20}", "21 MiB"), ("Transfer-Encoding: chunked", "Content-Length")],
)
def test_a_body_too_long_or_of_no_told_length_is_turned_away_unread(
    ask: httpx.Client, header: str, words: str
) -> None:
    where = ask.base_url.host, ask.base_url.port
    with socket.create_connection(where, timeout=20) as line:
        line.sendall(f"POST /sign-in HTTP/1.1\r\nHost: {where[0]}\r\n{header}\r\n\r\n".encode())
        answer = line.recv(4000).decode()
    assert answer.startswith("HTTP/1.1 400")
    assert words in answer
