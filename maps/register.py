"""The register at `/register`: find people, mend gaps, decide, bring sheets."""

from __future__ import annotations

from collections.abc import Mapping

import maps.frame
import maps.offline
import maps.shell
from maps.frame import STATIC
from maps.shell import Shell

THEMES = ("register",)
ROOMS = {
    "find": ("M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11", "m12.8 12.8 4.7 4.7"),
    "todo": ("M4 4h12v12H4z", "m7 10 2.2 2.2L13.5 8"),
    "decide": ("M10 3v14", "M10 6h6l-1.5 2L16 10h-6", "M10 9H4l1.5 2L4 13h6"),
    "upload": ("M10 13V3", "m6 7 4-4 4 4", "M3 13v4h14v-4"),
}
"""The rooms of the page with their icons, in the order of a worker's day."""
_NEEDS = {"decide": "decide", "upload": "import"}


def page(shell: Shell, *, may: Mapping[str, bool]) -> str:
    """Render the page; `may` says which acts are offered.

    What is offered is a courtesy: the server and the database decide again.
    """
    rooms = {name: icon for name, icon in ROOMS.items() if may.get(_NEEDS.get(name, ""), True)}
    return maps.shell.page(
        "register.html", shell, themes=THEMES, rooms=rooms,
        ahead=maps.offline.imports((f"{STATIC}/register/main.js",)),
        settings=maps.frame.values({"may": dict(may)}),
    )  # fmt: skip
