"""The planning page at `/plan`: the cells of a draft on the map, the tools that change them."""

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

THEMES = ("plan", "plan_panels", "terms")
"""The catalogues its scripts speak from; `plan_panels` are the words of its panels."""

PARTS = (
    maps.layers.Shown("ground", "base", 0),
    maps.layers.Shown("buildings", "buildings", 15),
    maps.layers.Shown("divisions", "divisions", 0),
    maps.layers.Shown("names", "divisions", 0),
)
"""What lies under the cells; their own outlines come with the plan that is open."""


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page, over `basemap` or over the town's own ground."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    plan = Page(
        frame="plan.html",
        label=shell.say("plan.map.title"),
        settings={
            "styles": maps.styles.table(),
            "parts": [
                {**vars(part), "on": not (basemap and part.key in _COVERED)} for part in PARTS
            ],
            "datum": Datum.GCJ02 if shifted else Datum.WGS84,
        },
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(plan)
    ahead = maps.offline.imports((f"{STATIC}/plan/main.js",))
    return plan.render_page(**maps.shell.about(shell, THEMES, ahead=ahead))


_COVERED = {"ground", "buildings"}
"""What a basemap shows already."""
