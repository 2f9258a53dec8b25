"""A project and styles for QGIS: our layers at our addresses, in our colours and words.

QGIS 3.22 and later read them. All that a layer is drawn by is in `maps.qgis_style`; here are the
layers, where they are asked for, and the project that holds them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from xml.etree import ElementTree as Tree

import pyproj

import maps.qgis_style
from maps.qgis_style import STYLED, element, text

VERSION = "3.22.0"
PAGE = 1000
"""Features that QGIS asks for at once."""
TITLES = {"built": "街道与楼栋 · Streets and houses", "ground": "底图 · Ground"}
_DOCTYPE = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same project is the same file."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """A collection as the project names it: its fields by title, and the words of some of them."""

    name: str
    title: str
    fields: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]


def qml(layer: Asked) -> bytes:
    """The style of a layer as a file that QGIS loads onto a layer of its own."""
    root = Tree.Element("qgis", version=VERSION, styleCategories="AllStyleCategories")
    root.extend(maps.qgis_style.drawn(layer.name, layer.fields, layer.words))
    return _written(root)


def project(layers: Sequence[Asked], *, base: str, box: Box) -> bytes:
    """A project (.qgz) of collections over a ground of vector tiles, of the town served at `base`.

    `box` is where the town is, in degrees.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        told = _qgs(layers, base, box)
        archive.writestr(zipfile.ZipInfo("wangge.qgs", _LONG_AGO), told, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _qgs(layers: Sequence[Asked], base: str, box: Box) -> bytes:
    named = {one.name: one for one in layers}
    facilities, cells = (_features(named[name], base) for name in STYLED)
    held = [facilities, _tiles("built", base), cells, _tiles("ground", base)]
    root = Tree.Element("qgis", version=VERSION, projectname="网格 Wangge")
    text(root, "title", "网格 Wangge")
    root.append(_reference("projectCrs", 3857))
    tree = element(root, "layer-tree-group")
    for one in held:
        told = {"id": one.findtext("id", ""), "name": one.findtext("layername", "")}
        element(tree, "layer-tree-layer", checked="Qt::Checked", expanded="1", **told)
    canvas = element(root, "mapcanvas", name="theMapCanvas")
    text(canvas, "units", "meters")
    edges = _edges(box)
    extent = element(canvas, "extent")
    for name, edge in edges.items():
        text(extent, name, edge)
    canvas.append(_reference("destinationsrs", 3857))
    kept = element(root, "projectlayers")
    kept.extend(held)
    order = element(root, "layerorder")
    for one in held:
        element(order, "layer", id=one.findtext("id", ""))
    views = element(root, "ProjectViewSettings", UseProjectScales="0")
    views.append(_reference("DefaultViewExtent", 3857, **edges))
    root.append(_properties())
    return _written(root)


def _properties() -> Tree.Element:
    properties = Tree.Element("properties")
    paths = element(properties, "Paths")
    text(paths, "Absolute", "false").set("type", "bool")
    text(element(properties, "SpatialRefSys"), "ProjectionsEnabled", "1").set("type", "int")
    behind = element(properties, "Gui")
    for part, value in maps.qgis_style.canvas():
        text(behind, part, value).set("type", "int")
    return properties


def _written(root: Tree.Element) -> bytes:
    return _DOCTYPE + bytes(Tree.tostring(root, encoding="utf-8"))


def _edges(box: Box) -> dict[str, str]:
    """Where the town is, in the project's metres."""
    flat = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    edges = (*flat.transform(*box[:2]), *flat.transform(*box[2:]))
    names = ("xmin", "ymin", "xmax", "ymax")
    return {name: f"{edge:.3f}" for name, edge in zip(names, edges, strict=True)}


def _reference(name: str, srid: int, **more: str) -> Tree.Element:
    """A reference system; QGIS takes its number for nothing without its text."""
    holder = Tree.Element(name, more)
    system = element(holder, "spatialrefsys")
    told = pyproj.CRS.from_epsg(srid)
    text(system, "wkt", told.to_wkt())
    text(system, "srid", str(srid))
    text(system, "authid", f"EPSG:{srid}")
    text(system, "description", told.name)
    return holder


def _layer(kind: str, name: str, title: str, source: str, **more: str) -> Tree.Element:
    layer = Tree.Element("maplayer", {"type": kind, "autoRefreshEnabled": "0", **more})
    text(layer, "id", f"wangge_{name}")
    text(layer, "datasource", source)
    text(layer, "layername", title)
    return layer


def _features(one: Asked, base: str) -> Tree.Element:
    """A collection as OGC API Features; only what is in view is asked for, page by page."""
    source = (
        f" pageSize='{PAGE}' restrictToRequestBBOX='1' srsname='OGC:CRS84' typename='{one.name}'"
        f" url='{base}/ogc'"
    )
    shape = "Point" if one.name == "facilities" else "Polygon"
    about = maps.qgis_style.seen(one.name)
    layer = _layer("vector", one.name, one.title, source, geometry=shape, **about)
    text(layer, "provider", "OAPIF").set("encoding", "UTF-8")
    layer.append(_reference("srs", 4326))
    layer.extend(maps.qgis_style.drawn(one.name, one.fields, one.words))
    return layer


def _tiles(name: str, base: str) -> Tree.Element:
    """Vector tiles: what is built and bordered, or water, green and, from afar, cells."""
    tiles = f"{base}/tiles/{','.join(maps.qgis_style.TILES)}"
    source = urlencode({
        "type": "xyz", "url": f"{tiles}/{{z}}/{{x}}/{{y}}.mvt", "zmin": "0", "zmax": "16",
        "styleUrl": f"{tiles}/style.json",
    })  # fmt: skip
    layer = _layer("vector-tile", name, TITLES[name], source)
    layer.append(_reference("srs", 3857))
    layer.append(maps.qgis_style.built() if name == "built" else maps.qgis_style.ground())
    return layer
