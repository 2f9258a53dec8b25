"""The page: pinned assets, nothing from outside, a strict policy, readable colours."""

import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import folium
import pytest

import maps
import maps.basemaps
import maps.frame
import maps.grid
import maps.layers
import maps.styles
from gis.errors import BadInput
from gis.terms import CaseState, FacilityCategory
from maps.shell import Shell

STATIC = Path(maps.__file__).parent / "static"
VENDOR = STATIC / "vendor"
SHELL = Shell("n0nce", "/map")


def test_vendored_files_are_the_pinned_ones():
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    listed = {row["file"]: row["sha256"] for row in manifest}
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.parent != VENDOR
    }
    assert listed == there
    licences = (VENDOR / "LICENSES.txt").read_text()
    assert all(f"{row['name']} {row['version']} ({row['licence']})" in licences for row in manifest)


def test_the_default_page_names_no_other_host():
    html = maps.grid.page(SHELL)
    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", html) == []
    for path in re.findall(r'(?:src|href|from) ?=? ?"(/static/[^"]+)"', html):
        assert (STATIC / path.removeprefix("/static/")).is_file(), path
    own = [
        path.read_text()
        for room in ("map", "page", "desk")
        for path in (STATIC / room).iterdir()
        if path.suffix in {".js", ".css"}
    ]
    assert [url for text in own for url in re.findall(r"https?://[^\s'\"]+", text)] == [
        "http://www.w3.org/2000/svg"
    ]


def test_every_script_carries_the_nonce_and_no_element_a_style_or_handler():
    html = maps.grid.page(SHELL)
    inline = [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag]
    assert len(inline) == 3  # words, settings, the page itself
    assert all('nonce="n0nce"' in tag for tag in inline)
    assert "<style" not in html
    assert not re.search(r"<[^>]+\s(?:on\w+|style)=", html)


def test_values_cannot_leave_the_script_element():
    nasty = {"name": "</script><script>alert(1)</script>&'\""}
    text = maps.frame.values(nasty)
    assert not set(text) & set("<>&")
    assert json.loads(text) == nasty


def test_the_policy_opens_only_to_the_chosen_basemap():
    shut = maps.frame.content_policy("n")
    assert shut == (
        "default-src 'none'; script-src 'self' 'nonce-n'; style-src 'self' 'nonce-n'; img-src 'self' data: blob:; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )
    osm = maps.basemaps.choose("osm")
    assert (
        "img-src 'self' data: blob: https://tile.openstreetmap.org;"
        in maps.frame.content_policy("n", picture_hosts=osm.hosts)
    )


@pytest.mark.parametrize("name", ["tianditu", "amap", "osm"])
def test_a_basemap_is_fetched_only_from_the_hosts_it_names(name):
    basemap = maps.basemaps.choose(name, key="k</script>")
    html = maps.grid.page(SHELL, basemap, key="k</script>")
    assert html.count("</script>") == 4  # leaflet, words, settings, the page itself
    shown = set(re.findall(r"https://[^/\"]+", html))
    assert shown
    for url in shown:
        assert {url.replace("{s}", letter) for letter in basemap.subdomains} <= set(basemap.hosts)
    assert ('"datum":"gcj02"' in html) == (name == "amap")


def test_tianditu_without_its_key_is_refused():
    assert maps.basemaps.choose("none") is None
    with pytest.raises(BadInput, match="WANGGE_TIANDITU_KEY"):
        maps.basemaps.choose("tianditu")


def test_folium_itself_is_left_as_it_was():
    maps.grid.page(SHELL)
    assert any(url.startswith("https://") for _, url in folium.Map.default_js)


def _light(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    high, low = sorted((_light(one), _light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_word_has_a_sign_and_every_sign_is_readable():
    assert set(maps.styles.FACILITIES) == set(FacilityCategory)
    assert set(maps.styles.CASES) == set(CaseState)
    for signs in (maps.styles.FACILITIES, maps.styles.CASES):
        assert len({sign.glyph for sign in signs.values()}) == len(signs)
        assert min(_contrast(sign.colour, "#ffffff") for sign in signs.values()) >= 4.5


def test_ramps_read_without_colour():
    for ramp in maps.styles.RAMPS.values():
        lights = [_light(colour) for colour in ramp]
        assert lights == sorted(lights, reverse=True)
        assert all(a / b > 1.2 for a, b in pairwise(lights))
    for ramp in maps.styles.DARK_RAMPS.values():
        lights = [_light(colour) for colour in ramp]
        assert all(b / a > 1.2 for a, b in pairwise(lights))


def test_by_night_all_is_drawn_that_is_drawn_by_day():
    assert set(maps.styles.DARK_GROUND) == set(maps.styles.GROUND)
    assert set(maps.styles.DARK_RAMPS) == set(maps.styles.RAMPS)
    for ground in (maps.styles.GROUND, maps.styles.DARK_GROUND):
        assert _contrast(ground["ink"], ground["cell"]) >= 7  # names
        assert _contrast(ground["crowd"], "#ffffff") >= 4.5  # numbers


def test_text_is_readable_by_day_and_by_night():
    for sheet in ("tokens", "dark"):
        css = (STATIC / "style" / f"{sheet}.css").read_text()
        named = dict(re.findall(r"--([\w-]+): (#\w{6})", css))
        for ink in ("ink", "soft", "accent", "good", "warn", "late", "calm"):
            for paper in ("paper", "ground"):
                assert _contrast(named[ink], named[paper]) >= 4.5, (sheet, ink, paper)
        for state in ("good", "warn", "late", "calm"):
            assert _contrast(named[state], named[f"{state}-soft"]) >= 4.5, (sheet, state)
        for ink, paper in (("soft", "sunk"), ("faint", "paper"), ("on-accent", "accent")):
            assert _contrast(named[ink], named[paper]) >= 4.5, (sheet, ink, paper)


def test_files_stay_short():
    for path in [*(STATIC / "map").iterdir(), *Path(maps.__file__).parent.glob("*.py")]:
        assert len(path.read_text().splitlines()) < 400, path
