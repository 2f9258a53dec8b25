"""The desk's queue: what is due first, page by page, with the bar of each clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from test_api_desk import DISPATCHER, NOW, desk, ground, inside, run
from town import at, place

import api.actions.desk
import data.db
import data.locate
from api.actions.desk import Wanted
from gis.errors import BadInput, NotFound
from gis.terms import CaseState

__all__ = ["desk", "ground"]


def test_what_is_due_first_comes_first_page_by_page(desk: sa.Engine) -> None:
    def page(**wanted: Any) -> dict[str, Any]:
        return api.actions.desk.queue(desk, Wanted(**wanted), by=DISPATCHER, now=NOW)

    every = page()
    codes = [case["code"] for case in every["cases"]]
    assert codes[:4] == ["q-late", "q-soon", "q-next", "q-far"]
    assert set(codes[4:]) == {"c-new", "c-null", "c-bc", "w-a", "w-d"}
    assert every["cases"][0] | {"overdue": True, "cell": "A", "share": None} == every["cases"][0]
    walked, after = [], None
    while True:
        one = page(limit=2, after=after)
        walked += [case["code"] for case in one["cases"]]
        after = one["next"]
        if after is None:
            break
    assert walked == codes
    assert "facets" not in page(limit=2, after=page(limit=2)["next"])
    facets = every["facets"]
    assert (facets["cases"], facets["overdue"]) == (9, 1)
    assert facets["by_state"] == {"handling": 4, "reported": 3, "filed": 2}
    assert [one["cases"] for one in facets["by_class"]] == [3, 2, 2, 2]
    assert [c["code"] for c in page(overdue=True)["cases"]] == ["q-late"]
    assert [c["code"] for c in page(kind="event", class_code="0506")["cases"]] == [
        "q-soon",
        "q-far",
    ]
    assert len(page(states=[CaseState.REPORTED])["cases"]) == 3
    assert [c["code"] for c in page(area="420106002001")["cases"]] == ["q-next", "w-d"]
    with pytest.raises(NotFound, match="neither"):
        page(area="9")
    with pytest.raises(BadInput, match="which no page told"):
        page(after="morning_1")


def test_those_whose_clock_stands_come_after_all_others_in_whatever_pages(desk: sa.Engine) -> None:
    late = NOW - timedelta(days=400)
    with data.db.transaction(desk) as db:
        for code, state in (("s-old", "suspended"), ("s-new", "suspended"), ("i-old", "inspected")):
            place(db, "case_file", {code: at(0.5, 0.5)}, title="路灯", kind="event", state=state,
                  due_at=late if code.endswith("old") else None)  # fmt: skip
        run(db, "UPDATE case_file SET overdue_at = :at WHERE code = 's-new'", at=late)
        data.locate.refile(db)

    def page(**wanted: Any) -> dict[str, Any]:
        return api.actions.desk.queue(desk, Wanted(**wanted), by=DISPATCHER, now=NOW)

    every = page()
    told = {case["code"]: (case["stands"], case["overdue"]) for case in every["cases"]}
    standing = list(told)[-3:]
    assert (set(standing[:2]), standing[2]) == ({"s-old", "i-old"}, "s-new")
    assert [told[code] for code in ("s-old", "s-new", "i-old")] == [
        (True, False), (True, True), (True, False),
    ]  # fmt: skip
    assert next(iter(told)) == "q-late"
    assert (every["facets"]["standing"], every["facets"]["overdue"]) == (3, 2)
    for limit in range(1, 6):
        walked, after = [], None
        while walked == [] or after:
            one = page(limit=limit, after=after)
            walked += [case["code"] for case in one["cases"]]
            after = one["next"]
        assert walked == list(told)
    assert [c["code"] for c in page(overdue=True)["cases"]] == ["q-late", "s-new"]
    assert [c["code"] for c in page(states=[CaseState.SUSPENDED])["cases"]] == ["s-old", "s-new"]
    told = inside(desk, cells=["A", "B"])
    assert ([c["code"] for c in told["cases"]][-3:], told["next"]) == (standing, None)


def test_a_bar_grows_with_work_time_and_stands_while_the_clock_does(desk: sa.Engine) -> None:
    begun = datetime(2026, 11, 23, 0, tzinfo=UTC)  # Monday 08:00
    handling = {"started_at": begun.isoformat(), "limit": 4, "clock": "work_hour", "pauses": [],
                "extensions": 0, "suspended_until": None, "holder": "worker 1"}  # fmt: skip
    paused = handling | {"pauses": [[(begun + timedelta(hours=1)).isoformat(), None]]}
    with data.db.transaction(desk) as db:
        for code, run_ in (("q-soon", handling), ("q-next", paused)):
            run(db, "UPDATE case_file SET clock = CAST(:clock AS jsonb) WHERE code = :code",
                code=code, clock=json.dumps({"handling": run_, "agenda": []}))  # fmt: skip
        run(db, "UPDATE case_file SET state = 'reported', stage_due_at = :due WHERE code = 'c-new'",
            due=NOW + timedelta(minutes=5))  # fmt: skip
    told = api.actions.desk.queue(desk, Wanted(), by=DISPATCHER, now=NOW)["cases"]
    bars = {c["code"]: (c["clock"], c["share"], c["stands"]) for c in told}
    assert bars["q-soon"] == ("handling", 0.5, False)
    assert bars["q-next"] == ("handling", 0.25, True)
    assert bars["c-new"] == ("accept", round(10 / 15, 4), False)
    assert bars["q-far"] == (None, None, False)
    assert [c["code"] for c in told][:2] == ["q-late", "c-new"]
