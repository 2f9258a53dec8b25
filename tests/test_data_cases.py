"""Cases in the store: the database checks every move itself, and the row is its events' sum."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import COMMUNITIES, TESTER, at, inhabit, place

import api.actions.cases
import data.cases
import data.db
import data.grid
import data.locate
import data.scope
import gis.cases
from gis.access import EVERYWHERE, INTAKE, RIGHTS, Right, Role, Scope, Viewer
from gis.cases import Said
from gis.errors import Conflict, NotAllowed, NotFound
from gis.terms import CaseState, Move

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
S, M = CaseState, Move
CONDITION = 900_001


def viewer(role: Role, account: int = 7, scope: Scope = EVERYWHERE, **acts_for: int) -> Viewer:
    return Viewer(account, role, role.label, role, scope, **acts_for)


def settle(db: Session) -> None:
    """The town of two streets; case `c-1` in cell A; unit 1, worker 1, condition 1."""
    inhabit(db)
    place(db, "case_file", {"c-1": at(0.5, 0.5), "c-2": at(3.5, 0.5)}, title="积水")
    for line in (
        "INSERT INTO network_unit (code, name, kind) VALUES ('u1', '水务局', 'department')",
        "INSERT INTO worker (code, name) VALUES ('w1', '王五')",
        "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
        f" VALUES ({CONDITION}, 'x', 'event', '0501', '供水管道破裂', '05', '突发事件')",
        "INSERT INTO case_condition (id, class_id, number, filing, amount, clock, closing)"
        f" VALUES ({CONDITION}, {CONDITION}, 1, '喷水', 2, 'urgent_hour', '修复')",
        "INSERT INTO case_event (case_id, at, actor, move, target)"
        " SELECT id, now(), 'import', 'bring', state FROM case_file ORDER BY id",
    ):
        db.execute(sa.text(line))
    data.grid.number_areas(db)
    data.locate.refile(db)


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


@pytest.fixture
def city(store: sa.Engine) -> sa.Engine:
    return store


TOLD = {
    M.FILE: Said(condition=CONDITION),
    M.DISPATCH: Said(unit=1),
    M.FEEDBACK: Said(words="已修复"),
    M.CLOSE: Said(closing="修复"),
    M.EVALUATE: Said(rating=5),
    M.VOID: Said(reason="重复"),
    M.RESTORE: Said(reason="误操作"),
    M.RETURN: Said(reason="不属我单位"),
    M.SUSPEND: Said(reason="等待设备", until=NOW + timedelta(days=9)),
    M.SETTLE: Said(cell="B"),
}


def go(store: sa.Engine, code: str, *moves: Move, by: Viewer = TESTER) -> data.cases.Case:
    for move in moves:
        with data.scope.transaction(store, by) as db:
            case = data.cases.locked(db, code)
            after = data.cases.move(db, case, move, TOLD.get(move, Said()), by=by, now=NOW)
        with data.scope.transaction(store, TESTER, keep=False) as db:
            assert data.cases.find(db, code) == after.__class__(**vars(after) | stamps(db, code))
    return after


def stamps(db: Session, code: str) -> dict[str, Any]:
    """The moments of the row, which `move` does not carry on."""
    row = db.execute(
        sa.text(
            "SELECT filed_at, dispatched_at, handled_at, closed_at FROM case_file WHERE code = :c"
        ),
        {"c": code},
    )
    return dict(row.mappings().one())


def tell(db: Session, move: str, source: str | None, target: str, **told: Any) -> None:
    """Write an event past everything but the database."""
    values = {"code": "c-1", "account": 7, "move": move, "source": source, "target": target} | told
    db.execute(
        sa.text(
            "INSERT INTO case_event (case_id, at, account, actor, move, source, target)"
            " SELECT id, now(), :account, 'x', :move, :source, :target"
            " FROM case_file WHERE code = :code"
        ),
        values,
    )


def standing(store: sa.Engine, code: str = "c-1") -> tuple[str, int, int]:
    """State, version and number of events of a case."""
    with data.db.transaction(store) as db:
        row = db.execute(
            sa.text(
                "SELECT state, version, (SELECT count(*) FROM case_event WHERE case_id = f.id)"
                " FROM case_file f WHERE code = :code"
            ),
            {"code": code},
        ).one()
    return row[0], row[1], row[2]


# The table of moves


def test_the_database_knows_the_moves_that_the_code_knows(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        kept = {tuple(row) for row in db.execute(sa.text("SELECT * FROM case_step"))}
    assert kept == {
        (str(step.move), str(source), str(target), right and str(right))
        for step in gis.cases.STEPS.values()
        for source, target in step.ways
        for right in [gis.cases.right_of(step.move, source)]
    }


WAY = (M.VERIFY, M.FILE, M.DISPATCH, M.TAKE, M.FEEDBACK, M.INSPECT, M.CLOSE, M.EVALUATE)
BY = {
    M.VERIFY: Role.ACCEPTOR,
    M.FILE: Role.ACCEPTOR,
    M.DISPATCH: Role.DISPATCHER,
    M.TAKE: Role.DEPARTMENT,
    M.FEEDBACK: Role.DEPARTMENT,
    M.INSPECT: Role.INSPECTOR,
    M.CLOSE: Role.INSPECTOR,
    M.EVALUATE: Role.INSPECTOR,
}


def test_a_case_goes_its_way_by_the_owner_and_by_each_role(city: sa.Engine) -> None:
    go(city, "c-1", *WAY)
    for number, move in enumerate(WAY):
        go(city, "c-2", move, by=viewer(BY[move], 10 + number // 5, unit=1))
    assert standing(city, "c-1") == standing(city, "c-2") == ("evaluated", 9, 9)
    with data.scope.transaction(city, TESTER) as db:
        case = data.cases.find(db, "c-2")
        assert gis.cases.replay(data.cases.events(db, case)) == case.standing
        assert case.standing.handled_by == 10
        told = data.cases.timeline(db, case)
        stamped = stamps(db, "c-2")
    assert [one["move"] for one in told] == ["bring", *map(str, WAY)]
    assert [(one["unit"], one["condition"]) for one in told[2:4]] == [
        (None, "喷水"),
        ("水务局", None),
    ]
    assert set(stamped.values()) == {NOW}


@pytest.mark.parametrize("role", Role)
def test_each_role_makes_the_moves_of_its_rights_and_no_other(city: sa.Engine, role: Role) -> None:
    by = viewer(role, unit=1)
    for move in (M.FILE, M.DISPATCH, M.TAKE, M.FEEDBACK, M.INSPECT, M.CLOSE):
        before = standing(city)
        own_work = role is Role.ADMINISTRATOR and move in {M.INSPECT, M.CLOSE}
        if gis.cases.STEPS[move].right in RIGHTS[role] and not own_work:
            go(city, "c-1", move, by=by)
        else:
            with pytest.raises((NotAllowed, NotFound)):
                go(city, "c-1", move, by=by)
            assert standing(city) == before
            go(city, "c-1", move)


def test_who_holds_a_case_finds_it_wherever_it_is_until_he_gives_it_back(city: sa.Engine) -> None:
    guest = viewer(Role.DEPARTMENT, scope=Scope(), unit=1)
    with pytest.raises(NotFound, match="'c-1' is in your charge"):
        go(city, "c-1", M.TAKE, by=guest)
    go(city, "c-1", M.FILE, M.DISPATCH)
    go(city, "c-1", M.TAKE, by=guest)
    go(city, "c-1", M.RETURN, by=guest)
    with pytest.raises(NotFound):
        go(city, "c-1", M.TAKE, by=guest)


# What no SQL of the application can do


@pytest.fixture
def worker(city: sa.Engine) -> Viewer:
    """A worker of everywhere with every right but that of the owner."""
    return Viewer(7, "w", "w", Role.ADMINISTRATOR, EVERYWHERE, unit=1)


@pytest.mark.parametrize(
    "line",
    [
        "UPDATE case_file SET state = 'closed'",
        "UPDATE case_file SET code = 'x' WHERE code = 'c-1'",
        "DELETE FROM case_file",
        "DELETE FROM case_event",
        "UPDATE case_event SET words = 'x'",
        "TRUNCATE case_event",
        "INSERT INTO case_step VALUES ('close', 'reported', 'closed', 'cases')",
        "ALTER TABLE case_event DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_cannot_touch_state_or_history(
    city: sa.Engine, worker: Viewer, line: str
) -> None:
    with pytest.raises(NotAllowed), data.scope.transaction(city, worker) as db:
        db.execute(sa.text(line))
    assert standing(city) == ("reported", 1, 1)


def test_nobody_begins_a_case_elsewhere_than_at_its_report(city: sa.Engine) -> None:
    insert = sa.text("INSERT INTO case_file (code, title, state, area_no) VALUES ('x', 'x', :s, 0)")
    with pytest.raises(NotAllowed), data.scope.transaction(city, INTAKE) as db:
        db.execute(insert, {"s": "closed"})
    with data.scope.transaction(city, INTAKE, keep=False) as db:
        db.execute(insert, {"s": "reported"})


UNLAWFUL = {
    "from elsewhere": ("close", "inspected", "closed", {}),
    "to elsewhere": ("file", "reported", "closed", {}),
    "no such move": ("jump", "reported", "closed", {}),
    "the clock's own": ("overdue", "reported", "reported", {}),
    "in another's name": ("file", "reported", "filed", {"account": 8}),
    "in nobody's name": ("file", "reported", "filed", {"account": 0}),
    "it began already": ("report", None, "reported", {}),
    "it was brought already": ("bring", None, "reported", {}),
    "a report that files": ("report", None, "filed", {}),
    "a report that closes": ("report", "reported", "closed", {}),
    "brought from elsewhere": ("bring", "filed", "closed", {}),
    "without where from": ("file", None, "filed", {}),
}


@pytest.mark.parametrize("what", UNLAWFUL)
def test_the_database_refuses_an_unlawful_event(city: sa.Engine, worker: Viewer, what: str) -> None:
    move, source, target, told = UNLAWFUL[what]
    with pytest.raises((NotAllowed, sa.exc.IntegrityError)):  # noqa: SIM117
        with data.scope.transaction(city, worker) as db:
            tell(db, move, source, target, **told)
    assert standing(city) == ("reported", 1, 1)


@pytest.mark.parametrize("role", [None, *Role])
def test_the_database_asks_for_the_right_of_every_move(city: sa.Engine, role: Role | None) -> None:
    by = viewer(role) if role else INTAKE
    steps = [
        (str(step.move), str(source), str(target), gis.cases.right_of(step.move, source))
        for step in gis.cases.STEPS.values()
        for source, target in step.ways
        if source is S.REPORTED
    ]
    assert len(steps) > 10
    for move, source, target, right in steps:
        allowed = right is not None and by.may(right) and by.may(Right.CASES)
        assert _passes(city, by, move, source, target) == allowed, move
    assert standing(city) == ("reported", 1, 1)


def _passes(store: sa.Engine, by: Viewer, move: str, source: str, target: str) -> bool:
    """Whether the database lets an event in, told to it directly; it is not kept."""
    try:
        with data.scope.transaction(store, by, keep=False) as db:
            tell(db, move, source, target, account=by.account)
            state = db.scalar(sa.text("SELECT state FROM case_file WHERE code = 'c-1'"))
    except NotAllowed:
        return False
    return bool(state == target)


def test_the_database_knows_who_handled_a_case(city: sa.Engine, worker: Viewer) -> None:
    go(city, "c-1", M.FILE, M.DISPATCH)
    go(city, "c-1", M.TAKE, M.FEEDBACK, by=worker)
    for move, target in (("inspect", "inspected"), ("rework", "handling")):
        with pytest.raises(NotAllowed), data.scope.transaction(city, worker) as db:
            tell(db, move, "feedback", target)
    assert standing(city) == ("feedback", 5, 5)


def test_a_foreign_case_is_not_there(city: sa.Engine) -> None:
    street = Scope(int("420106002000") * 10**6, int("420106003000") * 10**6 - 1)
    by = viewer(Role.ADMINISTRATOR, scope=street)
    assert "420106002001" in COMMUNITIES
    with pytest.raises(NotFound):
        go(city, "c-1", M.FILE, by=by)
    with data.scope.transaction(city, by) as db:
        tell(db, "file", "reported", "filed")
    assert standing(city) == ("reported", 1, 1)
    go(city, "c-2", M.FILE, by=by)


# Versions, counts, settling


def test_who_decided_on_an_older_version_is_told_what_happened_since(city: sa.Engine) -> None:
    go(city, "c-1", M.VERIFY, M.FILE)
    with data.scope.transaction(city, TESTER) as db:
        with pytest.raises(Conflict, match=r"saw version 2, it is at 3.*立案 file") as refused:
            data.cases.locked(db, "c-1", seen=2)
        assert [one["move"] for one in refused.value.facts["since"]] == ["file"]  # type: ignore[attr-defined]
        assert data.cases.locked(db, "c-1", seen=3).state is S.FILED


def test_a_second_act_waits_for_the_first(city: sa.Engine) -> None:
    with data.scope.transaction(city, TESTER) as db:
        data.cases.locked(db, "c-1")
        with data.scope.transaction(city, TESTER) as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(sa.exc.OperationalError) as refused:
                data.cases.locked(other, "c-1")
            assert isinstance(refused.value.orig, psycopg.errors.LockNotAvailable)
            other.rollback()


def wrong_tallies(store: sa.Engine) -> int:
    with data.db.transaction(store) as db:
        return data.locate.wrong_tallies(db)


def test_counts_follow_what_opens_and_ends(city: sa.Engine) -> None:
    for code, moves in {
        "c-1": (M.VOID, M.RESTORE, *WAY),
        "c-2": (M.FILE, M.SUSPEND, M.RESUME, M.SETTLE, M.VOID),
    }.items():
        for move in moves:
            go(city, code, move)
            assert wrong_tallies(city) == 0, move


def waits_in(store: sa.Engine) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with store.connect() as db:
        return bool(db.scalar(sa.text(f"{query} AND datname = current_database()")))


_TALLY = "SELECT FROM cell_tally WHERE cell_id = :cell FOR UPDATE"


@pytest.mark.parametrize("act", [M.SETTLE, M.CLOSE])
def test_the_counts_of_two_cells_are_taken_in_one_order(city: sa.Engine, act: Move) -> None:
    """Else two people, one moving a case from A to B and one from B to A, would stop each other."""
    joined = "UPDATE case_file SET joined_to = (SELECT id FROM case_file WHERE code = 'c-2')"
    with data.db.transaction(city) as db:
        if act is M.CLOSE:
            db.execute(sa.text(f"{joined} WHERE code = 'c-1'"))
        cells = "SELECT cell_id FROM case_file WHERE code IN ('c-1', 'c-2') ORDER BY cell_id"
        low, high = db.scalars(sa.text(cells)).all()
        target = "SELECT code FROM grid_cell WHERE id = :cell"
        cell = db.scalar(sa.text(target), {"cell": low})
    if act is M.CLOSE:
        go(city, "c-2", M.FILE, M.DISPATCH, M.TAKE, M.FEEDBACK, M.INSPECT)

    def do() -> None:
        asked = api.actions.cases.Asked(act, cell=cell if act is M.SETTLE else "", closing="好")
        api.actions.cases.move(city, "c-2", asked, by=TESTER, now=NOW)

    with ThreadPoolExecutor(1) as other, data.db.transaction(city, keep=False) as db:
        db.execute(sa.text(_TALLY), {"cell": low})
        done = other.submit(do)
        while not waits_in(city) and not done.done():
            pass
        db.execute(sa.text(_TALLY + " NOWAIT"), {"cell": high})
        db.rollback()
        done.result()
    assert wrong_tallies(city) == 0


def test_a_settled_case_stays_in_the_cell_that_was_chosen(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        desk = "UPDATE case_file SET desk_code = '420106001000', area_no = 420106001000000000"
        db.execute(sa.text(f"{desk} WHERE code IN ('c-1', 'c-null')"))
        data.locate.refile(db)
        kept = "SELECT count(*) FROM case_file WHERE area_no = 420106001000000000"
        assert db.scalar(sa.text(kept)) == 2
    go(city, "c-1", M.SETTLE)
    go(city, "c-null", M.SETTLE)
    with data.db.transaction(city) as db:
        data.locate.refile(db)
        assert data.locate.misfiled(db)["cases"] == 0
        rows = db.execute(
            sa.text(
                "SELECT f.code, c.code, f.area_no = c.area_no, desk_code FROM case_file f"
                " JOIN grid_cell c ON c.id = f.cell_id WHERE settled ORDER BY 1"
            )
        )
        assert rows.all() == [("c-1", "B", True, None), ("c-null", "B", True, None)]
        db.execute(sa.text("UPDATE grid_cell SET valid_to = '2026-01-01' WHERE code = 'B'"))
        data.locate.refile(db)  # the chosen cell has ended: the place decides again
        rows = db.execute(
            sa.text(
                "SELECT f.code, c.code FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id"
                " WHERE settled ORDER BY 1"
            )
        )
        assert rows.all() == [("c-1", "A"), ("c-null", None)]
    with pytest.raises(NotFound, match="no cell in force has the code 'B'"):
        go(city, "c-1", M.SETTLE)


def test_what_time_tells_of_a_case_makes_nobodys_decision_out_of_date(city: sa.Engine) -> None:
    with data.db.transaction(city) as db:
        case = data.cases.locked(db, "c-new")
        for told in (Move.WARN, Move.OVERDUE):
            after = data.cases.move(db, case, told, Said(), by=TESTER, now=NOW)
            assert after.version == case.version
            assert data.cases.locked(db, "c-new", seen=case.version).version == case.version
        data.cases.move(db, after, Move.NOTE, Said(words="已电话联系"), by=TESTER, now=NOW)
        with pytest.raises(Conflict, match=r"备注 note. Nothing was done") as refused:
            data.cases.locked(db, "c-new", seen=case.version)
    assert [one["move"] for one in refused.value.facts["since"]] == ["note"]
