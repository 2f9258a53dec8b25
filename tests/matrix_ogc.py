"""How the matrix asks the API under `/ogc`: about facilities, cases and drafts of the area."""

from __future__ import annotations

from collections.abc import Callable

from matrix import Area, Ask, Examples
from matrix_plans import _draft

OGC = "/ogc/collections"
OF = f"{OGC}/{{collection}}"
NAMES = ("cells", "facilities", "buildings", "divisions", "cases")
ANY = {"If-Match": "*"}
"""Whatever the version: here it is asked who may, not who saw what."""


def _plan(area: Area) -> tuple[str, int]:
    """A new draft as a collection, and the id of a cell of it."""
    name = _draft(area).removeprefix("/plans/")
    number = area.number(f"SELECT id FROM grid_plan WHERE name = '{name}'")
    cell = area.number(f"SELECT min(id) FROM grid_cell WHERE plan_id = {number}")
    return f"{OGC}/plan-{number}", cell


def _each(rest: str = "") -> Callable[[Area], list[Ask]]:
    def asks(area: Area) -> list[Ask]:
        return [Ask(f"{OGC}/{name}{rest}") for name in NAMES] + [
            Ask((f"{OGC}/cells" if "tiles" in rest else _plan(area)[0]) + rest)
        ]

    return asks


def _items(area: Area) -> list[Ask]:
    near = ",".join(map(str, (*area.spot, *area.spot)))
    filters = [{}, {"limit": "1000"}, {"bbox": near}, {"f": "html"}]
    filters += [{"filter": "code LIKE '%'"}, {"crs": "http://www.opengis.net/def/crs/EPSG/0/4490"}]
    return [Ask(f"{OGC}/{name}/items", one) for name in NAMES for one in filters] + [
        Ask(f"{_plan(area)[0]}/items")
    ]


def _ones(area: Area) -> list[Ask]:
    facility = area.facility().rpartition("/")[2]
    plan, cell = _plan(area)
    return [Ask(f"{OGC}/facilities/items/{facility}"), Ask(f"{plan}/items/{cell}")]


def _new(area: Area) -> list[Ask]:
    number = area.number("SELECT coalesce(max(id), 0) FROM facility")
    lon, lat = area.spot
    spot = {"type": "Point", "coordinates": [lon, lat]}
    shop = {"type": "Feature", "geometry": spot, "properties": {"name": f"店{number}"}}
    ring = [[lon + x / 1000, lat + y / 1000] for x, y in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    ground = {"type": "Polygon", "coordinates": [ring]}
    cell = {"type": "Feature", "geometry": ground, "properties": {"name": "专属一格"}}
    return [Ask(f"{OGC}/facilities/items", body=shop), Ask(f"{_plan(area)[0]}/items", body=cell)]


def _patch(area: Area) -> list[Ask]:
    asks = _ones(area)
    told = [{"properties": {"phone": "027-1"}}, {"properties": {"name": "改名"}}]
    return [Ask(ask.path, body=one, headers=ANY) for ask, one in zip(asks, told, strict=True)]


def _put(area: Area) -> list[Ask]:
    shop = {"type": "Feature", "properties": {"name": "改名店"}, "geometry": None}
    return [Ask(_ones(area)[0].path, body=shop, headers=ANY)]


ASKS: Examples = {
    ("GET", "/ogc"): lambda _: [Ask("/ogc"), Ask("/ogc", {"f": "html"})],
    ("GET", "/ogc/"): lambda _: [Ask("/ogc/")],
    ("GET", "/ogc/api"): lambda _: [Ask("/ogc/api")],
    ("GET", "/ogc/conformance"): lambda _: [Ask("/ogc/conformance")],
    ("GET", "/ogc/collections"): lambda _: [Ask(OGC)],
    ("GET", OF): _each(),
    ("GET", f"{OF}/queryables"): _each("/queryables"),
    ("GET", f"{OF}/items"): _items,
    ("GET", f"{OF}/items/{{feature}}"): _ones,
    ("OPTIONS", f"{OF}/items"): _each("/items"),
    ("OPTIONS", f"{OF}/items/{{feature}}"): _ones,
    ("POST", f"{OF}/items"): _new,
    ("PUT", f"{OF}/items/{{feature}}"): _put,
    ("PATCH", f"{OF}/items/{{feature}}"): _patch,
    ("DELETE", f"{OF}/items/{{feature}}"): lambda area: [Ask(_ones(area)[0].path, headers=ANY)],
    ("GET", "/ogc/tileMatrixSets"): lambda _: [Ask("/ogc/tileMatrixSets")],
    ("GET", "/ogc/tileMatrixSets/{tiling}"): lambda _: [Ask("/ogc/tileMatrixSets/WebMercatorQuad")],
    ("GET", f"{OF}/tiles"): _each("/tiles"),
    ("GET", f"{OF}/tiles/{{tiling}}"): _each("/tiles/WebMercatorQuad"),
    ("GET", f"{OF}/tiles/{{tiling}}/{{z}}/{{row}}/{{column}}"): _each(
        "/tiles/WebMercatorQuad/12/1690/3345"
    ),
    ("GET", "/qgis/wangge.qgz"): lambda _: [Ask("/qgis/wangge.qgz")],
    ("GET", "/qgis/{layer}.qml"): lambda _: [
        Ask(f"/qgis/{one}.qml") for one in ("cells", "facilities")
    ],
}
