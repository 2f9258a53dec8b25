"""Every route × every role × his own and a foreign area: no leak, no wrong refusal.

The routes come from the application itself. A route without an example here fails the test, as
one without a rule keeps the application from starting.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import owning
from town import SEAL, TESTER, at, inhabit, move_in, place

import data.accounts
import data.db
import data.grid
import data.locate
import data.sign_in
from api import auth
from api.actions import deciding
from api.actions.imports import Order, import_file
from api.app import create_app
from api.settings import Settings
from data.accounts import Charged
from gis.access import RIGHTS, Right, Role
from gis.terms import RecordKind

OWN, FOREIGN = "420106001001", "420106002001"
FOREIGN_ID, OWN_ID = "320106199003078882", "11010519491231002X"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Area:
    """One of two communities, and what names a person or a case in it."""

    url: str
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
        with owning(self.url) as db:
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
    def member(self) -> int:
        """A member who lives in the cell, one more of the same name."""
        return self.number(
            "INSERT INTO member (code, unit_id, name_mask, name_sealed, phone_mask, phone_sealed, "
            "area_no, cell_id, geom) SELECT code || '-' || (SELECT max(id) FROM member), unit_id, "
            "name_mask, name_sealed, phone_mask, phone_sealed, area_no, cell_id, geom FROM member "
            "WHERE area_no = :area ORDER BY id LIMIT 1 RETURNING id"
        )

    def whistled(self, state: str = "sounding", party: str = "invited") -> str:
        """A case like the first of the area, with a whistle that called its unit; where it is asked."""
        number = self.number("SELECT max(id) + 1 FROM case_file")
        code = f"W{number}"
        with owning(self.url) as db:
            for query in _WHISTLED:
                values = {"code": code, "like": self.case, "state": state, "party": party}
                db.execute(sa.text(query), values | {"unit": self.unit})
        return f"/cases/{code}/whistles"

    def twice(self) -> tuple[int, int]:
        """Two new records of one person."""
        with owning(self.url) as db:
            one, two = (move_in(db, self.household, self.name, None, self.phone) for _ in "12")
        return one, two

    def merged(self) -> int:
        """A merge that can be undone."""
        store = data.db.engine(self.url)
        keep, gone = self.twice()
        done = deciding.merge(store, keep=keep, merged=gone, by=TESTER, seal=SEAL, now=NOW)
        store.dispose()
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


_WHISTLED = (
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


def _whistles() -> dict[tuple[str, str], Any]:
    """Each act about a whistle of its own, where the table of its life lets it be done."""
    path = "/cases/{code:path}/whistles"
    acts: list[tuple[str, str, str, dict[str, Any]]] = [
        ("", "", "", {"words": "管网不明"}),
        ("/approve", "asked", "named", {}),
        ("/refuse", "asked", "named", {"words": "不属实"}),
        ("/close", "sounding", "finished", {}),
        ("/meetings", "sounding", "claimed", {"at": "2026-12-01T09:00+08:00"}),
        ("/decisions", "meeting", "claimed", {"words": "共同改造"}),
        ("/parties/{party}/rate", "closed", "finished", {"rating": 5}),
        ("/parties/{party}/{act}", "sounding", "invited", {}),
    ]

    def asking(template: str, state: str, party: str, body: dict[str, Any]) -> Any:
        plain = template.replace("{party}", "1").replace("{act}", "claim")
        number = "/1" if template else ""
        return lambda area: [Ask(area.whistled(state, party) + number + plain, body=body)]

    def invite(area: Area) -> list[Ask]:
        code, _ = area.whistled("sounding", "declined"), area.number("SELECT 1")
        with owning(area.url) as db:
            other = db.scalar(sa.text("SELECT code FROM network_unit WHERE code <> :own LIMIT 1"),
                              {"own": area.unit})  # fmt: skip
        return [Ask(f"{code}/1/invite", body={"parties": [{"code": other, "part": "lead"}]})]

    def task(area: Area) -> dict[str, Any]:
        due = "2026-12-31T18:00+08:00"
        return {"task": {"unit": area.unit, "words": "迁改", "due_at": due}}

    def done(area: Area) -> list[Ask]:
        path = area.whistled()
        number = area.number(
            "INSERT INTO follow_up (meeting_id, unit_id, words, due_at) SELECT max(g.id), "
            "min(u.id), '迁改', now() FROM meeting g, network_unit u RETURNING id"
        )
        return [Ask(f"{path}/1/tasks/{number}/done", body={"words": "已迁改"})]

    return {
        **{("POST", path + ("/{round}" if one[0] else "") + one[0]): asking(*one) for one in acts},
        ("POST", path + "/{round}/invite"): invite,
        ("POST", path + "/{round}/tasks"): lambda area: [
            Ask(area.whistled() + "/1/tasks", body=task(area))
        ],
        ("POST", path + "/{round}/tasks/{task}/done"): done,
        ("GET", "/whistles"): lambda _: [Ask("/whistles")],
        ("GET", path): lambda area: [Ask(area.whistled())],
        ("GET", path + "/proposal"): lambda area: [Ask(area.whistled() + "/proposal")],
    }


Examples = dict[tuple[str, str], Callable[[Area], list[Ask]]]


def _tiles(area: Area) -> list[Ask]:
    import math

    lon, lat = area.spot
    asks = []
    for z in (8, 11, 14, 17):
        x = int((lon + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
        asks += [
            Ask(f"/tiles/{layers}/{z}/{x}/{y}.mvt")
            for layers in ("cases", "cells,cases,facilities,buildings,base,divisions")
        ]
    return asks


def _of_case(area: Area, what: str) -> str:
    return f"/cases/案{area.marks[-1]}/{what}"


def _case(area: Area, what: str) -> Ask:
    return Ask(f"/cases/{area.case}{what}", echoes=(area.marks[-1],))


EXAMPLES: Examples = {
    ("GET", "/"): lambda _: [Ask("/")],
    ("GET", "/static"): lambda _: [Ask("/static/map/main.js")],
    ("GET", "/openapi.json"): lambda _: [Ask("/openapi.json")],
    ("GET", "/tiles/{layers}/{z}/{x}/{y}.mvt"): _tiles,
    ("GET", "/layers/{layer}.geojson"): lambda area: [
        Ask(f"/layers/{layer}.geojson", params)
        for layer in ("cells", "facilities", "cases", "buildings")
        for params in ({}, {"area": area.code}, {"area": area.cell}, {"bbox": "113,29,115,31"})
    ],
    ("GET", "/overview"): lambda _: [Ask("/overview")],
    ("GET", "/cells/search"): lambda area: [Ask("/cells/search", {"q": area.cell})],
    ("GET", "/cells/{code:path}"): lambda area: [Ask(f"/cells/{area.cell}")],
    ("GET", "/locate"): lambda area: [
        Ask("/locate", {"lon": area.spot[0], "lat": area.spot[1], "accuracy_m": 500})
    ],
    ("GET", "/catalogue"): lambda _: [Ask("/catalogue")],
    ("GET", "/dispatch/proposal"): lambda area: [
        Ask("/dispatch/proposal", params) for params in ({}, {"area": area.code})
    ],
    ("POST", "/dispatch"): lambda _: [
        Ask("/dispatch", body={"lines": [{"code": "案鸢", "version": 2, "worker": "w1"}]})
    ],
    ("GET", "/live"): lambda _: [Ask("/live", {"lasts_s": 0.05})],
    ("GET", "/export/{name}"): lambda area: [
        Ask(f"/export/{kind}{suffix}", {"area": place, "reason": "对账 to compare"})
        for kind in ("cells", "facilities", "cases", "dwellings", "statistics", "residents")
        for suffix in (".csv", ".geojson", ".gpkg")
        for place in (area.code, area.cell)
    ],
    # photographs
    ("POST", "/cases/{code:path}/photos"): lambda area: [
        Ask(_of_case(area, "photos"), file="no photograph", echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos"): lambda area: [
        Ask(_of_case(area, "photos"), echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos/{number}.jpg"): lambda area: [
        Ask(_of_case(area, "photos/1.jpg"), echoes=area.marks[-1:])
    ],
    ("GET", "/cases/{code:path}/photos/{number}/thumb.jpg"): lambda area: [
        Ask(_of_case(area, "photos/1/thumb.jpg"), echoes=area.marks[-1:])
    ],
    ("GET", "/sign-in"): lambda _: [Ask("/sign-in")],
    ("POST", "/sign-in"): lambda _: [Ask("/sign-in", form={"login": "x", "password": "y"})],
    ("POST", "/sign-in/demo"): lambda _: [Ask("/sign-in/demo", form={"login": "worker"})],
    ("GET", "/sign-in/oidc"): lambda _: [Ask("/sign-in/oidc")],
    ("GET", "/sign-in/oidc/back"): lambda _: [Ask("/sign-in/oidc/back", {"code": "x"})],
    ("POST", "/sign-out"): lambda _: [Ask("/sign-out", form={})],
    ("GET", "/me"): lambda _: [Ask("/me")],
    ("POST", "/me/password"): lambda _: [Ask("/me/password", form={"old": "x", "new": "y" * 12})],
    ("POST", "/tokens"): lambda _: [Ask("/tokens", body={"label": "report"})],
    ("DELETE", "/tokens/{number}"): lambda _: [Ask("/tokens/1")],
    # cases
    ("POST", "/cases"): lambda area: [
        Ask("/cases", body={"description": "路灯不亮", "lon": area.spot[0], "lat": area.spot[1]})
    ],
    ("GET", "/cases"): lambda area: [
        Ask("/cases", params)
        for params in ({}, {"area": area.code}, {"area": area.cell}, {"desk": True})
    ],
    ("GET", "/cases/{code:path}"): lambda area: [_case(area, "")],
    ("GET", "/cases/{code:path}/moves"): lambda area: [_case(area, "/moves")],
    ("POST", "/cases/{code:path}/moves"): lambda area: [
        replace(_case(area, "/moves"), body={"move": "note", "words": "看过"})
    ],
    ("POST", "/cases/{code:path}/contact"): lambda area: [
        replace(_case(area, "/contact"), body={"reason": "回访核实"})
    ],
    # duty
    ("GET", "/cases/{code:path}/why"): lambda area: [
        Ask(f"/cases/{area.case}/why", echoes=(area.marks[-1],))
    ],
    ("GET", "/cells/{code:path}/duty"): lambda area: [Ask(f"/cells/{area.cell}/duty")],
    ("GET", "/duty/responsibilities"): lambda area: [
        Ask("/duty/responsibilities", params) for params in ({}, {"division": area.code})
    ],
    ("POST", "/duty/responsibilities"): lambda area: [
        Ask(
            "/duty/responsibilities",
            body={
                "unit": area.unit,
                "side": "owner",
                "division": area.code,
                "valid_from": area.first_free("responsibility"),
            },
        )
    ],
    ("DELETE", "/duty/responsibilities/{number}"): lambda area: [
        Ask(
            "/duty/responsibilities/{}".format(
                area.duty(
                    "responsibility",
                    "division_code, unit_id, side, valid_from",
                    "division_code, id, 'owner', {begun} FROM network_unit WHERE code = '{unit}'",
                )
            )
        )
    ],
    ("GET", "/duty/workers/{code}"): lambda area: [Ask(f"/duty/workers/{area.worker}")],
    ("PATCH", "/duty/workers/{code}"): lambda area: [
        Ask(f"/duty/workers/{area.worker}", body={"skills": ["供水"], "capacity": 5})
    ],
    ("POST", "/duty/workers/{code}/shifts"): lambda area: [
        Ask(
            f"/duty/workers/{area.worker}/shifts",
            body={
                "weekday": 1,
                "starts": "22:00",
                "ends": "06:00",
                "valid_from": area.first_free("shift"),
            },
        )
    ],
    ("DELETE", "/duty/shifts/{number}"): lambda area: [
        Ask(
            "/duty/shifts/{}".format(
                area.duty(
                    "shift",
                    "worker_id, weekday, starts, ends, valid_from",
                    "id, 2, '08:00', '12:00', {begun} FROM worker WHERE code = '{worker}'",
                )
            )
        )
    ],
    ("POST", "/duty/workers/{code}/absences"): lambda area: [
        Ask(
            f"/duty/workers/{area.worker}/absences",
            body={
                "starts_at": f"{area.first_free('absence')}T08:00",
                "ends_at": f"{area.first_free('absence')}T09:00",
            },
        )
    ],
    ("DELETE", "/duty/absences/{number}"): lambda area: [
        Ask(
            "/duty/absences/{}".format(
                area.duty(
                    "absence",
                    "worker_id, starts_at, ends_at",
                    "id, {begun}, {begun} + 1 FROM worker WHERE code = '{worker}'",
                )
            )
        )
    ],
    ("GET", "/duty/units/{code}"): lambda area: [Ask(f"/duty/units/{area.unit}")],
    ("PUT", "/duty/units/{code}/hours"): lambda area: [
        Ask(
            f"/duty/units/{area.unit}/hours",
            body=[{"weekday": 1, "starts": "08:00", "ends": "18:00"}],
        )
    ],
    ("PUT", "/duty/units/{code}/place"): lambda area: [
        Ask(
            f"/duty/units/{area.unit}/place", body=dict(zip(("lon", "lat"), area.spot, strict=True))
        )
    ],
    ("GET", "/duty/members"): lambda area: [
        Ask("/duty/members"),
        Ask("/duty/members", {"cell": area.cell}),
    ],
    ("POST", "/duty/members"): lambda area: [
        Ask(
            "/duty/members",
            body={"unit": area.unit, "name": "贺新人", "cell": area.cell, "skills": "陪伴"},
        )
    ],
    ("POST", "/duty/members/{number}/unmask"): lambda area: [
        Ask(f"/duty/members/{area.member}/unmask", body={"reason": "核对电话 to compare"})
    ],
    ("DELETE", "/duty/members/{number}"): lambda area: [Ask(f"/duty/members/{area.member}")],
    # the register
    ("GET", "/register"): lambda _: [Ask("/register")],
    ("GET", "/register/find"): lambda area: [
        Ask("/register/find", {"q": asked} | where)
        for asked in (area.name, area.phone, area.name[0], area.address)
        for where in ({}, {"cell": area.cell})
    ],
    ("GET", "/register/homes"): lambda area: [Ask("/register/homes", {"cell": area.cell})],
    ("GET", "/register/households/{number}"): lambda area: [
        Ask(f"/register/households/{area.household}")
    ],
    ("GET", "/register/residents/{number}/history"): lambda area: [
        Ask(f"/register/residents/{area.resident}/history")
    ],
    ("GET", "/register/completeness"): lambda area: [
        Ask("/register/completeness"),
        Ask("/register/completeness", {"cell": area.cell}),
    ],
    ("PATCH", "/register/residents/{number}"): lambda area: [
        Ask(
            f"/register/residents/{area.resident}",
            body={
                "version": area.version,
                "changes": {"relation": "户主" if area.version % 2 else "其他"},
            },
        )
    ],
    ("POST", "/register/residents/{number}/unmask"): lambda area: [
        Ask(f"/register/residents/{area.resident}/unmask", body={"reason": "核对电话 to compare"})
    ],
    **_whistles(),
    ("GET", "/indicators"): lambda _: [
        Ask("/indicators", {"by": by, "from": "2026-01-01", "to": "2026-12-31"})
        for by in ("cell", "community", "street", "department")
    ],
    # its sheets, and what waits for a person
    ("GET", "/register/templates/{kind}.xlsx"): lambda _: [
        Ask("/register/templates/residents.xlsx")
    ],
    ("POST", "/register/sheets"): lambda area: [
        Ask(
            "/register/sheets",
            {"dry_run": dry_run},
            file=f"姓名,身份证号,电话,地址\n王某,{FOREIGN_ID},13900001111,{area.address}\n",
            echoes=(FOREIGN_ID, "3201************82"),
        )
        for dry_run in ("true", "false")
    ],
    ("GET", "/register/sheets/{number}/rows"): lambda area: [
        Ask(f"/register/sheets/{number}/rows") for number in (1, 2, 99)
    ],
    ("POST", "/register/rows/{number}"): lambda area: [
        Ask(f"/register/rows/{area.waiting}", body={"values": {}})
    ],
    ("DELETE", "/register/rows/{number}"): lambda area: [Ask(f"/register/rows/{area.waiting}")],
    ("GET", "/register/decisions"): lambda area: [
        Ask("/register/decisions"),
        Ask("/register/decisions", {"cell": area.cell}),
    ],
    ("POST", "/register/decisions/{number}"): lambda area: [
        Ask(f"/register/decisions/{area.undecided}", body={"choice": "kept"})
    ],
    ("GET", "/register/duplicates"): lambda area: [
        Ask("/register/duplicates"),
        Ask("/register/duplicates", {"cell": area.cell}),
    ],
    ("POST", "/register/merges"): lambda area: [
        Ask("/register/merges", body=dict(zip(("keep", "merged"), area.twice(), strict=True)))
    ],
    ("POST", "/register/merges/{number}/undo"): lambda area: [
        Ask(f"/register/merges/{area.merged()}/undo")
    ],
}
"""How each route is asked about an area. A new route needs a line here."""

ANSWERS: dict[tuple[str, str], set[int]] = {
    ("POST", "/sign-in"): {401},  # a wrong password
    ("POST", "/sign-in/demo"): {403},  # no demo town
    ("GET", "/sign-in/oidc"): {404},  # no provider
    ("GET", "/sign-in/oidc/back"): {401},
    ("POST", "/sign-out"): {303},
    ("POST", "/me/password"): {403},  # a wrong password
    ("DELETE", "/tokens/{number}"): {404},  # no token of his own
    ("POST", "/cases/{code:path}/contact"): {
        403,
        404,
    },  # not for all who see cases; nobody left one
    ("POST", "/cases/{code:path}/photos"): {
        400,
        403,
    },  # no photograph; neither in charge nor reporter
    ("POST", "/dispatch"): {400},  # no such worker
    ("POST", "/register/rows/{number}"): {400},  # it is still at fault
    # who blew it rates, and who was called answers, or who dispatches for it
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/rate"): {200, 403},
    ("POST", "/cases/{code:path}/whistles/{round}/parties/{party}/{act}"): {200, 403},
    ("POST", "/cases/{code:path}/whistles/{round}/tasks/{task}/done"): {200, 403},
}
"""What a route answers to whom it is for, where that is not a plain yes."""

ENDS = {"/sign-out"}
"""Routes after which one has to sign in again."""


def _routes() -> list[tuple[str, str, auth.Rule]]:
    app = create_app(Settings(), database_url="postgresql://nowhere", seal=SEAL)
    found = [
        (method, way.template, rule)
        for way in app.state.ways
        for method, rule in way.rules.items()
        if method != "HEAD"
    ]
    described = {
        (method.upper(), path) for path, ways in app.openapi()["paths"].items() for method in ways
    }
    plain = {(method, path.replace(":path", "")) for method, path, _ in found}
    assert described - plain == set()
    return found


ROUTES = _routes()


def test_every_route_has_an_example_and_every_example_a_route() -> None:
    assert {(method, path) for method, path, _ in ROUTES} == set(EXAMPLES)


# The town


@pytest.fixture
def town_of_two(store: sa.Engine, empty_url: str, tmp_path: Path) -> tuple[Area, Area]:
    """Communities of cells A, B and of cell D, with people and cases in both."""
    with owning(empty_url) as db:
        inhabit(db)
        db.execute(sa.text("UPDATE building SET address = '长亭路1号' WHERE code = 'h1'"))
        place(db, "building", {"h4": at(3.5, 0.5)}, name="四栋", address="湖边路4号")
        db.execute(
            sa.text(
                "INSERT INTO dwelling (building_id, number, geom) SELECT id, '101', geom "
                "FROM building WHERE code = 'h4'"
            )
        )
        db.execute(
            sa.text(
                "INSERT INTO household (dwelling_id) SELECT d.id FROM dwelling d "
                "JOIN building b ON b.id = building_id WHERE b.code = 'h4'"
            )
        )
        place(db, "case_file", {"案鹤": at(0.4, 0.4)}, title="鹤鸣路积水", state="filed")
        place(db, "case_file", {"案鸢": at(3.4, 0.4)}, title="鸢尾路积水", state="filed")
        data.grid.number_areas(db)
        data.locate.refile(db)
        db.execute(sa.text("DELETE FROM resident"))
        own = _area(db, empty_url, OWN, "A", 0.5, ("亓里人", OWN_ID, "13211118888"))
        foreign = _area(db, empty_url, FOREIGN, "D", 3.5, ("闫外人", FOREIGN_ID, "13133337777"))
        data.locate.refile(db)
    _bring(store, tmp_path, own, foreign)
    return own, foreign


def _bring(store: sa.Engine, folder: Path, own: Area, foreign: Area) -> None:
    """An older sheet says otherwise of both people, and of two more what cannot be."""
    path = folder / "旧表.csv"
    lines = ["姓名,身份证号,电话,地址,房号"]
    for area, number in ((own, OWN_ID), (foreign, FOREIGN_ID)):
        lines.append(f"{area.name},{number},13700000000,{area.address},101")
        lines.append(f"{area.name[0]}待补,{number[:-1]}0,{area.phone},{area.address},101")
    path.write_text("\n".join(lines) + "\n")
    order = Order(RecordKind.RESIDENTS, path, told_at=NOW - timedelta(days=900))
    import_file(store, order, seal=SEAL, by=TESTER, now=NOW)
    with data.db.transaction(store) as db:
        for table in ("decision", "sheet_row"):  # enough for every role to work on one
            names = db.scalars(
                sa.text(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_name = :t AND column_name <> 'id'"
                ),
                {"t": table},
            ).all()
            columns = ", ".join(f'"{name}"' for name in names)
            copied = db.execute(
                sa.text(
                    f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}, "
                    "generate_series(1, 30)"
                )
            )
            assert copied.rowcount == 60


def _area(db: Any, url: str, code: str, cell: str, x: float, person: tuple[str, str, str]) -> Area:
    household = db.scalar(
        sa.text(
            "SELECT h.id FROM household h JOIN dwelling d ON d.id = dwelling_id "
            "JOIN grid_cell c ON c.id = d.cell_id WHERE c.code = :cell ORDER BY h.id LIMIT 1"
        ),
        {"cell": cell},
    )
    name, id_number, phone = person
    resident = move_in(db, household, name, id_number, phone)
    masks = db.execute(
        sa.text("SELECT name_mask, id_mask, phone_mask FROM resident WHERE id = :id"),
        {"id": resident},
    ).one()
    case = "鹤" if code == OWN else "鸢"
    _photograph(db, f"案{case}", phone)
    member = _staff(db, code, cell)
    marks = tuple(mark for mark in (*member, *person, *masks, name[0], case) if mark)
    spot = at(x, 0.5)
    area_no, address = db.execute(
        sa.text(
            "SELECT c.area_no, b.address FROM grid_cell c JOIN building b ON b.cell_id = c.id "
            "WHERE c.code = :cell"
        ),
        {"cell": cell},
    ).one()
    named = {"name": name, "phone": phone, "address": address, "marks": marks}
    return Area(url, code, cell, area_no, (spot.x, spot.y), household, resident, **named)


MEMBERS = {OWN: ("隗双报", "13600001234"), FOREIGN: ("蔺双报", "13600005678")}


def _staff(db: Any, code: str, cell: str) -> tuple[str, ...]:
    """A unit, a worker with a post, and a member in a cell; what names the member."""
    name, phone = MEMBERS[code]
    values = {"code": code, "cell": cell, "name": SEAL.seal("name", [name])[0]}
    values |= {"phone": SEAL.seal("phone", [phone])[0], "mask": f"{name[0]}**"}
    for statement in (
        "INSERT INTO network_unit (code, name, kind, division_code) "
        "VALUES ('U-' || :cell, '居委会', 'resident_committee', :code)",
        "INSERT INTO worker (code, name) VALUES ('W-' || :cell, '网格员')",
        "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, "
        "'grid_worker', '2020-01-01' FROM grid_cell c, worker w "
        "WHERE c.code = :cell AND w.code = 'W-' || :cell",
        "INSERT INTO member (code, unit_id, name_mask, name_sealed, phone_mask, phone_sealed, "
        "area_no, cell_id, geom) SELECT 'M-' || :cell, u.id, :mask, :name, '136****' || "
        "right(:code, 4), :phone, c.area_no, c.id, ST_PointOnSurface(c.geom) FROM network_unit u, grid_cell c "
        "WHERE u.code = 'U-' || :cell AND c.code = :cell",
    ):
        db.execute(sa.text(statement), values)
    return (name, phone, f"{name[0]}**")


def _photograph(db: Any, case: str, mark: str) -> None:
    """A photograph of a case, of which anybody who sees it sees the mark."""
    statement = """
        INSERT INTO case_photo (case_id, number, digest, width, height, image, thumbnail)
        SELECT id, 1, '', 1, 1, convert_to(:mark, 'UTF8'), convert_to(:mark, 'UTF8')
        FROM case_file WHERE code = :case
    """
    assert db.execute(sa.text(statement), {"case": case, "mark": mark}).rowcount == 1


def _cookie(url: str, account: int) -> dict[str, str]:
    with owning(url) as db:
        return {auth.COOKIE: data.sign_in.begin(db, account)[1]}


def _ask(client: httpx.Client, method: str, ask: Ask, cookies: dict[str, str]) -> httpx.Response:
    headers = SAME | {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    if ask.body is not None:
        return client.request(method, ask.path, params=ask.params, json=ask.body, headers=headers)
    files = {"file": ("新表.csv", ask.file.encode())} if ask.file else None
    return client.request(
        method, ask.path, params=ask.params, data=ask.form, files=files, headers=headers
    )


def _seen(answer: httpx.Response, area: Area) -> set[str]:
    """Marks of the area in an answer; JSON may have written them as escapes."""
    text = answer.content
    if answer.headers.get("content-type", "").startswith("application/json"):
        text += json.dumps(answer.json(), ensure_ascii=False).encode()
    return {mark for mark in area.marks if mark.encode() in text}


def _accounts(url: str, charge: Charged) -> Iterator[tuple[Role, int]]:
    with owning(url) as db:
        for role in Role:
            login = f"{role}-{'all' if charge.everything else charge.division}"
            number = data.accounts.add(db, login, role=role, name=role.label)
            data.accounts.put_in_charge(db, number, [charge])
            yield role, number


def _may(rule: auth.Rule, template: str, ask: Ask, role: Role | None) -> bool:
    if rule is auth.Door.SIGNED_IN:
        return role is not None
    name = {"name": ask.path.rpartition("/")[2]} if template == "/export/{name}" else {}
    return set(auth.demands(rule, name)) <= (RIGHTS[role] if role else frozenset())


def _fault(
    method: str, template: str, answer: httpx.Response, *, may: bool, role: Role | None, own: bool
) -> str:
    """What is wrong with the status of an answer; nothing when it is right."""
    status = answer.status_code
    if not may:
        return "" if status == (403 if role else 401) else f"{status}, should be refused"
    right = ANSWERS.get((method, template))
    fine = status in right if right else status < 400
    if fine or (not own and status in {403, 404}):
        return ""
    return f"{status}, should be let: {answer.text[:150]}"


def test_nobody_sees_what_is_not_his_and_everybody_what_is(
    server: Callable[..., str], town_of_two: tuple[Area, Area], empty_url: str
) -> None:
    own, foreign = town_of_two
    base = server(empty_url)
    people: list[tuple[Role | None, int]] = [
        (None, 0),
        *_accounts(empty_url, Charged(division=OWN)),
    ]
    leaks, wrong, own_seen, asked = [], [], set(), 0
    cookies = {account: _cookie(empty_url, account) for _, account in people if account}
    with httpx.Client(base_url=base, timeout=30) as client:
        for (method, template, rule), (role, account), area in itertools.product(
            ROUTES, people, (own, foreign)
        ):
            for ask in EXAMPLES[method, template](area):
                answer = _ask(client, method, ask, cookies.get(account, {}))
                if account and template in ENDS:
                    cookies[account] = _cookie(empty_url, account)
                where, asked = f"{role} {method} {ask.path} {ask.params}", asked + 1
                leaks += [f"{where}: {mark}" for mark in _seen(answer, foreign) - set(ask.echoes)]
                may = _may(rule, template, ask, role)
                fault = _fault(method, template, answer, may=may, role=role, own=area is own)
                wrong += [f"{where}: {fault}"] if fault else []
                own_seen |= {(role, mark) for mark in _seen(answer, own)}
    assert (leaks, wrong) == ([], [])
    assert asked > 800
    case, surname = own.marks[-1], own.marks[-2]
    for role in Role:
        assert ((role, case) in own_seen) == (Right.CASES in RIGHTS[role])
        assert ((role, surname) in own_seen) == (Right.PERSONS in RIGHTS[role])
    assert {mark for role, mark in own_seen if role is None} == set()


def test_what_the_matrix_looks_for_is_there_to_be_seen(
    server: Callable[..., str], town_of_two: tuple[Area, Area], empty_url: str
) -> None:
    foreign = town_of_two[1]
    base, seen = server(empty_url), set()
    accounts = dict(_accounts(empty_url, Charged(everything=True)))
    cookies = _cookie(empty_url, accounts[Role.ADMINISTRATOR])
    with httpx.Client(base_url=base, timeout=30) as client:
        for (method, template), examples in EXAMPLES.items():
            if template not in ENDS:
                for ask in examples(foreign):
                    seen |= _seen(_ask(client, method, ask, cookies), foreign)
    assert seen == set(foreign.marks)
