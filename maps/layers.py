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
    tiles: str
    from_zoom: int
    on: bool = True


PARTS = (
    Shown("ground", "base", 0),
    Shown("buildings", "buildings", 15),
    Shown("cells", "cells", 0),
    Shown("divisions", "divisions", 0),
    Shown("names", "cells", 0),
    Shown("facilities", "facilities", 0, on=False),
    Shown("cases", "cases", 0),
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

    def __init__(self, shown: Shown, label: str, *, on: bool) -> None:
        super().__init__(name=label, overlay=True, control=True, show=on)
        self._name = "Part"
        self.key = shown.key
