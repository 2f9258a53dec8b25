"""The grid worker's phone at `/worker`: his day, his map, and reporting with one thumb.

The page holds no data and asks for nothing of the map until it is looked at, so that the day is
there first: folium's own script and sheet are loaded by the page's module.
"""

from __future__ import annotations

from typing import Any

import maps.basemaps
import maps.layers
import maps.offline
import maps.shell
import maps.styles
from gis.terms import Datum
from maps.frame import STATIC
from maps.page import Page
from maps.shell import Shell

THEMES = ("worker", "offline", "terms")
TABS = (
    ("today", "list"),
    ("map", "map"),
    ("report", "plus"),
    ("homes", "home"),
    ("queue", "send"),
)
"""The targets under the thumb, with their icons."""
BEGINS = (f"{STATIC}/worker/main.js", f"{STATIC}/worker/today.js")
"""The modules that show the list of the day; what they import is fetched with them, so that none
waits for another to name it."""
_GROUND = {"ground", "buildings", "cells", "names"}


class _Later(Page):
    """A folium map whose script and sheet come when it is opened."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's
    default_css: list[tuple[str, str]] = []  # noqa: RUF012


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page, its map over `basemap` or over the town's own ground."""
    ground = _Later(
        frame="worker.html", label=shell.say("worker.tab.map"), settings=_settings(basemap)
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(ground)
    return ground.render_page(
        **maps.shell.about(shell, THEMES, ahead=maps.offline.imports(BEGINS)),
        tabs=TABS,
        shown=maps.shell.THEMES,
    )


def _settings(basemap: maps.basemaps.Basemap | None) -> dict[str, Any]:
    """What the modules that draw the town's ground go by."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    parts = [] if basemap else [one for one in maps.layers.PARTS if one.key in _GROUND]
    return {
        "styles": maps.styles.table(),
        "parts": [vars(part) for part in parts],
        "datum": Datum.GCJ02 if shifted else Datum.WGS84,
        "words": {},
    }
