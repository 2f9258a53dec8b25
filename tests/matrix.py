"""What the matrix of roles asks about: two communities, and one request of a route about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from town import SEAL, TESTER, move_in

import data.db
from api.actions import deciding

OWN, FOREIGN = "420106001001", "420106002001"
FOREIGN_ID, OWN_ID = "320106199003078882", "11010519491231002X"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MEMBERS = {OWN: ("隗双报", "13600001234"), FOREIGN: ("蔺双报", "13600005678")}
COUNCIL = {"kind": "hearing", "title": "听证会", "body": "谈了电梯。", "at": NOW}
WHISTLED = (
    "INSERT INTO case_file (code, title, state, area_no, cell_id, geom) SELECT :code, title, "
    "'handling', area_no, cell_id, geom FROM case_file WHERE code = :like",
    "INSERT INTO case_event (case_id, at, actor, move, target) "
    "SELECT id, now(), 'test', 'bring', state FROM case_file WHERE code = :code",
    "INSERT INTO whistle (case_id, round, kind, state, level, words, asked_at, approve_due_at, "
    "due_at, approved_at) SELECT f.id, 1, 'routine', :state, 'township', title, now(), now(), "
    "now(), CASE WHEN :state <> 'asked' THEN now() END FROM case_file f WHERE f.code = :code "
    "AND CAST(:state AS text) <> ''",
    "INSERT INTO whistle_party (whistle_id, number, unit_id, part, state, invited_at, "
    "claim_due_at, arrive_due_at, finish_due_at) SELECT w.id, 1, u.id, 'lead', :party, now(), "
    "now(), now(), now() FROM whistle w JOIN case_file f ON f.id = w.case_id AND f.code = :code, "
    "network_unit u WHERE u.code = :unit",
    "INSERT INTO meeting (whistle_id, at, held_at) SELECT w.id, now(), "
    "CASE WHEN w.state <> 'meeting' THEN now() END "
    "FROM whistle w JOIN case_file f ON f.id = w.case_id WHERE f.code = :code",
)


@dataclass(frozen=True)
class Area:
    """One of two communities, and what names a person or a case in it."""

    store: sa.Engine
    code: str
    cell: str
    area_no: int
    spot: tuple[float, float]
    household: int
    resident: int
    name: str
    phone: str
    address: str
    marks: tuple[str, ...]

    def number(self, question: str) -> int:
        """A number the owner of the store finds, about `:area`, `:household` or `:resident`."""
        with data.db.transaction(self.store) as db:
            values = {"area": self.area_no, "home": self.household, "resident": self.resident}
            return int(db.execute(sa.text(question), values).scalar_one())

    @property
    def version(self) -> int:
        return self.number("SELECT version FROM resident WHERE id = :resident")

    @property
    def waiting(self) -> int:
        return self.number(
            "SELECT min(id) FROM sheet_row WHERE area_no = :area AND state = 'waiting'"
        )

    @property
    def undecided(self) -> int:
        return self.number(
            "SELECT min(id) FROM decision WHERE resident_id = :resident AND state = 'open'"
        )

    @property
    def worker(self) -> str:
        return f"W-{self.cell}"

    @property
    def unit(self) -> str:
        return f"U-{self.cell}"

    @property
    def case(self) -> str:
        return "案" + self.marks[-1]

    def first_free(self, table: str) -> str:
        """A day that no row of a table of duty has begun on yet."""
        number = self.number(f"SELECT coalesce(max(id), 0) FROM {table}")
        return str(date(2027, 1, 1) + timedelta(days=number))

    def duty(self, table: str, columns: str, values: str) -> int:
        """A new row about the worker or the unit of the area."""
        begun = f"date '2020-01-01' + (SELECT coalesce(max(id), 0)::int FROM {table})"
        told = values.format(begun=begun, worker=self.worker, unit=self.unit)
        return self.number(f"INSERT INTO {table} ({columns}) SELECT {told} RETURNING id")

    @property
    def care(self) -> int:
        """Why the resident is cared for."""
        return self.number(
            "INSERT INTO care_recipient (resident_id, category, level, due_on, area_no) SELECT id, "
            "'disabled', 'key', current_date, area_no FROM resident WHERE id = :resident "
            "ON CONFLICT (resident_id, category) DO UPDATE SET level = 'key' RETURNING id"
        )

    @property
    def visit(self) -> int:
        """A visit to the resident, told by nobody who asks."""
        return self.number(
            "INSERT INTO visit (resident_id, at, channel, finding, words, actor) SELECT id, now(), "
            "'door', 'well', name_mask, 'test' FROM resident WHERE id = :resident RETURNING id"
        )

    @property
    def member(self) -> int:
        """A member who lives in the cell, one more of the same name."""
        return self.number(
            "INSERT INTO member (code, unit_id, name_mask, name_sealed, phone_mask, phone_sealed, "
            "area_no, cell_id, geom) SELECT code || '-' || (SELECT max(id) FROM member), unit_id, "
            "name_mask, name_sealed, phone_mask, phone_sealed, area_no, cell_id, geom FROM member "
            "WHERE area_no = :area ORDER BY id LIMIT 1 RETURNING id"
        )

    @property
    def drawn(self) -> int:
        """A named area in the cell."""
        return self.number(
            "INSERT INTO named_area (area_no, area_high, areas, name, geom, actor, made_at) SELECT "
            "area_no, area_no, ARRAY[area_no], code, geom, 'test', now() FROM grid_cell WHERE area_no = :area "
            "ORDER BY id LIMIT 1 RETURNING id"
        )

    def collected(self) -> int:
        """A collection over the cell, with its resident."""
        number = self.number(
            "INSERT INTO collection (area_no, area_high, areas, kind, purpose, near_m, ends_at, "
            "geom, actor, made_at) SELECT area_no, area_no, ARRAY[area_no], 'flood', '汛期转移低洼住户', 300, "
            "now() + interval '1 day', geom, 'test', now() FROM grid_cell WHERE area_no = :area "
            "ORDER BY id LIMIT 1 RETURNING id"
        )
        return self.number(
            "INSERT INTO collection_entry (area_no, collection_id, number, resident_id, address, "
            "name_mask, name_sealed, phone_mask, phone_sealed, categories, level) "
            f"SELECT area_no, {number}, 1, id, '1', name_mask, name_sealed, phone_mask, "
            "phone_sealed, '{living_alone}', 'high' FROM resident WHERE id = :resident "
            "RETURNING collection_id"
        )

    def whistled(self, state: str = "sounding", party: str = "invited") -> str:
        """A case like the first of the area, with a whistle that called its unit; where it is asked."""
        number = self.number("SELECT max(id) + 1 FROM case_file")
        code = f"W{number}"
        with data.db.transaction(self.store) as db:
            for query in WHISTLED:
                values = {"code": code, "like": self.case, "state": state, "party": party}
                db.execute(sa.text(query), values | {"unit": self.unit})
        return f"/cases/{code}/whistles"

    def posted(self, table: str, told: dict[str, object]) -> int:
        """A new row about the division of the area, on the pages of its community."""
        columns = ", ".join((*told, "division_code"))
        values = ", ".join(f":{name}" for name in (*told, "division"))
        query = f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING id"
        with data.db.transaction(self.store) as db:
            found = db.execute(sa.text(query), told | {"division": self.code})
            return int(found.scalar_one())

    def facility(self) -> str:
        """A new facility in the cell of the area: where it is asked."""
        number = self.number(
            "INSERT INTO facility (code, name, cell_id, changed_at) SELECT 'P-' || "
            "coalesce(max(f.id), 0), '便利店', (SELECT min(id) FROM grid_cell WHERE area_no = :area), "
            "to_timestamp(1) FROM facility f RETURNING id"
        )
        return f"/community/facilities/{number}"

    @property
    def asked(self) -> dict[str, object]:
        """What somebody of the area asked, whose name leaves in no answer elsewhere."""
        name, phone = MEMBERS[self.code]
        return {
            "name_mask": f"{name[0]}**",
            "name_sealed": SEAL.seal("name", [name])[0],
            "phone_sealed": SEAL.seal("phone", [phone])[0],
            "asked_at": NOW,
            "due_at": NOW,
            "cell_id": self.number("SELECT min(id) FROM grid_cell WHERE area_no = :area"),
        }

    def decided(self) -> int:
        """A new decision of a new meeting."""
        council = self.posted("council", COUNCIL)
        query = "INSERT INTO council_decision (council_id, words) VALUES ({}, '装灯') RETURNING id"
        return self.number(query.format(council))

    def question(self) -> int:
        told = {"adviser": "cadre", "topic": "低保", "words": f"{self.marks[0]}问"}
        return self.posted("question", self.asked | told)

    def application(self) -> int:
        return self.posted("application", self.asked)

    def twice(self) -> tuple[int, int]:
        """Two new records of one person."""
        with data.db.transaction(self.store) as db:
            one, two = (move_in(db, self.household, self.name, None, self.phone) for _ in "12")
        return one, two

    def merged(self) -> int:
        """A merge that can be undone."""
        keep, gone = self.twice()
        done = deciding.merge(self.store, keep=keep, merged=gone, by=TESTER, seal=SEAL, now=NOW)
        return int(done["id"])


@dataclass(frozen=True)
class Ask:
    """One request of a route; what it says itself (`echoes`) is no leak when it comes back."""

    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    form: dict[str, str] | None = None
    file: str | None = None
    echoes: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


Examples = dict[tuple[str, str], Callable[[Area], list[Ask]]]
"""How each route, a method and a path, is asked about an area."""
