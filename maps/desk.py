"""The dispatcher's page at `/desk`: the queue, the live map, and one thing at a time beside it."""

from __future__ import annotations

import maps.basemaps
import maps.layers
import maps.offline
import maps.shell
import maps.styles
from gis.terms import Datum
from maps.frame import STATIC
from maps.page import Page
from maps.shell import Shell

THEMES = ("desk", "desk_area", "terms")
"""The catalogues its scripts speak from; `desk_area` are the words of its tools."""


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page, over `basemap` or over the town's own ground."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    desk = Page(
        label=shell.say("desk.map.title"),
        frame="desk.html",
        settings={
            "styles": maps.styles.table(),
            "parts": [
                {**vars(shown), "on": shown.on and not (basemap and shown.key in _COVERED)}
                for shown in maps.layers.PARTS
            ],
            "datum": Datum.GCJ02 if shifted else Datum.WGS84,
        },
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(desk)
    ahead = maps.offline.imports((f"{STATIC}/desk/main.js",))
    return desk.render_page(**maps.shell.about(shell, THEMES, ahead=ahead))


_COVERED = {"ground", "buildings"}
"""What a basemap shows already."""
