"""`Page`: a folium map that loads nothing from outside and keeps a strict content policy.

folium renders three parts: header, body, script. They are rendered here one by one into a frame
of our own, each script with the page's nonce; nothing is patched into finished HTML. Values
reach the script through `tojson`, which escapes `<`, `>`, `&` and quotes; text that comes from
data never passes through here at all: the browser fetches it and sets it as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import folium
import jinja2
import orjson
from branca.element import Figure
from folium.template import Template

STATIC = "/static"
MODULES = {
    "pbf": f"{STATIC}/vendor/pbf/index.js",
    "@mapbox/point-geometry": f"{STATIC}/vendor/point-geometry/index.js",
    "@mapbox/vector-tile": f"{STATIC}/vendor/vector-tile/index.js",
}
"""What the pinned modules call each other, and where they lie."""

_FRAMES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "frames"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def content_policy(nonce: str, *, picture_hosts: Sequence[str] = ()) -> str:
    """Write the Content-Security-Policy of a page: our own origin, and pictures of the basemap."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            " ".join(["img-src 'self' data:", *picture_hosts]),
            "connect-src 'self'",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        ]
    )


def frame(file: str, /, **filling: object) -> str:
    """Render a page without a map; every value is escaped unless the frame calls it safe."""
    return _FRAMES.get_template(file).render(**filling)


def values(payload: object) -> str:
    """Write values as JSON that can stand inside a script element: no `<`, `>` or `&`."""
    text = orjson.dumps(payload).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class Page(folium.Map):
    """A map page of ours. Add layers as to any folium map, then `render_page`."""

    default_js = [("leaflet", f"{STATIC}/vendor/leaflet/leaflet.js")]  # noqa: RUF012 - folium's
    default_css = [  # noqa: RUF012 - folium reads both from the class
        ("leaflet_css", f"{STATIC}/vendor/leaflet/leaflet.css"),
        ("wangge_css", f"{STATIC}/map/page.css"),
        ("wangge_panels_css", f"{STATIC}/map/panels.css"),
        ("wangge_phone_css", f"{STATIC}/map/phone.css"),
        ("wangge_who_css", f"{STATIC}/map/who.css"),
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
        self._frame = _FRAMES.get_template(frame)
        self._title = title
        self._settings = settings

    def render_page(self, nonce: str) -> str:
        """Render the whole page, its scripts carrying `nonce`."""
        figure = self.get_root()
        assert isinstance(figure, Figure)
        self.render()  # type: ignore[no-untyped-call]  # folium has no types here
        return self._frame.render(
            title=self._title,
            nonce=nonce,
            modules=values({"imports": MODULES}),
            settings=values(self._settings),
            header=figure.header.render(),
            body=figure.html.render(),
            script=figure.script.render(),
        )
