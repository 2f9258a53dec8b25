"""Who is cared for in the town, and the visits he had before today: about one resident in 25."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

import gis.care
from data.demo.buildings import within
from data.demo.ground import Ints
from gis.terms_community import CareCategory, CareLevel, VisitChannel, VisitFinding

C = CareCategory
_SHARES: dict[CareCategory, tuple[float, float, float, str]] = {
    C.LIVING_ALONE: (65, 105, 0.16, "alone"),
    C.EMPTY_NEST: (65, 105, 0.06, "old"),
    C.ADVANCED_AGE: (80, 105, 0.10, ""),
    C.DISABLED_ELDER: (70, 105, 0.03, ""),
    C.ELDERLY_LEFT: (65, 105, 0.004, ""),
    C.DISABLED: (0, 105, 0.009, ""),
    C.LOW_INCOME: (0, 105, 0.005, ""),
    C.DESTITUTE: (60, 105, 0.002, ""),
    C.NEAR_POOR: (18, 105, 0.002, ""),
    C.ILL: (40, 105, 0.005, ""),
    C.MATERNITY: (22, 40, 0.008, "female"),
    C.VETERAN: (35, 90, 0.006, "male"),
    C.JOBLESS: (25, 55, 0.003, ""),
    C.ONE_CHILD_LOST: (50, 85, 0.001, ""),
    C.WOMAN_LEFT: (25, 60, 0.001, "female"),
    C.CHILD_LEFT: (0, 14, 0.004, ""),
    C.CHILD_IN_NEED: (0, 18, 0.003, ""),
    C.ORPHAN: (0, 18, 0.0004, ""),
}
"""Age from, age to, share of these who are cared for so, and who else they have to be."""
_CLOSER = np.array([one in {C.LIVING_ALONE, C.DISABLED_ELDER, C.CHILD_IN_NEED} for one in _SHARES])
_CATEGORIES = np.array([str(one) for one in _SHARES], object)
_LEVELS = np.array([str(one) for one in CareLevel], object)
_EVERY = np.array([gis.care.EVERY[one] for one in CareLevel])
_VISITS = np.array([4, 3, 2])
_LATE = 1.06
"""The last visit was so many intervals ago at most: some are due, a few overdue."""
_CHANNELS = {
    VisitChannel.DOOR: 0.60, VisitChannel.CALL: 0.22, VisitChannel.MESSAGE: 0.08,
    VisitChannel.NEIGHBOUR: 0.04, VisitChannel.VOLUNTEER: 0.04, VisitChannel.SENSOR: 0.01,
    VisitChannel.HOTLINE: 0.01,
}  # fmt: skip
_FINDINGS = {
    VisitFinding.WELL: 0.90, VisitFinding.WATCH: 0.07, VisitFinding.HELP: 0.01,
    VisitFinding.AWAY: 0.02,
}  # fmt: skip
_WORDS = {
    VisitFinding.WATCH: "近来身体不适，已提醒家属复诊",
    VisitFinding.HELP: "需要协助代办，已联系社区",
}
_UTC_OFFSET = np.timedelta64(8, "h")


class Care:
    """Makes care recipients and visits beside the people, chunk by chunk, and numbers them."""

    def __init__(self, today: date, seed: int) -> None:
        self.today = np.datetime64(today, "D")
        self.rng = np.random.default_rng([seed, 19])
        self.recipients = self.visits = 0

    def chunk(
        self, folk: dict[str, Any], before: int, lives: Ints
    ) -> Iterator[tuple[str, pa.Table]]:
        """Rows of both tables about a chunk of people; `before` of them came earlier.

        `lives` are the area numbers of the chunk's households.
        """
        someone, category = np.nonzero(self._drawn(folk))
        # one visit serves all that somebody is cared for
        person, first, which = np.unique(someone, return_index=True, return_inverse=True)
        level = np.minimum.reduceat(self._levels(category), first) if len(first) else first
        visits = self._visited(level)
        due = gis.care.due_on(
            _LEVELS[level], visits["last"], visits["finding"], begun=self._now(level)
        )
        yield (
            "care_recipient",
            self._recipients(
                before + 1 + someone,
                category,
                level[which],
                due[which],
                lives[folk["household"]][someone],
            ),
        )
        yield "visit", self._visits(before + 1 + person, visits)

    def _drawn(self, folk: dict[str, Any]) -> NDArray[np.bool_]:
        """Who (rows) is cared for as what (columns)."""
        age = (self.today - folk["birth_date"].to_numpy(zero_copy_only=False)).astype(
            np.float32
        ) / 365.2425
        household = folk["household"]
        youngest = np.full(household[-1] + 1, 200, np.float32)
        np.minimum.at(youngest, household, age)
        size = np.bincount(household)[household]
        male = pc.equal(folk["sex"], "male").to_numpy(zero_copy_only=False)
        of_sort = {
            "": np.ones(len(age), bool), "male": male, "female": ~male, "alone": size == 1,
            "old": (size == 2) & (youngest[household] >= 60),
        }  # fmt: skip
        drawn = self.rng.random((len(age), len(_SHARES)), np.float32)
        for column, (low, high, share, sort) in enumerate(_SHARES.values()):
            drawn[~(of_sort[sort] & (age >= low) & (age < high)), column] = 1
            drawn[:, column] /= share
        return drawn < 1

    def _levels(self, category: Ints) -> Ints:
        """0 is the closest; some categories are cared for more closely than others."""
        chance = self.rng.random(len(category)) - 0.15 * _CLOSER[category]
        return np.searchsorted([0.04, 0.30], chance)

    def _now(self, like: Ints) -> NDArray[np.datetime64]:
        return np.full(len(like), self.today)

    def _visited(self, level: Ints) -> dict[str, Any]:
        """The last visits of each person, and all of them in the order of persons."""
        every = _EVERY[level]
        last = self.today - (self.rng.random(len(level)) * _LATE * every).astype("timedelta64[D]")
        count = _VISITS[level]
        person = np.repeat(np.arange(len(level)), count)
        ago = within(count)
        day = last[person] - (ago * every[person]).astype("timedelta64[D]")
        finding = self._words(_FINDINGS, len(person))
        finding[ago > 0] = str(VisitFinding.WELL)
        return {"last": last, "finding": finding[ago == 0], "person": person, "day": day,
                "all": finding}  # fmt: skip

    def _words(self, shares: dict[Any, float], count: int) -> NDArray[np.object_]:
        words = np.array([str(one) for one in shares], object)
        cut = np.cumsum(list(shares.values()))[:-1]
        return np.asarray(words[np.searchsorted(cut, self.rng.random(count))])

    def _recipients(
        self, resident: Ints, category: Ints, level: Ints, due: Any, area: Ints
    ) -> pa.Table:
        count = len(resident)
        number = self.recipients + np.arange(count) + 1
        self.recipients += count
        since = self.today - self.rng.integers(120, 2_000, count).astype("timedelta64[D]")
        is_graded = _CATEGORIES[category] == C.DISABLED
        return pa.table(
            {
                "id": pa.array(number),
                "resident_id": pa.array(resident),
                "category": pa.array(_CATEGORIES[category], pa.string()),
                "level": pa.array(_LEVELS[level], pa.string()),
                "grade": pa.array(self.rng.integers(1, 5, count), mask=~is_graded),
                "since": pa.array(since),
                "told_on": pa.array(since),
                "due_on": pa.array(due.astype("datetime64[D]")),
                "area_no": pa.array(area),
            }
        )

    def _visits(self, resident: Ints, visits: dict[str, Any]) -> pa.Table:
        count = len(visits["person"])
        number = self.visits + np.arange(count) + 1
        self.visits += count
        minute = self.rng.integers(9 * 60, 17 * 60, count).astype("timedelta64[m]")
        local = visits["day"].astype("datetime64[m]") + minute
        # nobody was visited later than the town's morning
        local = np.minimum(local, self.today.astype("datetime64[m]") + np.timedelta64(9 * 60, "m"))
        at = pa.array((local - _UTC_OFFSET).astype("datetime64[s]"), pa.timestamp("s", "UTC"))
        words = [_WORDS.get(one) for one in visits["all"].tolist()]
        return pa.table(
            {
                "id": pa.array(number),
                "resident_id": pa.array(resident[visits["person"]]),
                "at": at,
                "channel": pa.array(self._words(_CHANNELS, count), pa.string()),
                "finding": pa.array(visits["all"], pa.string()),
                "words": pa.array(words, pa.string()),
                "actor": pa.array(["demo"] * count),
                "told_at": at,
            }
        )
