"""A case in a small town, those who may be called in to it, and every act of a whistle about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import at, inhabit, place

import data.cases
import data.db
import data.grid
import data.locate
from api.actions import whistles
from api.actions.whistles import Called, How, Meeting, Order, Task
from gis.access import Role, Scope, Viewer
from gis.cases import replay
from gis.terms import DivisionLevel, Move, Part, WhistleKind

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, ten in the morning in China
SOON = timedelta(minutes=1)
STREET = Scope(420106001000 * 10**6, 420106002000 * 10**6 - 1)
WORKER = Viewer(11, "worker", "网格员", Role.WORKER, STREET)
LEADER = Viewer(12, "leader", "网格长", Role.LEADER, STREET)
CHIEF = Viewer(13, "chief", "街道负责人", Role.CHIEF, STREET)
DISPATCHER = Viewer(14, "dispatcher", "派遣员", Role.DISPATCHER, STREET)
OUTSIDER = Viewer(15, "outside", "别街负责人", Role.CHIEF, Scope(1, 2))
LEAD, JOINT, M = Part.LEAD, Part.JOINT, Move
UNITS = {
    "D-water": ("水务局", "department", "420106000000", ["供水", "排水"], None),
    "D-gas": ("燃气中心", "department", "420106000000", ["燃气"], None),
    "S-1": ("望江街道办事处", "street_office", "420106001000", ["协调"], None),
    "C-2": ("柳岸社区居委会", "resident_committee", "420106001002", ["调解"], None),
    "V-1": ("桥头志愿服务队", "volunteer_team", "420106001001", ["搬运", "排水"], at(1.92, 0.5)),
    "V-2": ("柳岸志愿服务队", "volunteer_team", "420106001002", ["搬运"], at(2.1, 0.5)),
    "V-9": ("湖滨志愿服务队", "volunteer_team", "420106002001", ["搬运"], at(3.5, 0.5)),
    "G-1": ("桥头党员先锋队", "party_group", "420106001001", ["入户"], None),
}


def settle(db: Session) -> None:
    """Case 积水 handled in cell B; units of the county, of two communities and of another street."""
    inhabit(db)
    place(db, "case_file", {"积水": at(1.9, 0.5)}, title="路面积水", kind="event",
          class_code="0506", state="handling", filed_at=NOW, reported_at=NOW)  # fmt: skip
    db.execute(
        sa.text(
            "INSERT INTO network_unit (code, name, kind, division_code, skills, geom) VALUES "
            "(:code, :name, :kind, :division, :skills, ST_GeomFromWKB(:wkb, 4326))"
        ),
        [
            {"code": code, "name": name, "kind": kind, "division": division, "skills": skills,
             "wkb": spot and spot.wkb}
            for code, (name, kind, division, skills, spot) in UNITS.items()
        ],
    )  # fmt: skip
    data.grid.number_areas(db)
    data.locate.refile(db)
    db.execute(
        sa.text(
            "INSERT INTO case_event (case_id, at, actor, move, target) "
            "SELECT id, :now, 'import', 'bring', state FROM case_file WHERE code = '积水'"
        ),
        {"now": NOW},
    )


class Acts:
    """The acts about the case, each a minute after the one before."""

    def __init__(self, store: sa.Engine) -> None:
        self.store, self.now = store, NOW

    def how(self, by: Viewer, **more: Any) -> How:
        self.now += SOON
        return How(by, self.now, **more)

    def blow(
        self, *parties: Called, by: Viewer = LEADER, kind: str = "routine", **more: Any
    ) -> Any:
        order = Order(WhistleKind(kind), DivisionLevel.TOWNSHIP, "管网产权不明", (), parties)
        return whistles.blow(self.store, "积水", order, self.how(by, **more))

    def approve(self, by: Viewer = CHIEF, words: str = "同意", number: int = 1, **more: Any) -> Any:
        return whistles.approve(self.store, "积水", number, self.how(by, **more), words)

    def refuse(self, by: Viewer = CHIEF, reason: str = "不属实", number: int = 1) -> Any:
        return whistles.refuse(self.store, "积水", number, self.how(by), reason)

    def invite(self, *called: Called, by: Viewer = LEADER, number: int = 1) -> Any:
        return whistles.invite(self.store, "积水", number, called, self.how(by))

    def quiet(self, by: Viewer, words: str = "", number: int = 1, **more: Any) -> Any:
        return whistles.quiet(self.store, "积水", number, self.how(by, **more), words)

    def answer(
        self, move: Move, party: int, by: Viewer, words: str = "", number: int = 1, **more: Any
    ) -> Any:
        how = self.how(by, **more)
        return whistles.answer(self.store, "积水", number, party, move, how, words)

    def rate(self, party: int, rating: int, by: Viewer, words: str = "") -> Any:
        return whistles.rate(self.store, "积水", 1, party, rating, self.how(by), words)

    def meet(self, meeting: Meeting, by: Viewer = LEADER) -> Any:
        return whistles.meet(self.store, "积水", 1, meeting, self.how(by))

    def resolve(self, decisions: str, *tasks: Task, by: Viewer = LEADER) -> Any:
        return whistles.resolve(self.store, "积水", 1, decisions, tasks, self.how(by))

    def add_task(self, task: Task, by: Viewer = LEADER) -> Any:
        return whistles.add_task(self.store, "积水", 1, task, self.how(by))

    def finish_task(self, task: int, words: str, by: Viewer) -> Any:
        return whistles.finish_task(self.store, "积水", 1, task, self.how(by), words)

    def told(self, by: Viewer = LEADER) -> Any:
        return whistles.whistles(self.store, "积水", by=by, now=self.now)

    def timeline(self) -> list[tuple[str, dict[str, Any]]]:
        with data.db.transaction(self.store) as db:
            case = data.cases.find(db, "积水")
            assert replay(data.cases.events(db, case)) == case.standing
            return [(one["move"], one["detail"]) for one in data.cases.timeline(db, case)][1:]

    def scalar(self, query: str) -> Any:
        with data.db.transaction(self.store) as db:
            return db.scalar(sa.text(query))

    def unit(self, code: str, role: Role = Role.DEPARTMENT) -> Viewer:
        number = self.scalar(f"SELECT id FROM network_unit WHERE code = '{code}'")
        return Viewer(100 + number, code, UNITS[code][0], role, unit=number)
