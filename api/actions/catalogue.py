"""类别目录 and 工作日历: shown, written out, and the hours of work set anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any

import pandas as pd
import sqlalchemy as sa

import data.calendar
import data.catalogue
import data.journal
import data.scope
from gis.access import Viewer
from gis.calendar import Calendar, WorkPeriod
from gis.catalogue import CaseClass
from gis.errors import BadInput, NotFound


def classes(
    store: sa.Engine, code: str | None, *, system: str | None, by: Viewer
) -> list[CaseClass]:
    """List the classes with their conditions, or those of one code.

    Raises:
        NotFound: there is none.
    """
    with data.scope.transaction(store, by, keep=False) as db:
        found = data.catalogue.classes(db, code=code, system=system)
        if not found:
            named = [name for name in (system, code) if name]
            systems = sorted({one.system for one in data.catalogue.classes(db)})
            raise NotFound(
                f"the catalogue has no class {' '.join(named)!r}; its systems are "
                f"{', '.join(systems)}, listed by: wangge catalogue show",
                choices=systems,
            )
    return found


HEADERS = ("编码体系", "类型", "大类代码", "大类名称", "小类代码", "小类名称", "立案条件",
           "处置时限", "计时方式", "结案条件", "责任单位类别", "所需技能", "依据")  # fmt: skip


def as_table(found: Iterable[CaseClass]) -> pd.DataFrame:
    """Classes as the sheet that an import takes, a row per condition."""
    rows = [
        (
            one.system, one.kind.label, one.major_code, one.major_name, one.code, one.name,
            each.filing, f"{each.limit.amount:g}", each.limit.clock.label, each.closing,
            "、".join(kind.label for kind in each.unit_kinds), "、".join(one.skills),
            each.basis.label,
        )
        for one in found
        for each in one.conditions
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEADERS))


# The calendar


def calendar(
    store: sa.Engine, year: int, *, by: Viewer
) -> tuple[list[dict[str, Any]], list[WorkPeriod]]:
    """The days of a year that are not what their weekday says, and the hours of work."""
    with data.scope.transaction(store, by, keep=False) as db:
        return data.calendar.days(db, year), data.calendar.periods(db)


def set_periods(
    store: sa.Engine,
    weekdays: list[int],
    spans: list[tuple[time, time]],
    *,
    since: date,
    by: Viewer,
) -> list[WorkPeriod]:
    """Let weekdays (1 is Monday) have these hours of work from a day on; none is a day off.

    Raises:
        BadInput: the hours contradict each other; says how.
    """
    told = [WorkPeriod(day, *span, since) for day in weekdays for span in spans]
    Calendar(periods=told)
    with data.scope.transaction(store, by) as db:
        data.calendar.set_periods(db, told, weekdays=weekdays, since=since)
        kept = data.calendar.periods(db)
        if all(one.valid_to for one in kept):
            raise BadInput("then no weekday would have hours of work, and no deadline an end")
        hours = [f"{begins:%H:%M}-{ends:%H:%M}" for begins, ends in spans]
        data.journal.write(
            db, actor=by.login, act="work-periods", subject=since.isoformat(),
            weekdays=weekdays, hours=hours,
        )  # fmt: skip
    return kept
