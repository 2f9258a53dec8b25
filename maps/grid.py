"""The map at `/`: the cells, what stands in them and what is open."""

from __future__ import annotations

import folium

import maps.basemaps
import maps.layers
import maps.styles
from gis.terms import (
    Channel,
    ClassKind,
    Clock,
    Datum,
    DivisionLevel,
    Labelled,
    Move,
    Part,
    PartyState,
    PostRole,
    UnitKind,
    WhistleKind,
    WhistleState,
)
from maps.page import Page

_SPOKEN: dict[str, type[Labelled]] = {
    "move": Move,
    "kind": ClassKind,
    "clock": Clock,
    "channel": Channel,
    "level": DivisionLevel,
    "unit": UnitKind,
    "whistle": WhistleState,
    "whistle_kind": WhistleKind,
    "part": Part,
    "party": PartyState,
    "post": PostRole,
}
"""The words of cases and posts, which the page says in Chinese."""


def page(basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None) -> Page:
    """Build the map page, over `basemap` or over the town's own ground."""
    shifted = basemap is not None and basemap.datum == Datum.GCJ02
    grid = Page(
        frame="grid.html",
        title="网格地图 · Wangge",
        settings={
            "styles": maps.styles.table(),
            "parts": [vars(shown) for shown in maps.layers.PARTS],
            "datum": Datum.GCJ02 if shifted else Datum.WGS84,
            "words": {
                name: {word.value: word.label for word in words} for name, words in _SPOKEN.items()
            },
        },
    )
    for tiles in maps.basemaps.tile_layers(basemap, key=key) if basemap else []:
        tiles.add_to(grid)
    for shown in maps.layers.PARTS:
        covered = basemap is not None and shown.key in {"ground", "buildings"}
        maps.layers.Part(shown, on=shown.on and not covered).add_to(grid)
    folium.LayerControl(position="bottomright", autoZIndex=False).add_to(grid)
    return grid
