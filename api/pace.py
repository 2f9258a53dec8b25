"""How often an account may do what, done a thousand times, would find out what is hidden.

Whether a number is in the register is told to those who have it before them; a script that tries
numbers is not one of them. Counted in this process; the journal keeps every look.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import StrEnum

from gis.access import Viewer
from gis.errors import TooOften

WINDOW_S = 3600


class Guess(StrEnum):
    """What could be used for guessing, and how often in an hour that is still work."""

    LOOK_UP = "look up an id or a phone"
    GIVE_ID = "enter a resident id"
    BRING = "bring a sheet"
    REPORT = "report"
    PHOTOGRAPH = "add photographs"
    VERIFY = "say who you are"
    ASK = "ask or apply"
    FOLLOW = "follow a code"


MOST = {
    Guess.LOOK_UP: 120, Guess.GIVE_ID: 120, Guess.BRING: 60, Guess.REPORT: 300,
    Guess.PHOTOGRAPH: 300, Guess.VERIFY: 30, Guess.ASK: 60, Guess.FOLLOW: 120,
}  # fmt: skip
MOST_KEPT = 100_000


class Pace:
    """Remembers the last hour of each account, and of each address where nobody signed in."""

    def __init__(self) -> None:
        self._times: dict[tuple[int, str, Guess], deque[float]] = {}
        self._lock = threading.Lock()

    def step(self, viewer: Viewer, guess: Guess, *, address: str = "") -> None:
        """Count one more.

        Raises:
            TooOften: more than a person does in an hour.
        """
        now = time.monotonic()
        with self._lock:
            if len(self._times) > MOST_KEPT:
                self._times = {k: v for k, v in self._times.items() if v[-1] > now - WINDOW_S}
            times = self._times.setdefault((viewer.account, address, guess), deque())
            while times and times[0] < now - WINDOW_S:
                times.popleft()
            if len(times) >= MOST[guess]:
                raise TooOften(
                    f"to {guess} more than {MOST[guess]} times an hour is not done by hand; "
                    "go on later"
                )
            times.append(now)
