"""The map at `/map`: the cells, what stands in them and what is open."""

from __future__ import annotations

import folium

import maps.basemaps
import maps.layers
import maps.offline
import maps.shell
import maps.styles
from gis.terms import Datum
from maps.frame import STATIC
from maps.page import CELL_MAP_CSS, Page
from maps.shell import Shell

THEMES = ("map", "terms")


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page, over `basemap` or over the town's own ground."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    grid = Page(
        frame="grid.html",
        label=shell.say("map.title"),
        sheets=CELL_MAP_CSS,
        settings={
            "styles": maps.styles.table(),
            "parts": [vars(shown) for shown in maps.layers.PARTS],
            "datum": Datum.GCJ02 if shifted else Datum.WGS84,
        },
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(grid)
    for shown in maps.layers.PARTS:
        covered = basemap is not None and shown.key in {"ground", "buildings"}
        label = shell.say(f"map.part.{shown.key}")
        maps.layers.Part(shown, label, on=shown.on and not covered).add_to(grid)
    folium.LayerControl(position="bottomright", autoZIndex=False).add_to(grid)
    ahead = maps.offline.imports((f"{STATIC}/map/main.js",))
    return grid.render_page(**maps.shell.about(shell, THEMES, ahead=ahead))
