"""The editors' page at `/editors`: what the staff of communities write, and what they are asked."""

from __future__ import annotations

import maps.basemaps
import maps.home
import maps.offline
import maps.shell
from maps.frame import STATIC
from maps.shell import Shell

THEMES = ("community", "home", "terms")
"""The catalogues its scripts speak from; `home` is how residents read what is written."""


def page(
    shell: Shell, basemap: maps.basemaps.Basemap | None = None, *, key: str | None = None
) -> str:
    """Render the page; the map on which a facility is placed is that of the home."""
    ahead = maps.offline.imports((f"{STATIC}/community/main.js",))
    town = maps.home.town("community.html", shell, basemap, key=key)
    return town.render_page(**maps.shell.about(shell, THEMES, ahead=ahead))
