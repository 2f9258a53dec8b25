"""What every page stands in: its language and theme, the bar at the top, its words.

The frame `shell.html` holds the bar; who is signed in, and where he may go, the page asks itself,
so that it holds no data and opens also while the store is down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import maps.frame
import maps.words
from gis.access import Role

THEMES = {
    "auto": "screen and (prefers-color-scheme: dark)",
    "light": "not all",
    "dark": "screen",
}
"""The themes, and for which media each takes the colours of the night."""
HOME = "/"
_WORK = {
    Role.WORKER: "/worker",
    Role.LEADER: "/editors",
    Role.ACCEPTOR: "/map",
    Role.DISPATCHER: "/desk",
    Role.INSPECTOR: "/map",
    Role.CHIEF: "/desk",
    Role.DEPARTMENT: "/worker",
    Role.PLANNER: "/plan",
    Role.AUDITOR: "/map",
    Role.ADMINISTRATOR: "/map",
}
"""The page of each role's work; what is on it is for its rights and scope to say."""


def page_of(role: Role | None) -> str:
    """The page of a role's work; who has none is a resident, whose page is the home."""
    return _WORK[role] if role else HOME


@dataclass(frozen=True)
class Shell:
    """How a page is asked for: its address, language and theme, the nonce of its scripts, and the
    zone of the town, by whose clock it tells all times."""

    nonce: str
    path: str = "/"
    language: str = "zh"
    theme: str = "auto"
    zone: str = "Asia/Shanghai"

    def say(self, key: str, **facts: object) -> str:
        """Say what `key` names in the page's language."""
        return maps.words.say(self.language, key, **facts)


def page(
    frame: str,
    shell: Shell,
    *,
    themes: tuple[str, ...],
    ahead: Sequence[str] = (),
    **filling: object,
) -> str:
    """Render the frame of a page that holds no map; see `about`."""
    return maps.frame.fill(frame, **about(shell, themes, ahead=ahead), **filling)


def about(shell: Shell, themes: tuple[str, ...], *, ahead: Sequence[str] = ()) -> dict[str, Any]:
    """What `shell.html` is filled with.

    `themes` are those of the words its scripts say. Modules `ahead` are fetched at once, so that
    none waits for another to name it.
    """
    return {
        "shell": shell,
        "nonce": shell.nonce,
        "t": shell.say,
        "lang": maps.words.TAGS[shell.language],
        "looks": tuple(THEMES),
        "night": THEMES[shell.theme],
        "other": next(one for one in maps.words.LANGUAGES if one != shell.language),
        "ahead": ahead,
        "words": maps.frame.values(maps.words.of(shell.language, *themes)),
    }
