"""The pages of the API under `/ogc`, for people who open its addresses in a browser.

They tell what the JSON tells; no script is in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gis.ogc_crs
import maps.frame
import maps.shell
from maps.qgis_style import STYLED
from maps.shell import Shell

WIDE, HIGH = 720.0, 420.0
"""The sketch of a page of features, in its own units."""
MOST_DRAWN = 1000


def policy(nonce: str) -> str:
    """The content policy of these pages."""
    return maps.frame.content_policy(nonce)


def page(shell: Shell, view: str, told: dict[str, Any], *, here: str, root: str) -> str:
    """Render what is told: `view` says of which kind it is, `here` and `root` where it lies."""
    links = told.get("links", [])
    features = told.get("features", [])
    if view == "item":
        features = [told]
    return maps.shell.page(
        "ogc.html",
        shell,
        themes=(),
        view=view,
        told=told,
        root=root,
        styled=STYLED,
        above=_above(shell, here, root),
        title=_title(shell, view, told),
        about=_about(shell, view, told),
        say=lambda name: _said(shell, name),
        plain=next(
            (one["href"] for one in links if one["rel"] == "alternate"),
            f"{here.partition('?')[0]}?f=json",
        ),
        ways=_ways(links),
        tiled=any(one["rel"].endswith("tilesets-vector") for one in links),
        systems=[(uri, gis.ogc_crs.title(uri)) for uri in told.get("crs", ())]
        if view == "collection"
        else [],
        standards=_standards(told.get("conformsTo", ())),
        next=_page_of(next((one["href"] for one in links if one["rel"] == "next"), None)),
        sketch=sketch(features),
        columns=list(features[0].get("properties", {})) if view == "items" and features else [],
    )


def _page_of(href: str | None) -> str | None:
    """The next page as a page: links of answers keep the form that was asked for."""
    if href is None or "f=html" in href:
        return href
    return f"{href}&f=html"


_WAYS = ("data", "tiling-schemes", "service-doc", "conformance")


def _ways(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the first page leads to: the data first."""
    by_rel = {one["rel"].rpartition("/")[2]: one for one in links}
    return [by_rel[rel] for rel in _WAYS if rel in by_rel]


def _standards(classes: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Conformance classes by the standard that they are of, with their addresses."""
    found: dict[str, list[tuple[str, str]]] = {}
    for uri in classes:
        standard, _, name = uri.partition("/spec/")[2].partition("/conf/")
        found.setdefault(standard, []).append((name, uri))
    return found


def _title(shell: Shell, view: str, told: dict[str, Any]) -> str:
    if view == "item":
        return str(told.get("properties", {}).get("name") or told.get("id"))
    if view == "items":
        return str(told["collection"]["title"])
    if view == "api":
        return shell.say("ogc.view.api")
    return str(told.get("title") or shell.say(f"ogc.view.{view}"))


def _about(shell: Shell, view: str, told: dict[str, Any]) -> str | None:
    if view == "landing":
        return shell.say("ogc.about.landing")
    name = told["collection"]["id"] if view == "items" else told.get("id")
    return _said(shell, name) if view in ("items", "collection") and name else None


def _said(shell: Shell, name: str) -> str:
    """What a collection is, in the language of the page."""
    return shell.say(f"ogc.about.{'draft' if name.startswith('plan-') else name}")


_PLACES = {
    "collections": "collections",
    "items": "items",
    "tiles": "tilesets",
    "tileMatrixSets": "tilings",
}


def _above(shell: Shell, here: str, root: str) -> list[tuple[str, str]]:
    """The pages above this one, by name and address."""
    parts = [part for part in here.partition("?")[0].removeprefix(root).split("/") if part]
    above = [(shell.say("ogc.view.landing"), f"{root}?f=html")]
    for at, part in enumerate(parts[:-1]):
        name = shell.say(f"ogc.view.{_PLACES[part]}") if part in _PLACES else part
        above.append((name, f"{root}/{'/'.join(parts[: at + 1])}?f=html"))
    return above if parts else []


# A sketch of features


def sketch(features: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Shapes as paths and points of a picture, north up; None where nothing has a place."""
    drawn = [
        (one.get("id"), _rings(one["geometry"]), _spots(one["geometry"]))
        for one in features[:MOST_DRAWN]
        if one.get("geometry")
    ]
    xs, ys = zip(*(xy for _, rings, spots in drawn for xy in _all(rings, spots)), strict=True) \
        if any(rings or spots for _, rings, spots in drawn) else ((), ())  # fmt: skip
    if not xs:
        return None
    west, east, south, north = min(xs), max(xs), min(ys), max(ys)
    flat = 0.86 if abs(south) <= 90 and abs(west) <= 180 else 1.0  # a degree east is shorter
    side = max((east - west) * flat / WIDE, (north - south) / HIGH, 1e-9)
    at = (west, north, flat / side, 1 / side)
    return {
        "width": round((east - west) * flat / side + 24, 1),
        "height": round((north - south) / side + 24, 1),
        "paths": [(number, _path(rings, at)) for number, rings, _ in drawn if rings],
        "spots": [(number, *_placed(xy, at)) for number, _, spots in drawn for xy in spots],
    }


Spot = tuple[float, float]
Rings = list[list[Spot]]


def _all(rings: Rings, spots: list[Spot]) -> list[Spot]:
    return [xy for ring in rings for xy in ring] + spots


def _placed(xy: Spot, at: tuple[float, float, float, float]) -> tuple[float, float]:
    west, north, wide, high = at
    return round((xy[0] - west) * wide + 12, 1), round((north - xy[1]) * high + 12, 1)


def _path(rings: Rings, at: tuple[float, float, float, float]) -> str:
    parts = []
    for ring in rings:
        told = " ".join(f"{x},{y}" for x, y in (_placed(xy, at) for xy in ring))
        parts.append(f"M{told}")
    return "".join(parts)


def _rings(geometry: dict[str, Any]) -> Rings:
    kind, told = geometry["type"], geometry.get("coordinates", [])
    found: list[Any] = []
    if kind in ("Polygon", "MultiLineString"):
        found = told
    elif kind == "MultiPolygon":
        found = [ring for part in told for ring in part]
    elif kind == "LineString":
        found = [told]
    return [[(xy[0], xy[1]) for xy in ring] for ring in found]


def _spots(geometry: dict[str, Any]) -> list[Spot]:
    kind, told = geometry["type"], geometry.get("coordinates", [])
    found = [told] if kind == "Point" else told if kind == "MultiPoint" else []
    return [(xy[0], xy[1]) for xy in found]
