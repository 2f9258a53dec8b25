"""The frames of our pages, their content policy, and values as a page's script reads them.

Without folium: a page that shows no map does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import orjson

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


def fill(frame: str, /, **filling: object) -> str:
    """Fill a page's frame; every value is escaped unless the frame calls it safe."""
    return _FRAMES.get_template(frame).render(**filling)


def values(payload: object) -> str:
    """Write values as JSON that can stand inside a script element: no `<`, `>` or `&`."""
    text = orjson.dumps(payload).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
