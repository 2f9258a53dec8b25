"""The register at `/register`: find people, mend gaps, decide, bring sheets."""

from __future__ import annotations

from collections.abc import Mapping

import maps.frame

ROOMS = (
    {
        "key": "find",
        "label": "查找",
        "english": "Find",
        "icon": ("M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11", "m12.8 12.8 4.7 4.7"),
    },
    {
        "key": "todo",
        "label": "待补",
        "english": "To mend",
        "icon": ("M4 4h12v12H4z", "m7 10 2.2 2.2L13.5 8"),
    },
    {
        "key": "decide",
        "label": "待定",
        "english": "To decide",
        "icon": ("M10 3v14", "M10 6h6l-1.5 2L16 10h-6", "M10 9H4l1.5 2L4 13h6"),
    },
    {
        "key": "upload",
        "label": "导入",
        "english": "Bring a sheet",
        "icon": ("M10 13V3", "m6 7 4-4 4 4", "M3 13v4h14v-4"),
    },
)
"""The rooms of the page, in the order of a worker's day."""
_NEEDS = {"decide": "decide", "upload": "import"}


def page(*, name: str, role: str, may: Mapping[str, bool], nonce: str) -> str:
    """Render the page for somebody called `name`; `may` says which acts are offered.

    What is offered is a courtesy: the server and the database decide again.
    """
    rooms = [room for room in ROOMS if may.get(_NEEDS.get(str(room["key"]), "find"), True)]
    return maps.frame.fill(
        "register.html",
        title="台账 · Wangge",
        name=name,
        role=role,
        rooms=rooms,
        nonce=nonce,
        settings=maps.frame.values({"may": dict(may)}),
    )
