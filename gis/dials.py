"""Dials: how much time has run at an instant, and when so much will have run.

Instants are int64 microseconds of UTC since 1970, readings are microseconds of running time. Every
clock is a dial that runs in intervals and stands between them, so all arithmetic with limits and
pauses is addition of readings. A dial never runs backwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Micros = NDArray[np.int64]

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)
"""The years in which clocks can run."""

SECOND = 1_000_000
DAY = 86_400 * SECOND
FIRST = 0
LAST = ((LAST_DAY - FIRST_DAY).days + 1) * DAY
NEVER = 2**62
"""Later than any instant or reading."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Dial:
    """Runs from `begins[k]` to `ends[k]` (sorted, apart), from the reading `marks[k]` on.

    Between two intervals it stands; where the next mark is higher, it has jumped.
    """

    begins: Micros
    ends: Micros
    marks: Micros

    def read(self, at: Micros) -> Micros:
        """Return the reading at each instant."""
        row = np.maximum(np.searchsorted(self.begins, at, side="right") - 1, 0)
        begin: Micros = self.begins[row]
        return self.marks[row] + np.clip(at, begin, self.ends[row]) - begin

    def find(self, reading: Micros) -> Micros:
        """Return the first instant at which the dial shows at least each reading, else NEVER."""
        reached = self.marks + self.ends - self.begins
        row = np.searchsorted(reached, reading, side="left")
        known = np.minimum(row, len(reached) - 1)
        found = self.begins[known] + np.maximum(reading - self.marks[known], 0)
        return np.where(row < len(reached), found, NEVER)


def always() -> Dial:
    """Return the dial that never stands."""
    return Dial(np.array([FIRST]), np.array([LAST]), np.array([FIRST]))


@cache
def wall(zone: str) -> Dial:
    """Return the dial that shows the wall clock of a zone.

    Where clocks are put forward it jumps; where they are put back it stands until they show a time
    that was not yet seen: the repeated hour runs once.
    """
    begins, ends, offsets = (np.array(column) for column in zip(*_offsets(zone), strict=True))
    seen = np.maximum.accumulate(ends + offsets)
    marks = np.maximum(begins + offsets, np.concatenate(([-DAY], seen[:-1])))
    new = marks < ends + offsets
    return Dial((marks - offsets)[new], ends[new], marks[new])


def working(begins: Micros, ends: Micros, zone: str) -> Dial:
    """Return the dial that runs while the wall clock of a zone shows a time of work.

    `begins` and `ends` are wall times (sorted, apart). An hour that is skipped gives no work, an
    hour that comes twice gives twice its work.
    """
    pieces = [np.array([[FIRST], [FIRST]])]  # so that a dial without any work can be read too
    for since, until, offset in _offsets(zone):
        met = slice(
            np.searchsorted(ends, since + offset, side="right"),
            np.searchsorted(begins, until + offset, side="left"),
        )
        pieces.append(np.clip(np.stack([begins[met], ends[met]]) - offset, since, until))
    begin, end = np.concatenate(pieces, axis=1)
    return Dial(begin, end, np.cumsum(end - begin) - (end - begin))


def told(instant: int, zone: str) -> datetime:
    """Return an instant as a zone tells it, at a fixed offset.

    Python compares times of one ZoneInfo by the wall, and holds the times of a repeated hour
    unequal to those of any other zone: with a fixed offset, neither happens.
    """
    there = (_EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    return there.replace(tzinfo=timezone(there.utcoffset() or timedelta()), fold=0)


@cache
def _offsets(zone: str) -> tuple[tuple[int, int, int], ...]:
    """Return (since, until, offset from UTC) of a zone, in the order of time."""
    changes = list(_changes(ZoneInfo(zone)))
    untils = [since for since, _ in changes[1:]] + [LAST]
    return tuple(
        (since, until, offset) for (since, offset), until in zip(changes, untils, strict=True)
    )


def _changes(zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Yield (since, offset) in microseconds: looked up day by day, then halved to the second."""
    before = _offset(zone, 0)
    yield FIRST, before * SECOND
    for day in range(86_400, LAST // SECOND, 86_400):
        after = _offset(zone, day)
        if after != before:
            low, high = day - 86_400, day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            yield high * SECOND, after * SECOND
            before = after


def _offset(zone: ZoneInfo, second: int) -> int:
    there = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return (there or timedelta()) // timedelta(seconds=1)
