"""How QGIS draws our layers: symbols, names and words as its XML, by our one table of colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from xml.etree import ElementTree as Tree

from maps.styles import FACILITIES, GROUND, RAMPS
from maps.tile_style import HOUSEHOLDS_FROM

STYLED = ("facilities", "cells")
"""The collections that have a style, from the top down."""
GROUND_LAYERS = ("base", "buildings", "divisions")
_NAMES_TO = 10_000
"""Names of cells and facilities are written at scales larger than one to this."""
_POINT, _LINE, _FILL = "marker", "line", "fill"
_CLASSES = {_POINT: "SimpleMarker", _LINE: "SimpleLine", _FILL: "SimpleFill"}


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
    return [renderer, _labels(), _worded(words), _titled(fields)]


# Symbols


def _colour(told: str, opacity: float = 1) -> str:
    parts = [int(told[at : at + 2], 16) for at in (1, 3, 5)]
    return ",".join(map(str, (*parts, round(opacity * 255))))


def _symbol(kind: str, name: str, /, **options: str) -> Tree.Element:
    symbol = Tree.Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    layer = element(symbol, "layer", **{"class": _CLASSES[kind]}, enabled="1", locked="0")
    held = element(layer, "Option", type="Map")
    for key, value in options.items():
        element(held, "Option", type="QString", name=key, value=value)
    return symbol


def _filled(name: str, colour: str, *, opacity: float = 1, edge: str | None = None) -> Tree.Element:
    line = {"outline_style": "no"}
    if edge is not None:
        line = {"outline_color": _colour(edge), "outline_style": "solid", "outline_width": "0.2",
                "outline_width_unit": "MM"}  # fmt: skip
    return _symbol(_FILL, name, color=_colour(colour, opacity), style="solid", **line)


def _disc(name: str, colour: str) -> Tree.Element:
    return _symbol(
        _POINT, name, name="circle", color=_colour(colour), size="2.4", size_unit="MM",
        outline_color=_colour(GROUND["halo"]), outline_width="0.2", outline_width_unit="MM",
    )  # fmt: skip


def _lined(name: str, colour: str, width_mm: float) -> Tree.Element:
    told = {"line_color": _colour(colour), "line_width": str(width_mm), "line_width_unit": "MM"}
    return _symbol(_LINE, name, line_style="solid", **told)


# Layers of features


def _cells() -> Tree.Element:
    """Cells by their households; where the number is not shown, in none of the ramp."""
    bands = [("households IS NULL", "不公开 · not shown", GROUND["unknown"]),
             ("households = 0", "0", GROUND["cell"])]  # fmt: skip
    for start, end, colour in zip_longest(
        HOUSEHOLDS_FROM, HOUSEHOLDS_FROM[1:], RAMPS["households"]
    ):
        until = "" if end is None else f" AND households < {end}"
        label = f"{start} –" if end is None else f"{start} – {end - 1}"
        bands.append((f"households >= {start}{until}", f"{label} 户", colour))
    renderer = Tree.Element("renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    rules = element(renderer, "rules", key="households")
    symbols = element(renderer, "symbols")
    for number, (rule, label, colour) in enumerate(bands):
        key = f"households{number}"
        element(rules, "rule", key=key, filter=rule, label=label, symbol=str(number))
        symbols.append(_filled(str(number), colour, opacity=0.6, edge=GROUND["line"]))
    return renderer


def _facilities() -> Tree.Element:
    """Facilities as discs, by category."""
    renderer = Tree.Element(
        "renderer-v2", type="categorizedSymbol", attr="category", symbollevels="0", forceraster="0"
    )
    categories = element(renderer, "categories")
    symbols = element(renderer, "symbols")
    for number, (category, sign) in enumerate(FACILITIES.items()):
        told = {"value": category.value, "label": f"{category.label} · {sign.english}"}
        element(categories, "category", **told, symbol=str(number), render="true", type="string")
        symbols.append(_disc(str(number), sign.colour))
    return renderer


def _labels() -> Tree.Element:
    """Names, where there is room for them."""
    labels = Tree.Element("labeling", type="simple")
    settings = element(labels, "settings", calloutType="simple")
    style = element(settings, "text-style", fieldName="name", isExpression="0", fontSize="8",
                    fontSizeUnit="Point", textColor=_colour(GROUND["ink"]))  # fmt: skip
    element(style, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM",
            bufferColor=_colour(GROUND["halo"]))  # fmt: skip
    element(settings, "placement", placement="0", dist="1", distUnits="MM")
    element(settings, "rendering", scaleVisibility="1", scaleMin="1", scaleMax=str(_NAMES_TO),
            drawLabels="1")  # fmt: skip
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


# The ground, from tiles


def ground() -> Tree.Element:
    """The ground as a renderer of vector tiles."""
    renderer = Tree.Element("renderer", type="basic")
    styles = element(renderer, "styles")
    styles.extend(_of_tiles())
    return renderer


def _of_tiles() -> Iterable[Tree.Element]:
    for kind in ("water", "green"):
        yield _tiled(kind, "base", 2, _filled("0", GROUND[kind]), f"\"kind\" = '{kind}'")
    yield _tiled("road", "base", 1, _lined("0", GROUND["road_edge"], 0.4), "\"kind\" = 'road'")
    house = _filled("0", GROUND["building"], edge=GROUND["building_edge"])
    yield _tiled("buildings", "buildings", 2, house)
    for part in (1, 2):
        border = _lined("0", GROUND["division"], 0.5) if part == 1 else _bordered()
        yield _tiled(f"divisions{part}", "divisions", part, border)


def _bordered() -> Tree.Element:
    """Ground of which only the border is drawn."""
    return _symbol(_FILL, "0", style="no", outline_style="solid", outline_width="0.5",
                   outline_width_unit="MM", outline_color=_colour(GROUND["division"]))  # fmt: skip


def _tiled(name: str, layer: str, shape: int, symbol: Tree.Element, rule: str = "") -> Tree.Element:
    """A style of one vector layer; shape 1 is lines, 2 is ground."""
    style = Tree.Element("style", {
        "name": name, "layer": layer, "geometry": str(shape), "enabled": "1", "expression": rule,
        "min-zoom": "-1", "max-zoom": "-1",
    })  # fmt: skip
    element(style, "symbols").append(symbol)
    return style
