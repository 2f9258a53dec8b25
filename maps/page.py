"""`Page`: a folium map that loads nothing from outside and keeps a strict content policy.

folium renders three parts: header, body, script. They are rendered here one by one into a frame
of our own, each script with the page's nonce; nothing is patched into finished HTML. Values
reach the script through `tojson`, which escapes `<`, `>`, `&` and quotes; text that comes from
data never passes through here at all: the browser fetches it and sets it as text.
"""

from __future__ import annotations

from typing import Any

import folium
from branca.element import Figure
from folium.template import Template

import maps.frame
from maps.frame import values

STATIC = "/static"
MODULES = {
    "pbf": f"{STATIC}/vendor/pbf/index.js",
    "@mapbox/point-geometry": f"{STATIC}/vendor/point-geometry/index.js",
    "@mapbox/vector-tile": f"{STATIC}/vendor/vector-tile/index.js",
}
"""What the pinned modules call each other, and where they lie."""


class Page(folium.Map):
    """A map page of ours. Add layers as to any folium map, then `render_page`."""

    default_js = [("leaflet", f"{STATIC}/vendor/leaflet/leaflet.js")]  # noqa: RUF012 - folium's
    default_css = [  # noqa: RUF012 - folium reads both from the class
        ("leaflet_css", f"{STATIC}/vendor/leaflet/leaflet.css"),
        ("wangge_css", f"{STATIC}/map/page.css"),
        ("wangge_panels_css", f"{STATIC}/map/panels.css"),
        ("wangge_phone_css", f"{STATIC}/map/phone.css"),
        ("wangge_who_css", f"{STATIC}/map/who.css"),
        ("wangge_case_css", f"{STATIC}/map/case.css"),
        ("wangge_report_css", f"{STATIC}/map/report.css"),
    ]
    _template = Template(
        """
        {% macro html(this, kwargs) %}
            <div class="folium-map" id={{ this.get_name()|tojson }} role="region"
                 aria-label="网格地图 Map of the cells"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            const {{ this.get_name() }} = wangge.openMap({{ this.get_name()|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, *, frame: str, title: str, settings: dict[str, Any]) -> None:
        super().__init__(tiles=None)
        self._frame = frame
        self._title = title
        self._settings = settings

    def render_page(self, nonce: str) -> str:
        """Render the whole page, its scripts carrying `nonce`."""
        figure = self.get_root()
        assert isinstance(figure, Figure)
        self.render()  # type: ignore[no-untyped-call]  # folium has no types here
        return maps.frame.fill(
            self._frame,
            title=self._title,
            nonce=nonce,
            modules=values({"imports": MODULES}),
            settings=values(self._settings),
            header=figure.header.render(),
            body=figure.html.render(),
            script=figure.script.render(),
        )
