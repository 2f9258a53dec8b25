"""The page at `/style`: the one visual language, shown by its own parts."""

from __future__ import annotations

import maps.offline
import maps.shell
from maps.frame import STATIC
from maps.shell import Shell

SECTIONS = ("type", "colour", "space", "icons", "parts", "wording")
TYPE = ("hero", "head", "title", "lead", "body", "small", "tiny")
SPACE = range(1, 9)
FORMS = ("r-1", "r-2", "r-3", "touch", "shadow-1", "shadow-2")
COLOURS = {
    "surface": ("ground", "paper", "sunk", "line", "edge"),
    "ink": ("ink", "soft", "faint"),
    "accent": ("accent", "accent-strong", "accent-soft", "on-accent", "focus"),
    "state": (
        "good", "good-soft", "warn", "warn-soft", "late", "late-soft", "calm", "calm-soft",
    ),
}  # fmt: skip
PAIRS = (
    ("ink", "ground"), ("soft", "paper"), ("faint", "paper"), ("accent", "paper"),
    ("on-accent", "accent"), ("accent-strong", "accent-soft"), ("good", "good-soft"),
    ("warn", "warn-soft"), ("late", "late-soft"), ("calm", "calm-soft"),
)  # fmt: skip
"""Ink on paper, as pages pair them; the page measures their contrast."""
RULES = ("one", "short", "sentence", "number", "act", "empty")


def page(shell: Shell) -> str:
    """Render the page."""
    return maps.shell.page(
        "style.html", shell, themes=("style",), sections=SECTIONS, sizes=TYPE, space=SPACE,
        forms=FORMS, colours=COLOURS, pairs=PAIRS, rules=RULES,
        ahead=maps.offline.imports((f"{STATIC}/style/style.js",)),
    )  # fmt: skip
