"""How QGIS draws our layers: symbols, names and words as its XML, by our one table of colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, cast
from xml.etree import ElementTree as Tree

import maps.styles
from gis.terms import DivisionLevel
from maps.styles import GROUND, RAMPS
from maps.tile_style import HOUSEHOLDS_FROM

STYLED = ("facilities", "cells")
"""The collections that have a style, from the top down."""
TILES = ("base", "cells", "buildings", "divisions")
"""The vector layers of the tiles that lie around the cells."""
SEEN_TO = {"cells": 50_000, "facilities": 10_000}
"""A layer is asked for at scales larger than one to this; a whole city is drawn from tiles."""
_FAR_ZOOM = 13
"""The last zoom of tiles that QGIS takes at scales smaller than that of cells."""
_NAMES_TO = {"cells": 25_000, "facilities": 5_000}
"""Names are written at scales larger than one to this."""
_GLAZE = 0.65
"""How much of the ground a cell covers."""
_WIDE_PX, _NARROW_PX = 15, 9
_POINT, _LINE, _FILL = "marker", "line", "fill"
_NAMED = {
    "cells": """if(left("name", length("community")) = "community","""
    """ "community" || '\n' || substr("name", length("community") + 1), "name")""",
    "facilities": '"name"',
}
"""The name of a cell on two lines, its community first."""


def element(above: Tree.Element, name: str, /, **attributes: str) -> Tree.Element:
    """A new element under another."""
    return Tree.SubElement(above, name, attributes)


def text(above: Tree.Element, name: str, value: str) -> Tree.Element:
    """A new element with a text under another."""
    one = Tree.SubElement(above, name)
    one.text = value
    return one


def drawn(
    layer: str, fields: Mapping[str, str], words: Mapping[str, Mapping[str, str]]
) -> list[Tree.Element]:
    """All that QGIS is told of a layer of features: colours, names, titles of its fields."""
    renderer = _cells() if layer == "cells" else _facilities()
    shown = Tree.Element("previewExpression")
    shown.text = '"name"'
    return [renderer, _labels(layer), _worded(words), _titled(fields), _table(fields), shown]


def seen(layer: str) -> dict[str, str]:
    """From which scale on a layer is drawn."""
    told = {"hasScaleBasedVisibilityFlag": "1", "minScale": str(SEEN_TO[layer]), "maxScale": "0"}
    return told | {"labelsEnabled": "1"}


# Symbols


def canvas() -> Iterator[tuple[str, str]]:
    """What the map lies on, and how what is selected shows, part by part."""
    told = {"Canvas": _colour(GROUND["paper"]), "Selection": _colour(GROUND["selected"], 0.6)}
    for name, colour in told.items():
        for part, value in zip(("Red", "Green", "Blue", "Alpha"), colour.split(","), strict=True):
            yield f"{name}Color{part}Part", value


def _colour(told: str, opacity: float = 1) -> str:
    parts = [int(told[at : at + 2], 16) for at in (1, 3, 5)]
    return ",".join(map(str, (*parts, round(opacity * 255))))


def _symbol(kind: str, name: str, layers: Mapping[str, Mapping[str, str]]) -> Tree.Element:
    """A symbol of layers, each told by its class and its options, from the lowest up."""
    symbol = Tree.Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    for told, options in layers.items():
        layer = element(symbol, "layer", **{"class": told}, enabled="1", locked="0")
        held = element(layer, "Option", type="Map")
        for key, value in options.items():
            element(held, "Option", type="QString", name=key, value=value)
    return symbol


def _edge(colour: str, width_mm: float) -> dict[str, str]:
    return {"outline_color": _colour(colour), "outline_style": "solid",
            "outline_width": str(width_mm), "outline_width_unit": "MM"}  # fmt: skip


def _filled(name: str, colour: str, edge: Mapping[str, str], *, opacity: float = 1) -> Tree.Element:
    return _symbol(_FILL, name, {
        "SimpleFill": {"color": _colour(colour, opacity), "style": "solid", **edge}
    })  # fmt: skip


def _sign(name: str, colour: str, glyph: str) -> Tree.Element:
    """A disc with its character, as on the map."""
    disc = {"name": "circle", "color": _colour(colour), "size": "4", "size_unit": "MM"}
    letter = {"chr": glyph, "color": _colour(GROUND["halo"]), "size": "2.6", "size_unit": "MM",
              "outline_width": "0"}  # fmt: skip
    return _symbol(_POINT, name, {
        "SimpleMarker": disc | _edge(GROUND["halo"], 0.2), "FontMarker": letter
    })  # fmt: skip


def _lined(name: str, colour: str, width_mm: float) -> Tree.Element:
    told = {"line_color": _colour(colour), "line_width": str(width_mm), "line_width_unit": "MM"}
    return _symbol(_LINE, name, {"SimpleLine": told | {"line_style": "solid"}})


# Layers of features


def _bands() -> Iterator[tuple[str, str, str]]:
    """Which cells, what the legend says of them, their colour."""
    yield '"households" IS NULL', "不公开 · not shown", GROUND["unknown"]
    yield '"households" = 0', "0", GROUND["cell"]
    for start, end, colour in zip_longest(
        HOUSEHOLDS_FROM, HOUSEHOLDS_FROM[1:], RAMPS["households"]
    ):
        until = "" if end is None else f' AND "households" < {end}'
        label = f"≥ {start}" if end is None else f"{start} – {end - 1}"
        yield f'"households" >= {start}{until}', f"{label} 户", colour


def _cells() -> Tree.Element:
    """Cells by their households; where the number is not shown, in none of the ramp."""
    renderer = Tree.Element("renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    rules = element(renderer, "rules", key="households")
    symbols = element(renderer, "symbols")
    for number, (rule, label, colour) in enumerate(_bands()):
        key = f"households{number}"
        element(rules, "rule", key=key, filter=rule, label=label, symbol=str(number))
        edge = _edge(GROUND["line"], 0.26)
        symbols.append(_filled(str(number), colour, edge, opacity=_GLAZE))
    return renderer


def _facilities() -> Tree.Element:
    """Facilities as signs, by category; lamps and manhole covers wait to be ticked."""
    renderer = Tree.Element(
        "renderer-v2", type="categorizedSymbol", attr="category", symbollevels="0", forceraster="0"
    )
    categories = element(renderer, "categories")
    symbols = element(renderer, "symbols")
    signs = cast("list[dict[str, Any]]", maps.styles.table()["facilities"])
    for number, sign in enumerate(signs):
        told = {"value": sign["key"], "label": f"{sign['label']} · {sign['english']}"}
        told["render"] = "true" if sign["shown"] else "false"
        element(categories, "category", **told, symbol=str(number), type="string")
        symbols.append(_sign(str(number), sign["colour"], sign["glyph"]))
    return renderer


def _labels(layer: str) -> Tree.Element:
    """Names, where there is room for them: of a cell in its middle, of a facility beside it.

    No font is named: QGIS warns of each that is not installed.
    """
    labels = Tree.Element("labeling", type="simple")
    settings = element(labels, "settings", calloutType="simple")
    style = element(settings, "text-style", fieldName=_NAMED[layer], isExpression="1",
                    fontSize="8", fontSizeUnit="Point", fontWeight="50",
                    textColor=_colour(GROUND["ink"]), multilineHeight="1")  # fmt: skip
    element(style, "text-buffer", bufferDraw="1", bufferSize="0.7", bufferSizeUnits="MM",
            bufferColor=_colour(GROUND["halo"], 0.85))  # fmt: skip
    element(settings, "text-format", multilineAlign="1")
    placement, first = ("1", "9") if layer == "cells" else ("6", "4")
    element(settings, "placement", placement=placement, dist="2.2", distUnits="MM",
            centroidInside="1", centroidWhole="1", priority=first)  # fmt: skip
    element(settings, "rendering", scaleVisibility="1", scaleMin="1", drawLabels="1",
            scaleMax=str(_NAMES_TO[layer]), obstacle="0" if layer == "cells" else "1")  # fmt: skip
    return labels


def _worded(words: Mapping[str, Mapping[str, str]]) -> Tree.Element:
    """Words of the API are shown as the trade says them."""
    fields = Tree.Element("fieldConfiguration")
    for name, said in words.items():
        widget = element(element(fields, "field", name=name), "editWidget", type="ValueMap")
        config = element(element(widget, "config"), "Option", type="Map")
        pairs = element(config, "Option", type="List", name="map")
        for word, label in said.items():
            pair = element(pairs, "Option", type="Map")
            element(pair, "Option", type="QString", name=label, value=word)
    return fields


def _titled(fields: Mapping[str, str]) -> Tree.Element:
    aliases = Tree.Element("aliases")
    for number, (name, title) in enumerate(fields.items()):
        element(aliases, "alias", index=str(number), field=name, name=title)
    return aliases


def _table(fields: Mapping[str, str]) -> Tree.Element:
    """The table of attributes, its columns as wide as their titles."""
    told = Tree.Element("attributetableconfig", actionWidgetStyle="dropDown", sortOrder="0")
    columns = element(told, "columns")
    for name, title in fields.items():
        wide = sum(_WIDE_PX if ord(letter) > 0x2000 else _NARROW_PX for letter in title)
        element(columns, "column", type="field", name=name, hidden="0", width=str(max(wide, 140)))
    return told


# The ground, from tiles


def ground() -> Tree.Element:
    """What lies under the cells, as a renderer of vector tiles; from afar the cells too."""
    return _of_tiles(_under())


def built() -> Tree.Element:
    """What is built upon the cells, and borders, as a renderer of vector tiles."""
    return _of_tiles(_upon())


def _of_tiles(styles: Iterable[Tree.Element]) -> Tree.Element:
    renderer = Tree.Element("renderer", type="basic")
    element(renderer, "styles").extend(styles)
    return renderer


def _under() -> Iterator[Tree.Element]:
    plain = {"outline_style": "no"}
    for kind in ("water", "green"):
        yield _tiled(kind, "base", 2, _filled("0", GROUND[kind], plain), f"\"kind\" = '{kind}'")
    for number, (rule, _, colour) in enumerate(_bands()):
        cell = _filled("0", colour, plain, opacity=_GLAZE)
        yield _tiled(f"cells{number}", "cells", 2, cell, rule, zooms=(-1, _FAR_ZOOM))


def _upon() -> Iterator[Tree.Element]:
    near = (_FAR_ZOOM + 1, -1)
    for name, colour, width_mm in (("edge", "road_edge", 0.9), ("road", "road", 0.6)):
        road = _lined("0", GROUND[colour], width_mm)
        yield _tiled(name, "base", 1, road, "\"kind\" = 'road'", zooms=near)
    house = _filled("0", GROUND["building"], _edge(GROUND["building_edge"], 0.1))
    yield _tiled("buildings", "buildings", 2, house)
    yield _tiled("cells", "cells", 2, _bordered(_edge(GROUND["line"], 0.2)), zooms=near)
    for name, rule, width_mm, zooms in (
        ("communities", f"\"level\" = '{DivisionLevel.VILLAGE}'", 0.4, near),
        ("streets", f"\"level\" <> '{DivisionLevel.VILLAGE}'", 0.4, (-1, -1)),
    ):
        border = _edge(GROUND["division"], width_mm)
        yield _tiled(name, "divisions", 2, _bordered(border), rule, zooms=zooms)


def _bordered(edge: Mapping[str, str]) -> Tree.Element:
    """Ground of which only the border is drawn."""
    return _symbol(_FILL, "0", {"SimpleFill": {"style": "no", **edge}})


def _tiled(
    name: str, layer: str, shape: int, symbol: Tree.Element, rule: str = "",
    *, zooms: tuple[int, int] = (-1, -1),
) -> Tree.Element:  # fmt: skip
    """A style of one vector layer, from one zoom to another; shape 1 is lines, 2 is ground."""
    style = Tree.Element("style", {
        "name": name, "layer": layer, "geometry": str(shape), "enabled": "1", "expression": rule,
        "min-zoom": str(zooms[0]), "max-zoom": str(zooms[1]),
    })  # fmt: skip
    element(style, "symbols").append(symbol)
    return style
