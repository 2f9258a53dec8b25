"""The catalogue of what the map can show: each part with its tiles and the zoom it begins at.

All parts are drawn on one canvas per tile, in the order below; `Part` is the switch of one of
them, an ordinary folium layer that the layer control lists.
"""

from __future__ import annotations

from dataclasses import dataclass

from folium.map import Layer
from folium.template import Template


@dataclass(frozen=True)
class Shown:
    """A part of the picture. `tiles` names the tile layer it is drawn from."""

    key: str
    label: str
    tiles: str
    from_zoom: int
    on: bool = True


PARTS = (
    Shown("ground", "水系绿地道路 Ground", "base", 0),
    Shown("buildings", "楼栋 Buildings", "buildings", 15),
    Shown("cells", "网格 Cells", "cells", 0),
    Shown("divisions", "行政区划 Divisions", "divisions", 0),
    Shown("names", "名称 Names", "cells", 0),
    Shown("facilities", "设施 Facilities", "facilities", 0, on=False),
    Shown("cases", "案卷 Cases", "cases", 0),
)


class Part(Layer):
    """The switch of one part of the picture."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = wangge.part({{ this.key|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, shown: Shown, *, on: bool) -> None:
        super().__init__(name=shown.label, overlay=True, control=True, show=on)
        self._name = "Part"
        self.key = shown.key
