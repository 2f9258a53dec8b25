"""The basemaps a town may choose, each with its datum and the hosts it is fetched from.

None is the default: the page then draws the town's own water, green, roads and buildings and
asks nobody else for anything. With a GCJ-02 basemap our layers are shifted to match it.
"""

from __future__ import annotations

from dataclasses import dataclass

import folium

from gis.errors import BadInput
from gis.terms import Datum


@dataclass(frozen=True)
class Basemap:
    """Somebody else's picture tiles."""

    label: str
    datum: Datum
    urls: tuple[str, ...]
    hosts: tuple[str, ...]
    subdomains: str
    credit: str
    max_native_zoom: int = 18


_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{0}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={0}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk="
)

BASEMAPS = {
    "tianditu": Basemap(
        "天地图 Tianditu",
        Datum.CGCS2000,
        (_TIANDITU.format("vec"), _TIANDITU.format("cva")),
        tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8)),
        "01234567",
        "© 天地图",
    ),
    "amap": Basemap(
        "高德地图 AMap",
        Datum.GCJ02,
        (
            "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8"
            "&x={x}&y={y}&z={z}",
        ),
        tuple(f"https://webrd0{n}.is.autonavi.com" for n in range(1, 5)),
        "1234",
        "© 高德地图",
    ),
    "osm": Basemap(
        "OpenStreetMap",
        Datum.WGS84,
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
        ("https://tile.openstreetmap.org",),
        "abc",
        "© OpenStreetMap contributors",
        19,
    ),
}


def choose(name: str, *, key: str | None = None) -> Basemap | None:
    """Return the basemap called `name`; None for `none`.

    Raises:
        BadInput: 天地图 without its key.
    """
    if name == "none":
        return None
    if name == "tianditu" and not key:
        raise BadInput(
            "the basemap 天地图 needs a key: set WANGGE_TIANDITU_KEY, or choose none, amap or osm",
            field="tianditu_key",
        )
    return BASEMAPS[name]


def tile_layers(basemap: Basemap, *, key: str | None = None) -> list[folium.TileLayer]:
    """Return the basemap's picture layers. They are told our origin, as their terms ask for."""
    return [
        folium.TileLayer(
            tiles=url + (key or "") if url.endswith("tk=") else url,
            attr=basemap.credit,
            name=basemap.label,
            overlay=number > 0,
            control=number == 0,
            max_zoom=20,
            max_native_zoom=basemap.max_native_zoom,
            subdomains=basemap.subdomains,
            referrer_policy="origin",
        )
        for number, url in enumerate(basemap.urls)
    ]
