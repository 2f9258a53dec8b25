"""The worker's page as an application of the phone: what is kept, its policy, the keys' halves."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from conftest import Base, owning, signed_in
from town import SEAL

import data.sign_in
import maps.frame
import maps.offline
from data.accounts import Charged
from data.seal import Seal
from gis.access import Role

EVERYWHERE = [Charged(everything=True)]


@pytest.fixture
def base(server: Callable[..., Base], empty_url: str) -> Base:
    return server(empty_url)


def _program(base: Base) -> tuple[str, list[str]]:
    """The version of the service worker, and the paths it keeps."""
    text = httpx.get(base + "/worker/sw.js").text
    version = re.search(r'const VERSION = "(\w{16})";', text)
    kept = re.search(r"const KEPT = (\[.*\]);", text)
    assert version
    assert kept
    return version[1], json.loads(kept[1])


def test_the_page_is_the_same_for_everybody_and_runs_only_its_own_scripts(base: Base) -> None:
    nobodys = httpx.get(base + "/worker")
    assert nobodys.text == httpx.get(base + "/worker", headers=base.headers).text
    policy = nobodys.headers["content-security-policy"]
    assert "nonce" not in policy
    assert "unsafe" not in policy
    assert len(maps.frame.Inside(nobodys.text).scripts) == policy.count("'sha256-") > 0
    english = httpx.get(base + "/worker", headers={"Cookie": "wangge_language=en"})
    assert 'lang="en"' in english.text


def test_a_script_that_is_not_the_pages_own_is_not_in_its_policy() -> None:
    own = '<script type="module">start();</script>'
    data = '<script type="application/json">{"a": 1}</script><script src="/static/a.js"></script>'
    policy = maps.frame.kept_policy(own + data)
    assert policy.count("'sha256-") == 1
    assert "'sha256-" not in policy.partition("style-src")[2]
    assert maps.frame.kept_policy(own.replace("start", "steal") + data) != policy


def test_what_is_kept_is_all_the_page_leads_to_and_every_file_is_there(base: Base) -> None:
    version, kept = _program(base)
    assert (version, kept) == _program(base)
    assert kept[0] == "/worker"
    with httpx.Client(base_url=str(base)) as phone:
        assert [path for path in kept if phone.get(path).status_code != 200] == []
    for reached in ("worker/kept.js", "page/ask.js", "style/tokens.css", "worker/icon-192.png"):
        assert f"/static/{reached}" in kept
    assert [path for path in kept if not path.startswith("/static/")] == ["/worker"]
    page = httpx.get(base + "/worker").text
    first = re.findall('rel="modulepreload" href="([^"]+)"', page)
    assert first[0] == "/static/worker/main.js"
    assert {"/static/worker/today.js", "/static/page/time.js"} < set(first) <= set(kept)
    assert "/static/worker/report.js" not in first  # that comes when it is opened
    waking = httpx.get(base + "/worker/sw.js?wakes=1").text
    assert waking == 'import "/static/worker/errand.js";\n' + httpx.get(base + "/worker/sw.js").text
    answer = httpx.get(base + "/worker/sw.js")
    assert answer.headers["service-worker-allowed"] == "/worker"
    assert answer.headers["cache-control"] == "no-cache"


def test_modules_styles_and_what_they_name_are_followed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(maps.offline, "_FOLDER", tmp_path)
    files = {
        "a.js": "import { b,\n  c } from './b.js';\nexport * from './c.js';\nconst u = '/static/e.js';",
        "b.js": "import './p/p.js';\n// import './never.js'\nconst x = () => import('./d.js');",
        "c.js": "export const NAME = './not.js';\nnew Worker(new URL('./e.js', import.meta.url));",
        "d.js": "", "e.js": "", "s.css": "a { background: url('pic.svg') } b { background: url(data:x) }",
        "pic.svg": "", "p/p.js": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    page = (
        '<link rel="stylesheet" href="/static/s.css"><script type="module">'
        'import { a } from "/static/a.js";</script>'
    )
    first = maps.offline.kept([page])
    assert first.paths == ("/worker", *sorted(f"/static/{name}" for name in files))
    (tmp_path / "pic.svg").write_text("another")
    second = maps.offline.kept([page])
    assert second.paths == first.paths
    assert second.version != first.version
    assert maps.offline.kept([page, page]).version != second.version


def test_the_manifest_speaks_the_readers_language_and_its_icons_are_there(base: Base) -> None:
    names = {}
    for language in ("zh", "en"):
        asked = {"Cookie": f"wangge_language={language}"}
        answer = httpx.get(base + "/worker/manifest.webmanifest", headers=asked)
        assert answer.headers["content-type"] == "application/manifest+json"
        names[language] = answer.json()["short_name"]
        for icon in answer.json()["icons"]:
            picture = httpx.get(base + icon["src"]).content
            side = int.from_bytes(picture[16:20], "big")
            assert icon["sizes"] == f"{side}x{side}"
    assert names == {"zh": "网格", "en": "Wangge"}


def test_halves_are_the_sessions_and_the_accounts_and_end_with_the_sign_in(
    base: Base, empty_url: str
) -> None:
    tokens = {n: signed_in(empty_url, n, Role.WORKER, EVERYWHERE) for n in ("ann", "bob")}

    def told(token: str) -> dict[str, Any]:
        answer = httpx.get(base + "/worker/key", headers={"Authorization": f"Bearer {token}"})
        assert answer.headers["cache-control"] == "no-store"
        assert "wangge_keeps=1" in answer.headers["set-cookie"]
        assert "Path=/;" in answer.headers["set-cookie"]
        return answer.json()

    first, other = told(tokens["ann"]), told(tokens["bob"])
    again = told(tokens["ann"])
    assert first.pop("at") < again.pop("at") < first["ends_at"]
    assert first == again
    assert len(base64.b64decode(first["day"])) == len(base64.b64decode(first["queue"])) == 32
    assert len({first["day"], first["queue"], other["day"], other["queue"]}) == 4
    with owning(empty_url) as db:
        token = data.sign_in.begin(db, first["account"], label="二", lasts=timedelta(days=1))[1]
    second = told(token)
    assert second["session"] != first["session"]
    assert second["day"] != first["day"]
    assert second["queue"] == first["queue"]
    assert httpx.get(base + "/worker/key").status_code == 401
    out = httpx.post(base + "/sign-out", headers={"Authorization": f"Bearer {token}"})
    assert out.headers["location"] == "/sign-in"
    ended = httpx.get(base + "/worker/key", headers={"Authorization": f"Bearer {token}"})
    assert ended.status_code == 401


def test_who_kept_something_is_led_where_it_is_cleared(base: Base) -> None:
    out = httpx.post(
        base + "/sign-out",
        headers={"Cookie": "wangge_keeps=1", "Sec-Fetch-Site": "same-origin"},
    )
    assert out.headers["location"] == "/worker/left?next=%2Fsign-in"
    assert 'wangge_keeps=""' in str(out.headers.get_list("set-cookie"))
    assert httpx.get(base + "/worker/left").headers["cache-control"] == "no-store"


def test_what_waited_is_never_done_in_anothers_name(base: Base) -> None:
    report = {"description": "路灯不亮", "lon": 114.3, "lat": 30.5}
    account = httpx.get(base + "/worker/key", headers=base.headers).json()["account"]
    for headers, meant, status in (
        ({}, "0", 401),
        ({}, str(account), 401),
        (base.headers, str(account + 1), 401),
        (base.headers, str(account), 201),
        (base.headers, "", 401),
    ):
        told = {**headers, "Wangge-Account": meant}
        assert httpx.post(base + "/cases", json=report, headers=told).status_code == status


def test_a_half_tells_nothing_of_another() -> None:
    other = Seal(bytes(32))
    halves = {SEAL.half("day", 1), SEAL.half("day", 2), SEAL.half("queue", 1), other.half("day", 1)}
    assert len(halves) == 4
    assert SEAL.half("day", 1) == SEAL.half("day", 1)
