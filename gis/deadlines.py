"""Deadlines of many cases at once, as addition of dial readings; `gis.clock` is its face.

Instants are int64 microseconds of UTC, one per case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import gis.dials
from gis.calendar import Calendar
from gis.dials import NEVER, Micros
from gis.errors import BadInput
from gis.terms import Clock

Instants = NDArray[np.datetime64]
Clocks = Clock | NDArray[Any]
"""One clock for all cases, or an array with the value of each."""


@dataclass(frozen=True, eq=False)
class Pauses:
    """When the clocks of many cases stood: row k stops the case at position `case[k]`.

    `begins` and `ends` are datetime64 of UTC; an end that is NaT is open. Rows come in any order
    and may overlap.
    """

    case: NDArray[np.int64]
    begins: Instants
    ends: Instants

    def __post_init__(self) -> None:
        wrong = np.isnat(self.begins) | (self.ends < self.begins)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadInput(
                f"pause {row} cannot go from {self.begins[row]} to {self.ends[row]}", row=row
            )


class Cases:
    """The clocks of many cases, started and paused.

    `start` are datetime64 of UTC. Raises BadInput for a clock that does not exist, an instant
    outside the years of `gis.dials` and a pause of a case that is not there.
    """

    def __init__(
        self, start: Instants, clock: Clocks, calendar: Calendar, pauses: Pauses | None
    ) -> None:
        self._groups = list(_by_clock(clock, len(start)))
        self._calendar = calendar
        self._start = micros(start)
        self._begin = self._read(self._start)
        self._rounds = [] if pauses is None else list(self._standstills(pauses))

    def limits(self, limit: ArrayLike) -> Micros:
        """Return limits, in units of each case's clock, as running time."""
        amount = np.broadcast_to(np.asarray(limit, float), self._start.shape)
        unit = np.empty_like(self._start)
        for clock, rows in self._groups:
            unit[rows] = self._calendar.unit(clock)
        wrong = ~((amount >= 1 / unit) & (amount < gis.dials.LAST / unit))
        if wrong.any():
            told = amount[np.argmax(wrong)]
            raise BadInput(f"a limit of {told:g}: take more than 0 and less than 131 years")
        limits: Micros = np.rint(amount * unit).astype(np.int64)
        return limits

    def due(self, limits: Micros) -> Micros:
        """Return the first instant at which each limit has run; NEVER while a pause is open."""
        due = self._begin + limits
        for case, begin, end in self._rounds:
            due[case] += np.where(begin < due[case], end - begin, 0)
        standing = due >= NEVER
        found = self._find(np.where(standing, self._begin, due))
        if (found == NEVER).any():
            raise BadInput(
                f"no time of work is left until {gis.dials.LAST_DAY} for the limit to run"
            )
        return np.where(standing, NEVER, found)

    def elapsed(self, at: Instants) -> Micros:
        """Return the running time until each instant, without the pauses; 0 before the start."""
        now = self._read(np.maximum(micros(np.broadcast_to(at, self._start.shape)), self._start))
        ran = now - self._begin
        for case, begin, end in self._rounds:
            ran[case] -= np.minimum(end, now[case]) - np.minimum(begin, now[case])
        return ran

    def _standstills(self, pauses: Pauses) -> Iterator[tuple[Micros, Micros, Micros]]:
        """Yield (cases, begin, end) in readings: first the first pause of each case, then …

        What lies before the start or inside an earlier pause is cut off.
        """
        if len(pauses.case) and not 0 <= pauses.case.min() <= pauses.case.max() < len(self._start):
            raise BadInput(f"a pause names a case that is not one of {len(self._start)}")
        order = np.lexsort((pauses.begins, pauses.case))
        case, is_open = pauses.case[order], np.isnat(pauses.ends[order])
        begins = self._read(micros(pauses.begins[order]), case)
        ends = micros(np.where(is_open, pauses.begins[order], pauses.ends[order]))
        ends = np.where(is_open, NEVER, self._read(ends, case))
        nth = np.arange(len(case)) - np.searchsorted(case, case)
        in_rounds = np.argsort(nth, kind="stable")
        stood = self._begin.copy()
        for rows in np.split(in_rounds, np.cumsum(np.bincount(nth))[:-1]):
            who = case[rows]
            begin = np.maximum(begins[rows], stood[who])
            stood[who] = end = np.maximum(ends[rows], begin)
            yield who, begin, end

    def _read(self, at: Micros, case: Micros | None = None) -> Micros:
        """Return readings of instants; `case` names the case of each, if they are not in order."""
        readings = np.empty_like(at)
        for clock, members in self._groups:
            rows = members if case is None else members[case]
            readings[rows] = self._calendar.dial(clock).read(at[rows])
        return readings

    def _find(self, readings: Micros) -> Micros:
        instants = np.empty_like(readings)
        for clock, rows in self._groups:
            instants[rows] = self._calendar.dial(clock).find(readings[rows])
        return instants


def _by_clock(clock: Clocks, count: int) -> Iterator[tuple[Clock, NDArray[np.bool_]]]:
    """Yield each clock in use with the mask of its cases."""
    if isinstance(clock, str):
        clock = np.full(count, clock)
    named = np.zeros(count, bool)
    for one in Clock:
        members = clock == one.value
        if members.any():
            named |= members
            yield one, members
    if not named.all():
        told = str(clock[np.argmin(named)])
        raise BadInput(f"no clock is called {told!r}: take one of {', '.join(Clock)}")


def micros(at: Instants) -> Micros:
    """Return instants as microseconds of UTC; refuses missing ones and those out of range."""
    counted: Micros = at.astype("datetime64[us]").astype(np.int64)
    wrong = np.isnat(at) | (counted < gis.dials.FIRST) | (counted > gis.dials.LAST)
    if wrong.any():
        row = int(np.argmax(wrong))
        years = f"{gis.dials.FIRST_DAY.year} to {gis.dials.LAST_DAY.year}"
        raise BadInput(f"row {row}: {at[row]} is no instant of the years {years}", row=row)
    return counted
