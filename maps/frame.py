"""The frames of our pages, their content policy, and values as a page's script reads them.

Without folium: a page that shows no map does not wait for it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import orjson

STATIC = "/static"
"""Where our own files lie, for a browser."""
_FRAMES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "frames"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def content_policy(nonce: str, *, picture_hosts: Sequence[str] = ()) -> str:
    """Write the Content-Security-Policy of a page: our own origin, and pictures of the basemap."""
    own = f"'self' 'nonce-{nonce}'"
    return _policy(scripts=own, styles=own, picture_hosts=picture_hosts)


def kept_policy(html: str, *, picture_hosts: Sequence[str] = ()) -> str:
    """Write the policy of a page that phones keep: its own inline scripts, by their hashes.

    A nonce would stay the same in every opening of a kept copy, so it would guard nothing. For a
    page that holds no data: what came from outside into one would be allowed with the rest.
    """
    own = [hashlib.sha256(script.encode()).digest() for script in Inside(html).scripts]
    allowed = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in own]
    scripts = " ".join(["'self'", *allowed])
    return _policy(scripts=scripts, styles="'self'", picture_hosts=picture_hosts)


class Inside(HTMLParser):
    """What is inside a page: `scripts` that run as they stand, and the `paths` it names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.paths: list[str] = []
        self._runs = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        told = dict(attrs)
        data_block = told.get("type") == "application/json"
        self._runs = tag == "script" and "src" not in told and not data_block
        path = told.get("href") if tag == "link" else told.get("src")
        if path:
            self.paths.append(path)

    def handle_data(self, data: str) -> None:
        """Take note of a script."""
        if self._runs:
            self.scripts.append(data)
            self._runs = False


def _policy(*, scripts: str, styles: str, picture_hosts: Sequence[str]) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            f"style-src {styles}",
            " ".join(["img-src 'self' data: blob:", *picture_hosts]),
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
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
