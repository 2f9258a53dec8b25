"""A burst pavement from the report to the indicators: cell, worker, whistle, two departments.

Reported on Thursday 7 May 2026; Saturday the 9th is a working day by exchange (调休), Sunday is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from town import SEAL

import api.actions.cases
import api.actions.deadlines
import api.actions.duty
import api.actions.indicators
import api.actions.reports
import data.cases
import data.db
import data.journal
from api.actions import whistles
from api.actions.cases import Asked
from api.actions.reports import Report
from api.actions.whistles import Called, How, Order
from gis.access import ANYBODY, EVERYWHERE, Role, Viewer
from gis.cases import replay
from gis.errors import NotAllowed
from gis.indicators import By
from gis.terms import DivisionLevel, Move, Part, WhistleKind

HERE = ZoneInfo("Asia/Shanghai")
ZONE = "Asia/Shanghai"
CLASS = "0113"
LONG_POSTED = "UPDATE post SET valid_from = '2020-01-01'; DELETE FROM absence"
SPOT = """
    SELECT ST_X(p) AS lon, ST_Y(p) AS lat, c.code, c.division_code, w.id AS worker, w.code AS login
    FROM grid_cell c, ST_PointOnSurface(c.geom) p, post q JOIN worker w ON w.id = q.worker_id
    WHERE q.cell_id = c.id AND q.role = 'grid_worker' AND c.kind = 'basic' ORDER BY c.code LIMIT 1
"""
UNITS = "SELECT code, id, name FROM network_unit WHERE kind = 'department' ORDER BY code LIMIT 10"


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=HERE)


@dataclass
class Walk:
    """The town, where it happens, and who works there."""

    store: sa.Engine
    spot: Any
    departments: list[Any]
    code: str = ""

    def who(self, role: Role, number: int, **more: int) -> Viewer:
        return Viewer(number, str(role), role.label, role, EVERYWHERE, **more)

    def move(self, move: Move, by: Viewer, at: datetime, **said: Any) -> dict[str, Any]:
        return api.actions.cases.move(self.store, self.code, Asked(move, **said), by=by, now=at)

    def pass_time(self, until: datetime) -> dict[Move, int]:
        return dict(api.actions.deadlines.catch_up(self.store, now=until))


@pytest.fixture
def walk(town: sa.Engine) -> Walk:
    with data.db.transaction(town) as db:
        db.execute(sa.text(LONG_POSTED))
        spot = db.execute(sa.text(SPOT)).one()
        departments = list(db.execute(sa.text(UNITS)))
    return Walk(town, spot, departments)


def test_from_the_report_to_the_indicators(walk: Walk) -> None:  # noqa: PLR0915 - one story
    acceptor, inspector = walk.who(Role.ACCEPTOR, 901), walk.who(Role.INSPECTOR, 902)
    worker = walk.who(Role.WORKER, 903, worker=walk.spot.worker)
    dispatcher, chief = walk.who(Role.DISPATCHER, 904), walk.who(Role.CHIEF, 905)

    # Thursday: anybody reports; the cell and its worker are told at once
    told = Report(
        kind="event", class_code=CLASS, description="人行道塌了一块，有水冒出", accuracy_m=5.0,
        lon=walk.spot.lon, lat=walk.spot.lat, request_id="phone-1", contact="13900001111",
    )  # fmt: skip
    answer = api.actions.reports.report(walk.store, told, by=ANYBODY, seal=SEAL, now=on(7, 10))
    walk.code = answer["code"]
    assert answer["cell"]["code"] == walk.spot.code
    assert answer["posts"]
    assert walk.code.startswith("20260507-")

    # it is filed, and the answer who handles it explains itself
    offered = api.actions.cases.moves(walk.store, walk.code, by=acceptor)["conditions"]
    number = next(
        one["number"] for one in offered if (one["amount"], one["clock"]) == (5, "work_day")
    )
    walk.move(Move.FILE, acceptor, on(7, 10, 5), condition=number)
    why = api.actions.duty.why(walk.store, walk.code, by=dispatcher, now=on(7, 10, 6), zone=ZONE)
    assert "由其负责" in why["zh"]
    api.actions.duty.assign(
        walk.store, walk.code, to=walk.spot.login, by=dispatcher, now=on(7, 10, 10), zone=ZONE
    )
    card = walk.move(Move.TAKE, worker, on(7, 10, 30))
    # forty work hours from Thursday 10:10: 5:50 on Thursday, 8 on Friday, Saturday, Monday, Tuesday
    assert card["due_at"] == on(13, 10, 10)

    # Friday: the worker cannot solve it; the street whistles for two departments
    first, second = walk.departments[1], walk.departments[2]
    order = Order(
        WhistleKind.TOUGH, DivisionLevel.TOWNSHIP, "路面塌陷，供水管权属不明", (),
        (Called(first.code, Part.LEAD), Called(second.code, Part.JOINT)),
    )  # fmt: skip
    blown = whistles.blow(walk.store, walk.code, order, How(worker, on(8, 9)))
    assert blown["state"] == "asked"
    with pytest.raises(NotAllowed):
        whistles.approve(walk.store, walk.code, 1, How(worker, on(8, 9, 5)))
    assert (
        whistles.approve(walk.store, walk.code, 1, How(chief, on(8, 9, 20)))["state"] == "sounding"
    )

    # both come: the lead on Friday, the other on the Saturday that is worked
    leads = Viewer(906, "lead", first.name, Role.DEPARTMENT, unit=first.id)
    joins = Viewer(907, "joint", second.name, Role.DEPARTMENT, unit=second.id)
    for number, who, at in ((1, leads, on(8, 10)), (2, joins, on(9, 9))):
        for move, minute, words in (
            (Move.CLAIM, 0, ""),
            (Move.ARRIVE, 30, ""),
            (Move.FINISH, 50, "已处置"),
        ):
            how = How(who, at.replace(minute=minute))
            done = whistles.answer(walk.store, walk.code, 1, number, move, how, words)
    assert [one["state"] for one in done["parties"]] == ["finished", "finished"]
    whistles.quiet(walk.store, walk.code, 1, How(chief, on(9, 10)))
    whistles.rate(walk.store, walk.code, 1, 1, 5, How(worker, on(9, 10, 10)), "到场及时")

    # over Sunday nothing runs; on Tuesday morning the clock warns by itself, once
    assert Move.WARN not in walk.pass_time(on(11, 23))
    warned = walk.pass_time(on(12, 10, 11))
    assert (warned[Move.WARN], walk.pass_time(on(12, 12)).get(Move.WARN)) == (1, None)

    # the worker reports back in time; he does not inspect his own work
    walk.move(Move.FEEDBACK, worker, on(12, 15), words="路面已恢复")
    himself = replace(worker, role=Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed, match="whoever handled a case does not inspect it"):
        walk.move(Move.INSPECT, himself, on(12, 15, 10))
    walk.move(Move.INSPECT, inspector, on(12, 15, 20))
    walk.move(Move.CLOSE, inspector, on(12, 15, 25), closing="路面平整，无渗水")
    card = walk.move(Move.EVALUATE, inspector, on(12, 16), rating=5)
    assert (card["state"], card["overdue_at"]) == ("evaluated", None)
    walk.pass_time(on(31, 23))

    # one timeline holds it all, and adds up
    with data.db.transaction(walk.store, keep=False) as db:
        case = data.cases.find(db, walk.code)
        assert replay(data.cases.events(db, case)) == case.standing
        moves = [one["move"] for one in data.cases.timeline(db, case)]
        acts = [
            line.act
            for line in data.journal.lines(db, most=40)
            if walk.code in (line.subject or "")
        ]
    assert moves == [
        "report", "file", "dispatch", "take", "whistle", "approve",
        "claim", "arrive", "finish", "claim", "arrive", "finish", "quiet", "rate",
        "warn", "feedback", "inspect", "close", "evaluate",
    ]  # fmt: skip
    assert len(acts) >= len(moves) - 1  # the warning is time's own

    # and the indicators of May know it
    found = api.actions.indicators.indicators(
        walk.store, By.STREET, since=date(2026, 5, 1), until=date(2026, 5, 31), viewer=chief
    )
    street = next(
        one for one in found["areas"] if one["code"] == walk.spot.division_code[:9] + "000"
    )
    expected = {
        "filing": 1, "handling": 1, "closing": 1, "closing_on_time": 1, "rework": 0, "response": 0.5,
        "satisfaction": 5,
    }  # fmt: skip
    assert {name: street["values"].get(name) for name in expected} == expected
    assert found["areas"] == [street]  # nothing else happened in the May of the demo town
