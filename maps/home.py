"""社区云 at `/`: the community's home, for whoever lives here."""

from __future__ import annotations

from pathlib import Path

import maps.basemaps
import maps.layers
import maps.shell
import maps.styles
from gis.terms import Datum
from maps.page import Page
from maps.shell import Shell

THEMES = ("home", "terms")
"""The catalogues its scripts speak from."""
ITEMS = {
    "most": ("report", "places", "guides"),
    "more": ("follow", "polls", "consult", "services", "volunteer", "notices", "meetings", "cell"),
}
"""What can be done here, each with the address of its view: the three most wanted, and all else."""
_STATIC = Path(__file__).parent / "static"
_LATER = {"map.js"}
AHEAD = [
    f"/static/{room}/{path.name}"
    for room in ("home", "page")
    for path in sorted((_STATIC / room).glob("*.js"))
    if path.name not in _LATER
]
"""The modules that the page starts with: fetched at once, not one after the other is read."""
_DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_PARTS = frozenset({"ground", "buildings", "cells", "divisions", "names"})


class Town(Page):
    """A map that nobody asked for yet: Leaflet comes with the first view that shows it."""

    default_js = []  # noqa: RUF012 - folium's
    default_css = []  # noqa: RUF012


def town(
    frame: str, shell: Shell, basemap: maps.basemaps.Basemap | None, *, key: str | None
) -> Town:
    """The town's map for a frame, over `basemap` or over the town's own ground."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    covered = {"ground", "buildings"} if basemap else set()
    made = Town(
        frame=frame,
        label=shell.say("home.map.label"),
        settings={
            "styles": maps.styles.table(),
            "parts": [vars(one) for one in maps.layers.PARTS if one.key in _PARTS - covered],
            "datum": Datum.GCJ02 if shifted else Datum.WGS84,
            "days": _DAYS,
        },
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(made)
    return made


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page; its map is over `basemap` or over the town's own ground."""
    made = town("home.html", shell, basemap, key=key)
    return made.render_page(**maps.shell.about(shell, THEMES, ahead=AHEAD), items=ITEMS)
