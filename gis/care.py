"""走访: who is due for a visit, and when again after one. Tables of days, and nothing else, decide.

A visit is owed to a person, not to his categories: the closest level of his counts.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from gis.terms_community import CareLevel, VisitFinding

Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

EVERY = {CareLevel.HIGH: 7, CareLevel.KEY: 30, CareLevel.GENERAL: 91}
"""Days between visits: weekly, monthly, every quarter."""
AGAIN = {VisitFinding.HELP: 1, VisitFinding.AWAY: 2}
"""Days until somebody is looked after again who needs help, or was not met; never later than by
his level."""


def due_on(levels: Texts, last: Days, findings: Texts, *, begun: Days) -> Days:
    """Tell the day of the next visit of each of n recipients.

    `last` are the days of their last visits (NaT: none yet) with their `findings`; without one the
    time runs from `begun`, when they came to be cared for.
    """
    every = _days(levels, {str(one): days for one, days in EVERY.items()}, 0)
    again = _days(findings, {str(one): days for one, days in AGAIN.items()}, max(EVERY.values()))
    never = np.isnat(last)
    wait = np.where(never, every, np.minimum(every, again))
    since = np.where(never, begun, last).astype("datetime64[D]")
    due: Days = since + wait.astype("timedelta64[D]")
    return due


def _days(words: Texts, table: dict[str, int], other: int) -> npt.NDArray[np.int64]:
    return np.array([table.get(word, other) for word in words.tolist()], np.int64)


def next_due(level: str, visited: date, finding: str) -> date:
    """Tell the day of the next visit after one."""
    day = np.array([visited], "datetime64[D]")
    told = due_on(np.array([level], object), day, np.array([finding], object), begun=day)
    answer: date = told[0].item()
    return answer
