"""Accounts, charges, and the scope that follows from them; sessions; locking after failures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from conftest import owning, signed_in
from town import TESTER, draw, found, wait_for

import api.actions.accounts as acts
import data.accounts
import data.db
import data.grid
import data.locate
import data.scope
import data.sign_in
from api.actions.accounts import Patience
from data.accounts import Charged
from gis.access import ANYBODY, EVERYWHERE, NOWHERE, Right, Role, Scope, Viewer
from gis.errors import BadInput, Conflict, NotAllowed, NotFound, Unavailable

PATIENCE = Patience(3, timedelta(minutes=15))
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def ground(small_template: str) -> str:
    return small_template


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    """Cells A, B in one community, C in another of the same street, D in another street."""
    return store


@pytest.fixture
def areas(city: sa.Engine) -> dict[str, int]:
    with data.db.transaction(city) as db:
        rows = db.execute(
            sa.text(
                "SELECT c.code, area_no FROM grid_cell c JOIN grid_plan p ON p.id = plan_id "
                "WHERE p.state = 'published'"
            )
        )
        return {row[0]: row[1] for row in rows}


def who(url: str, *tokens: str, scopes: data.sign_in.Scopes | None = None) -> list[Viewer | None]:
    """Ask as the guard does, by the role of the application."""
    kept = scopes or data.sign_in.Scopes()

    async def ask() -> list[Viewer | None]:
        pool = data.db.pool(url.replace("//wangge@", f"//{data.scope.APP_ROLE}@"))
        await pool.open()
        try:
            found = [await data.sign_in.viewer_of_token(pool, token, kept) for token in tokens]
        finally:
            await pool.close()
        return [one and one.viewer for one in found]

    return wait_for(ask())


def act(store: sa.Engine, statement: str, **values: object) -> None:
    with data.db.transaction(store) as db:
        db.execute(sa.text(statement), values)


STREET, BRIDGE, WILLOW, LAKE = "420106001", "420106001001", "420106001002", "420106002001"


def desk(division: str) -> int:
    """The area number of a division's own desk, which stands before its first cell."""
    return int(division.ljust(12, "0")) * 1_000_000


@pytest.mark.parametrize(
    ("charges", "cells", "desks", "is_range"),
    [
        ([Charged(division=BRIDGE)], "AB", [BRIDGE], True),
        ([Charged(division=STREET)], "ABC", [STREET, BRIDGE, WILLOW], True),
        ([Charged(division="420106")], "ABCD", ["420106"], True),
        ([Charged(cell="C")], "C", [], True),
        ([Charged(cell="A"), Charged(cell="B")], "AB", [], True),
        ([Charged(cell="A"), Charged(cell="C")], "AC", [], False),
        ([Charged(cell="B"), Charged(cell="C")], "BC", [], False),
        ([Charged(division=BRIDGE), Charged(division=LAKE)], "ABD", [BRIDGE, LAKE], False),
        ([], "", [], True),
        ([Charged(division=BRIDGE, valid_from=date(2999, 1, 1))], "", [], True),
    ],
)
def test_a_charge_is_a_range_of_areas_and_a_list_only_where_it_must_be(
    city: sa.Engine,
    store_url: str,
    areas: dict[str, int],
    charges: list[Charged],
    cells: str,
    desks: list[str],
    is_range: bool,
) -> None:
    token = signed_in(store_url, "li.si", Role.LEADER, charges)
    viewer = who(store_url, token)[0]
    assert viewer is not None
    own = tuple(sorted([*(areas[cell] for cell in cells), *map(desk, desks)]))
    told = Scope(own[0], own[-1], None if is_range else own) if own else NOWHERE
    assert (viewer.scope, viewer.role, viewer.login) == (told, Role.LEADER, "li.si")


def test_a_town_numbered_with_zeros_is_not_taken_for_its_neighbours(
    city: sa.Engine, store_url: str, areas: dict[str, int]
) -> None:
    """Town 100 is not the towns 100 to 199."""
    for cell, community in [("A", "420106100001"), ("B", "420106110001")]:
        act(city, "UPDATE grid_cell SET division_code = :v WHERE code = :c", v=community, c=cell)
    act(
        city,
        "INSERT INTO division (code, name, level) VALUES ('420106100000', '望江镇', 'township')",
    )
    with data.db.transaction(city) as db:
        data.grid.number_areas(db)
        cell = db.scalar(
            sa.text("SELECT area_no FROM grid_cell WHERE division_code = '420106100001'")
        )
    token = signed_in(store_url, "qian", Role.LEADER, [Charged(division="420106100000")])
    viewer = who(store_url, token)[0]
    assert viewer is not None
    assert viewer.scope == Scope(desk("420106100"), cell)


def test_everything_is_also_what_no_cell_holds(city: sa.Engine, store_url: str) -> None:
    charges = [Charged(division=BRIDGE), Charged(everything=True)]
    viewer = who(store_url, signed_in(store_url, "wang", Role.AUDITOR, charges))[0]
    assert viewer is not None
    assert viewer.scope == EVERYWHERE
    assert viewer.rights == {Right.JOURNAL}


def test_posts_of_the_worker_are_a_charge_for_their_period(
    city: sa.Engine, store_url: str, areas: dict[str, int]
) -> None:
    act(city, "INSERT INTO worker (code, name) VALUES ('w1', '赵六')")
    post = (
        "INSERT INTO post (cell_id, worker_id, role, valid_from, valid_to) SELECT c.id, w.id, "
        "'grid_worker', current_date + CAST(:begins AS int), current_date + CAST(:ends AS int) "
        "FROM grid_cell c JOIN grid_plan p ON p.id = plan_id, worker w "
        "WHERE c.code = :cell AND p.state = 'published'"
    )
    for cell, begins, ends in [("B", -1, 1), ("A", -9, 0), ("C", 1, None)]:
        act(city, post, cell=cell, begins=begins, ends=ends)
    token = signed_in(store_url, "zhao", Role.WORKER, [], worker="w1")
    scopes = data.sign_in.Scopes()
    viewer = who(store_url, token, scopes=scopes)[0]
    assert viewer is not None
    assert viewer.scope == Scope(areas["B"], areas["B"])
    act(city, "UPDATE post SET valid_to = current_date")
    assert who(store_url, token, scopes=scopes)[0].scope == NOWHERE  # type: ignore[union-attr]


def test_what_is_kept_of_a_scope_ends_with_the_cells_it_came_from(
    city: sa.Engine, store_url: str, areas: dict[str, int]
) -> None:
    token = signed_in(store_url, "sun", Role.LEADER, [Charged(division=WILLOW)])
    scopes = data.sign_in.Scopes()
    assert who(store_url, token, scopes=scopes)[0].scope == Scope(desk(WILLOW), areas["C"])  # type: ignore[union-attr]
    act(city, "UPDATE grid_cell SET division_code = :c WHERE code = 'B'", c=WILLOW)
    with data.db.transaction(city) as db:
        data.grid.number_areas(db)
        data.locate.refile(db)
        numbers = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE division_code = :c ORDER BY 1"),
            {"c": WILLOW},
        ).all()
    assert len(numbers) == 2
    assert who(store_url, token, scopes=scopes)[0].scope == Scope(desk(WILLOW), numbers[1])  # type: ignore[union-attr]


def test_the_village_missing_from_the_table_still_belongs_to_its_street(
    city: sa.Engine, store_url: str, areas: dict[str, int]
) -> None:
    act(city, "DELETE FROM division WHERE code IN (:a, :b)", a=BRIDGE, b=WILLOW)
    viewer = who(store_url, signed_in(store_url, "qian", Role.LEADER, [Charged(division=STREET)]))[
        0
    ]
    assert viewer is not None
    assert viewer.scope == Scope(desk(STREET), areas["C"])


def test_cells_of_a_draft_or_a_former_plan_widen_nobodys_scope(
    city: sa.Engine, store_url: str, areas: dict[str, int]
) -> None:
    act(city, "UPDATE grid_cell SET division_code = :c WHERE code IN ('Q', 'X')", c=BRIDGE)
    with data.db.transaction(city) as db:
        data.grid.number_areas(db)
    viewer = who(store_url, signed_in(store_url, "wu", Role.LEADER, [Charged(division=BRIDGE)]))[0]
    assert viewer is not None
    assert viewer.scope == Scope(desk(BRIDGE), areas["B"])
    with pytest.raises(NotFound, match="'Q' is not the code of a cell of the plan in force"):
        signed_in(store_url, "zheng", Role.LEADER, [Charged(cell="Q")])


def test_cells_whose_areas_are_not_numbered_yet_are_nobodys(
    copy_of: Callable[[str], str], empty_template: str
) -> None:
    url = copy_of(empty_template)
    with owning(url) as db:
        found(db, draw("AB"))
    viewer = who(url, signed_in(url, "wu", Role.LEADER, [Charged(cell="A")]))[0]
    assert viewer is not None
    assert viewer.scope == NOWHERE


# Sessions


def test_signing_out_and_closing_act_at_once(city: sa.Engine, store_url: str) -> None:
    tokens = [signed_in(store_url, login, Role.WORKER, []) for login in ("one", "two")]
    scopes = data.sign_in.Scopes()
    assert None not in who(store_url, *tokens, scopes=scopes)
    assert acts.sign_out_of(city, "one", by=TESTER) == 1
    acts.close(city, "two", by=TESTER)
    assert who(store_url, *tokens, scopes=scopes) == [None, None]
    acts.change(city, "two", by=TESTER)
    assert who(store_url, *tokens, scopes=scopes) == [None, None]  # open again, not signed in


def test_only_the_hash_of_a_token_is_kept(city: sa.Engine, store_url: str) -> None:
    token = signed_in(store_url, "one", Role.WORKER, [])
    with data.db.transaction(city) as db:
        rows = db.execute(sa.text("SELECT s::text, token_hash FROM session s")).all()
    assert token not in rows[0][0]
    assert bytes(rows[0][1]) == data.sign_in.digest(token)
    assert len(token) >= 43  # 256 bits
    assert who(store_url, token + "x", "", rows[0][0]) == [None, None, None]


def test_a_cookie_slides_for_twelve_hours_and_seven_days_at_most(
    city: sa.Engine, store_url: str
) -> None:
    with data.db.transaction(city) as db:
        number = data.accounts.add(db, "one", role=Role.WORKER, name="一")
        _, token = data.sign_in.begin(db, number)
    left = "SELECT round(extract(epoch FROM expires_at - now()) / 3600) FROM session"

    def hours_left(used_ago: str, created_ago: str) -> int:
        act(
            city,
            "UPDATE session SET used_at = now() - CAST(:u AS interval), "
            "created_at = now() - CAST(:c AS interval), expires_at = now() + interval '1 hour'",
            u=used_ago,
            c=created_ago,
        )
        assert who(store_url, token)[0] is not None
        with data.db.transaction(city) as db:
            return int(db.scalar(sa.text(left)) or 0)

    assert hours_left("11 hours", "1 day") == 12
    assert hours_left("11 hours", "6 days 20 hours") == 4
    assert hours_left("1 minute", "1 day") == 1  # not written at every request
    act(city, "UPDATE session SET expires_at = now()")
    assert who(store_url, token) == [None]


# Signing in


@pytest.fixture
def li(city: sa.Engine) -> sa.Engine:
    acts.add(
        city, " Li.Si ", role=Role.WORKER, name="李四", charges=[], worker=None,
        password=PASSWORD, by=TESTER,
    )  # fmt: skip
    return city


def _refused(store: sa.Engine, login: str, password: str) -> str:
    with pytest.raises(NotAllowed) as error:
        acts.sign_in(store, login, password, patience=PATIENCE)
    return str(error.value)


def test_a_password_lets_in_and_is_kept_as_argon2(li: sa.Engine, store_url: str) -> None:
    token = acts.sign_in(li, "LI.SI", PASSWORD, patience=PATIENCE)
    viewer = who(store_url, token)[0]
    assert viewer is not None
    assert (viewer.login, viewer.name) == ("li.si", "李四")
    with data.db.transaction(li) as db:
        kept = db.scalar(sa.text("SELECT password_hash FROM account"))
    assert str(kept).startswith("$argon2id$")


def test_failures_in_a_row_lock_and_the_right_password_waits_too(li: sa.Engine) -> None:
    for _ in range(PATIENCE.failures - 1):
        _refused(li, "li.si", "wrong")
    acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE)  # begins the count anew
    told = {_refused(li, "li.si", "wrong") for _ in range(PATIENCE.failures)}
    told |= {
        _refused(li, "li.si", PASSWORD),
        _refused(li, "nobody", PASSWORD),
        _refused(li, "", ""),
    }
    assert len(told) == 1
    assert acts.known(li, login="li.si", by=TESTER)[0].locked_until is not None
    with data.db.transaction(li) as db:
        locks = db.scalar(sa.text("SELECT count(*) FROM journal WHERE act = 'lock'"))
    assert locks == 1
    act(li, "UPDATE account SET locked_until = now()")
    acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE)


def test_a_crowd_at_the_door_is_asked_to_come_again(li: sa.Engine) -> None:
    """Sixteen wait in line; the others are told at once, and nobody is counted as failing."""

    def knock(_: int) -> str:
        try:
            acts.sign_in(li, "nobody", "wrong", patience=PATIENCE)
        except (NotAllowed, Unavailable) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(24) as crowd:
        told = Counter(crowd.map(knock, range(24)))
    assert set(told) == {"NotAllowed", "Unavailable"}
    assert told["NotAllowed"] >= 16
    acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE)


def test_an_account_without_a_password_cannot_be_locked_out(
    city: sa.Engine, store_url: str
) -> None:
    signed_in(store_url, "by.oidc", Role.WORKER, [])
    for _ in range(PATIENCE.failures + 1):
        _refused(city, "by.oidc", "wrong")
    assert acts.known(city, login="by.oidc", by=TESTER)[0].locked_until is None


def test_unlocking_and_a_new_password_take_the_lock_off(li: sa.Engine) -> None:
    for opened in (
        lambda: acts.unlock(li, "li.si", by=TESTER),
        lambda: acts.set_password(li, "li.si", PASSWORD, by=TESTER),
    ):
        for _ in range(PATIENCE.failures):
            _refused(li, "li.si", "wrong")
        _refused(li, "li.si", PASSWORD)
        opened()
        acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE)


def test_an_unknown_login_takes_as_long_as_a_wrong_password(li: sa.Engine) -> None:
    def seconds(login: str) -> float:
        best = 9.0
        for _ in range(4):
            began = time.perf_counter()
            _refused(li, login, "wrong")
            best = min(best, time.perf_counter() - began)
        return best

    wrong, unknown, no_login = seconds("li.si"), seconds("nobody"), seconds("\0 ;")
    assert 0.4 < unknown / wrong < 2.5
    assert 0.4 < no_login / wrong < 2.5


def test_who_changes_the_password_stays_and_all_others_go(li: sa.Engine, store_url: str) -> None:
    kept, other = (acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE) for _ in range(2))
    viewer = who(store_url, kept)[0]
    assert viewer is not None
    with data.db.transaction(li) as db:
        session = db.scalar(
            sa.text("SELECT id FROM session WHERE token_hash = :h"),
            {"h": data.sign_in.digest(kept)},
        )
    change = {"session": session, "by": viewer, "patience": PATIENCE}
    with pytest.raises(NotAllowed, match="old password is wrong"):
        acts.change_password(li, old="wrong", new="a new long one", **change)
    with pytest.raises(BadInput, match="10 to 200"):
        acts.change_password(li, old=PASSWORD, new="short", **change)
    acts.change_password(li, old=PASSWORD, new="a new long one", **change)
    assert [one is not None for one in who(store_url, kept, other)] == [True, False]
    _refused(li, "li.si", PASSWORD)
    acts.sign_in(li, "li.si", "a new long one", patience=PATIENCE)


@pytest.mark.parametrize("login", ["", "a", "a b", "cli", "anybody", "x" * 81, "a\0b", "cli:root"])
def test_what_is_no_login_is_refused(city: sa.Engine, login: str) -> None:
    told = {"role": Role.WORKER, "name": "一", "charges": [], "worker": None, "password": None}
    with pytest.raises(BadInput, match="is no login"):
        acts.add(city, login, by=TESTER, **told)


def test_an_account_is_added_once_and_wholly(li: sa.Engine) -> None:
    told = {"role": Role.WORKER, "name": "一", "worker": None, "password": None, "by": TESTER}
    with pytest.raises(Conflict, match=r"'li\.si' already"):
        acts.add(li, "li.si", charges=[], **told)
    with pytest.raises(NotFound, match="'999' is not the code of a division"):
        acts.add(li, "other", charges=[Charged(division="999")], **told)
    with pytest.raises(NotFound, match="no worker has the code 'w9'"):
        acts.add(li, "other", charges=[], **{**told, "worker": "w9"})
    assert [one.login for one in acts.known(li, by=TESTER)] == ["li.si"]


# What the database shows to the application's role


def test_without_the_door_nobody_sees_accounts(li: sa.Engine) -> None:
    acts.sign_in(li, "li.si", PASSWORD, patience=PATIENCE)
    count = sa.text(
        "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM session), "
        "(SELECT count(*) FROM charge)"
    )
    own = acts.known(li, login="li.si", by=TESTER)[0].id
    stranger = Viewer(own + 1, "other", "other", Role.AUDITOR, EVERYWHERE)
    himself = Viewer(own, "li.si", "李四", Role.WORKER)
    seen = []
    for viewer in (ANYBODY, stranger, himself):
        with data.scope.transaction(li, viewer) as db:
            seen.append(tuple(db.execute(count).one()))
    assert seen == [(0, 0, 0), (0, 0, 0), (1, 1, 0)]
    with data.scope.transaction(li, himself) as db:
        changed = db.execute(sa.text("UPDATE account SET role = 'administrator' RETURNING id"))
        assert changed.all() == []
