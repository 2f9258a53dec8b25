"""Every route × every role × his own and a foreign area: no leak, no wrong refusal.

The routes come from the application itself. A route without an example (in the `matrix_` file of
its theme) fails the test, as one without a rule keeps the application from starting.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import matrix_cases
import matrix_ogc
import matrix_partners
import matrix_people
import matrix_places
import matrix_plans
import pytest
import sqlalchemy as sa
from conftest import owning
from matrix import FOREIGN, FOREIGN_ID, MEMBERS, NOW, OWN, OWN_ID, Area, Ask, Examples
from starlette.routing import compile_path
from town import SEAL, TESTER, at, inhabit, move_in, place

import data.accounts
import data.db
import data.grid
import data.locate
import data.sign_in
from api import auth
from api.actions.imports import Order, import_file
from api.app import create_app
from api.settings import Settings
from data.accounts import Charged
from gis.access import RIGHTS, Right, Role
from gis.terms import RecordKind

SAME = {"Sec-Fetch-Site": "same-origin"}
ASKS = (
    matrix_places.ASKS, matrix_cases.ASKS, matrix_people.ASKS, matrix_plans.ASKS,
    matrix_ogc.ASKS, matrix_partners.ASKS,
)  # fmt: skip
EXAMPLES: Examples = {way: asks for theme in ASKS for way, asks in theme.items()}

ANSWERS: dict[tuple[str, str], set[int]] = {
    ("POST", "/sign-in"): {401},  # a wrong password
    ("POST", "/sign-in/demo"): {403},  # no demo town
    ("GET", "/sign-in/oidc"): {404},  # no provider
    ("GET", "/sign-in/oidc/back"): {401},
    ("POST", "/sign-out"): {303},
    ("POST", "/me/password"): {403},  # a wrong password
    ("DELETE", "/tokens/{number}"): {404},  # no token of his own
    # nobody of the register; nobody who proved to be one; one of the two codes is none
    ("POST", "/community/applications/{number}/accept"): {409},  # no team of volunteers
    ("POST", "/community/voter"): {403},
    ("POST", "/community/polls/{number}/votes"): {403},
    ("GET", "/follow/{code}"): {200, 404},
    ("POST", "/cases/{code:path}/contact"): {
        403,
        404,
    },  # not for all who see cases; nobody left one
    ("POST", "/cases/{code:path}/photos"): {
        400,
        403,
    },  # no photograph; neither in charge nor reporter
    ("GET", "/desk/export"): {200, 403},  # a planner takes no cases
    ("PUT", "/areas/{number}"): {409},  # drawn anew since it was seen
    ("POST", "/dispatch"): {400},  # no such worker
    ("POST", "/register/rows/{number}"): {400},  # it is still at fault
    ("POST", "/visits/{number}/undo"): {403},  # whoever told of it undoes it
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
    assert len(EXAMPLES) == sum(map(len, ASKS)), "each in one theme"


# The town


@pytest.fixture
def town_of_two(store: sa.Engine, tmp_path: Path) -> tuple[Area, Area]:
    """Communities of cells A, B and of cell D, with people and cases in both."""
    with data.db.transaction(store) as db:
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
        own = _area(db, store, OWN, "A", 0.5, ("亓里人", OWN_ID, "13211118888"))
        foreign = _area(db, store, FOREIGN, "D", 3.5, ("闫外人", FOREIGN_ID, "13133337777"))
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


def _area(
    db: Any, store: sa.Engine, code: str, cell: str, x: float, person: tuple[str, str, str]
) -> Area:
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
    return Area(store, code, cell, area_no, (spot.x, spot.y), household, resident, **named)


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


def _asks(
    example: Callable[[Area], list[Ask]], own: Area, foreign: Area
) -> Iterator[tuple[Ask, Area]]:
    """What is asked about one's own area, then about the foreign one; what names none, once."""
    asked = example(own)
    yield from ((ask, own) for ask in asked)
    yield from ((ask, foreign) for ask in example(foreign) if ask not in asked)


def _ask(client: httpx.Client, method: str, ask: Ask, cookies: dict[str, str]) -> httpx.Response:
    told = "; ".join(f"{k}={v}" for k, v in cookies.items())
    headers = SAME | {"Cookie": told} | ask.headers
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
    found = compile_path(template)[0].match(ask.path)
    path = found.groupdict() if found else {}
    return set(auth.demands(rule, path)) <= (RIGHTS[role] if role else frozenset())


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
        for (method, template, rule), (role, account) in itertools.product(ROUTES, people):
            for ask, area in _asks(EXAMPLES[method, template], own, foreign):
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
        may_see = {Right.PERSONS, Right.EMERGENCY} & RIGHTS[role]
        assert ((role, surname) in own_seen) == bool(may_see)
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
