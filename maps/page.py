"""`Page`: a folium map that loads nothing from outside and keeps a strict content policy.

folium renders three parts: header, body, script. They are rendered here one by one into a frame
of our own, each script with the page's nonce; nothing is patched into finished HTML. Values
reach the script through `tojson`, which escapes `<`, `>`, `&` and quotes; text that comes from
data never passes through here at all: the browser fetches it and sets it as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import folium
from branca.element import Element, Figure
from folium.template import Template

import maps.frame
from maps.frame import STATIC, values

CELL_MAP_CSS = [
    (f"wangge_{name}_css", f"{STATIC}/map/{name}.css")
    for name in ("page", "panels", "phone", "who", "case", "report")
]
"""The sheets of the map of cells."""


class Page(folium.Map):
    """A map page of ours. Add layers as to any folium map, then `render_page`.

    The module that its frame calls `wangge` opens the map; `label` is what a reader hears it is
    called, `sheets` are style sheets by name.
    """

    default_js = [("leaflet", f"{STATIC}/vendor/leaflet/leaflet.js")]  # noqa: RUF012 - folium's
    default_css = [("leaflet_css", f"{STATIC}/vendor/leaflet/leaflet.css")]  # noqa: RUF012
    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }} role="region"
                 aria-label={{ this.label|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = wangge.openMap({{ this.get_name()|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        *,
        frame: str,
        label: str,
        settings: dict[str, Any],
        sheets: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(tiles=None)
        self.default_css = [*type(self).default_css, *sheets]
        self.label = label
        self._frame = frame
        self._settings = settings

    def render_page(self, nonce: str, **filling: object) -> str:
        """Render the whole page, its scripts carrying `nonce`; `filling` is for its frame."""
        figure = self.get_root()
        assert isinstance(figure, Figure)
        _steady(figure)
        self.render()  # type: ignore[no-untyped-call]  # folium has no types here
        return maps.frame.fill(
            self._frame,
            **{"nonce": nonce, **filling},
            settings=values(self._settings),
            header=figure.header.render(),
            body=figure.html.render(),
            script=figure.script.render(),
        )


def _steady(root: Element) -> None:
    """Name the parts of a page by their order, not at random: the same page is the same text."""
    parts = [root]
    for number, part in enumerate(parts):
        part._id = f"{number}"
        parts.extend(part._children.values())
