"""The journal: only ever added to, chained, and found out where it was not."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from town import MARKED, SEAL, TESTER, inhabit
from typer.testing import CliRunner

import api.actions.checks
import api.actions.exports
import api.actions.journal
import data.db
import data.guards
import data.journal
import data.locate
import data.scope
from api.actions.exports import Shape, Taking
from api.actions.journal import Asked
from data.exports import Wanted
from gis.access import EVERYWHERE, Role, Viewer
from gis.errors import BadInput, NotAllowed, NotFound

WORKER = Viewer(7, "wang", "王", Role.WORKER, EVERYWHERE)
AUDITOR = Viewer(8, "shen", "沈", Role.AUDITOR, EVERYWHERE)


def write(store: sa.Engine, count: int = 1, by: Viewer = TESTER) -> None:
    for number in range(count):
        with data.scope.transaction(store, by) as db:
            data.journal.write(db, actor=by.login, act="try", subject=f"{number}", 数=number)


def chain(store: sa.Engine) -> data.journal.Chain:
    with data.db.transaction(store, keep=False) as db:
        return data.journal.verify(db)


def test_an_empty_and_a_full_journal_are_whole(store: sa.Engine) -> None:
    assert chain(store) == data.journal.Chain(0, "")
    write(store, 3)
    whole = chain(store)
    assert (whole.lines, whole.fault, len(whole.head)) == (3, "", 64)


def test_writers_at_the_same_time_make_one_chain(store: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda by: write(store, 10, by), [TESTER, WORKER] * 4))
    assert (chain(store).lines, chain(store).fault) == (80, "")


def test_a_line_that_is_taken_back_leaves_no_gap(store: sa.Engine) -> None:
    write(store)
    with data.db.transaction(store, keep=False) as db:
        data.journal.write(db, actor="a", act="b")
    write(store)
    assert (chain(store).lines, chain(store).fault) == (2, "")


CHANGES = ("UPDATE journal SET actor = 'nobody'", "DELETE FROM journal", "TRUNCATE journal")


@pytest.mark.parametrize("change", CHANGES)
def test_neither_the_application_nor_the_owner_changes_a_line(
    store: sa.Engine, change: str
) -> None:
    write(store, 2)
    administrator = Viewer(1, "root", "root", Role.ADMINISTRATOR, EVERYWHERE)
    with (
        pytest.raises(NotAllowed, match="nothing was written"),
        data.scope.transaction(store, administrator) as db,
    ):
        db.execute(sa.text(change))
    with (
        pytest.raises(sa.exc.DBAPIError, match="the journal is only ever added to"),
        data.db.transaction(store) as db,
    ):
        db.execute(sa.text(change))
    assert (chain(store).lines, chain(store).fault) == (2, "")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE journal SET actor = 'nobody' WHERE id = 3", "line 3 is not as it was written"),
        ("UPDATE journal SET detail = '{}' WHERE id = 5", "line 5 is not as it was written"),
        ("UPDATE journal SET at = at + '1 s' WHERE id = 1", "line 1 is not as it was written"),
        ("UPDATE journal SET hash = sha256('x') WHERE id = 2", "line 2 is not as it was written"),
        ("DELETE FROM journal WHERE id = 2", "line 2 is missing"),
        ("DELETE FROM journal WHERE id = 1", "line 1 is missing"),
        ("DELETE FROM journal WHERE id >= 4", "the lines 4 to 5 are missing at the end"),
        ("DELETE FROM journal", "the lines 1 to 5 are missing at the end"),
        ("UPDATE journal j SET actor = 'x', hash = journal_hash("
         "(SELECT hash FROM journal WHERE id = 4), ROW(j.id, j.at, 'x', j.act, j.subject, j.detail,"
         " NULL)::journal) WHERE id = 5", "line 5, the last, is not the one that was kept"),
    ],
)  # fmt: skip
def test_what_a_superuser_changes_behind_the_trigger_is_found(
    store: sa.Engine, change: str, fault: str
) -> None:
    write(store, 5)
    with data.db.transaction(store) as db:
        db.execute(sa.text("SET LOCAL session_replication_role = replica"))
        db.execute(sa.text(change))
    assert chain(store).fault == fault
    found = {one.name: one for one in api.actions.checks.run(store, home=None)}
    assert found["journal whole"].ok is False
    assert found["journal whole"].said.endswith(fault)


def test_who_writes_the_journal_does_not_read_it(store: sa.Engine) -> None:
    write(store, 2, WORKER)
    with data.scope.transaction(store, WORKER) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM journal")) == 0
    with pytest.raises(NotAllowed, match="auditors and administrators"):
        api.actions.journal.lines(store, Asked(), by=WORKER)
    told = api.actions.journal.lines(store, Asked(actor="wang"), by=AUDITOR)
    assert [(line.id, line.actor, line.detail) for line in told] == [
        (2, "wang", {"数": 1}), (1, "wang", {"数": 0}),
    ]  # fmt: skip


def test_a_number_in_a_reason_is_not_kept(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        data.journal.write(db, actor="a", act="b", reason=f"找 {MARKED[1]} {MARKED[2]} 2026")
    (line,) = api.actions.journal.lines(store, Asked(), by=TESTER)
    assert line.detail == {"reason": "找 110**** 139**** 2026"}


@pytest.mark.parametrize(
    ("field", "told", "kept"),
    [
        ("reason", "call 138 1234 5678", "call 138****"),
        ("reason", "１３８１２３４５６７８", "１３８****"),
        ("reason", "since 2026-11-22", "since 2026-11-22"),
        ("reason", "a\x1b[31m\nb\u202ec", "a [31m b c"),
        ("file", "11010119900307002X.csv", "110****.csv"),
        ("file", "居民 20261122.csv", "居民 20261122.csv"),
        ("file", "\x1b]0;x\x07.csv", " ]0;x .csv"),
    ],
)
def test_what_people_write_names_nobody_and_forges_no_line(
    store: sa.Engine, field: str, told: str, kept: str
) -> None:
    with data.db.transaction(store, keep=False) as db:
        data.journal.write(db, actor="a", act="b", **{field: told})
        assert data.journal.lines(db)[0].detail == {field: kept}


def test_runs_of_numbers_are_written_short() -> None:
    assert data.journal.ranges([]) == []
    assert data.journal.ranges([7, 1, 3, 2]) == [[1, 3], [7, 7]]


def _people(store: sa.Engine) -> list[int]:
    with data.db.transaction(store) as db:
        inhabit(db)
        data.locate.refile(db)
        return list(db.scalars(sa.text("SELECT id FROM resident ORDER BY id")))


def _seen(store: sa.Engine, *, days: int = 180, **who: object) -> list[tuple[str, str, str]]:
    asked = {"number": None, "id_number": None} | who
    found = api.actions.journal.seen(
        store, **asked, seal=SEAL, by=TESTER, now=datetime.now(UTC), days=days
    )
    return [(line.actor, line.act, line.detail["reason"]) for line in found]


def test_who_saw_this_person(store: sa.Engine, tmp_path: Path) -> None:
    first, second, *_ = _people(store)
    with data.db.transaction(store) as db:
        db.execute(
            sa.text("INSERT INTO resident_merge (kept_id, merged_id, kept_before, merged_row, actor)"
                    " VALUES (:kept, 9999, '{}', '{}', 'x')"), {"kept": first},
        )  # fmt: skip
        for number, reason in ((first, "回访"), (second, "核对"), (9999, "合并前")):
            data.journal.write(
                db, actor="wang", act="unmask", subject=f"resident:{number}", reason=reason
            )
        data.journal.write(db, actor="wang", act="edit", subject=f"resident:{first}", reason="改")
        data.journal.write(db, actor="demo", act="load", residents=10)
    for area, unmasked in (("A", True), ("C", True), ("A", False)):
        taking = Taking(f"核对名册{area}", datetime.now(UTC), unmasked)
        api.actions.exports.export_persons(
            store, Wanted("residents", area=area), tmp_path / "out.csv", Shape(), taking,
            by=TESTER, seal=SEAL,
        )  # fmt: skip
    expected = [
        ("test", "export", "核对名册A"),
        ("wang", "unmask", "合并前"),
        ("wang", "unmask", "回访"),
    ]
    assert _seen(store, number=first) == expected
    assert _seen(store, id_number=f" {MARKED[1].lower()}\n") == expected
    assert _seen(store, number=first, days=0) == []
    assert len(api.actions.journal.lines(store, Asked(person=first), by=TESTER)) == 5
    with pytest.raises(NotFound, match="nobody in the register has this id"):
        _seen(store, id_number="110101199003078515")
    with pytest.raises(BadInput, match="by number, or by --id-stdin"):
        _seen(store)


def test_seen_is_one_command(
    store: sa.Engine, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    import api.cli

    number = _people(store)[0]
    with data.db.transaction(store) as db:
        data.journal.write(
            db, actor="wang", act="unmask", subject=f"resident:{number}", reason="回访"
        )
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    key = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("WANGGE_REGISTER_KEY", key)
    run = CliRunner().invoke
    by_id = run(api.cli.app, ["seen", "--id-stdin"], input=f"{MARKED[1]}\n")
    assert (by_id.exit_code, by_id.output.count("\n")) == (0, 1), by_id.output
    assert by_id.output.rstrip().endswith(f"wang  unmask  resident:{number}  reason: 回访")
    assert run(api.cli.app, ["seen", str(number)]).output == by_id.output
    assert "nobody saw" in run(api.cli.app, ["seen", "424242"]).output
    listed = run(api.cli.app, ["journal", "--act", "unmask", "--since", "2020-01-01"])
    assert listed.output == by_id.output
    with io.StringIO(run(api.cli.app, ["check"]).output) as told:
        assert any(line.startswith("ok    journal whole: 1 lines, head ") for line in told)


# What keeps people apart


def test_every_table_with_row_policies_is_checked(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        held = db.scalars(sa.text("SELECT DISTINCT polrelid::regclass::text FROM pg_policy"))
        assert set(held) == set(data.guards.PROTECTED)
        assert data.guards.unprotected(db) == data.guards.ways_around(db) == []


@pytest.mark.parametrize(
    ("change", "name", "ok", "said"),
    [
        ("ALTER TABLE resident DISABLE ROW LEVEL SECURITY", "rows protected", False,
         "without row policies: resident"),
        ("DROP POLICY may_select ON household", "rows protected", False,
         "without row policies: household"),
        ("ALTER TABLE facility OWNER TO wangge_app", "application kept in", False,
         "wangge_app owns facility"),
        ("GRANT DELETE ON journal TO wangge_app", "application kept in", False,
         "wangge_app may delete the journal"),
        ("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF",
         "spatial index in use", None, "not beside row policies"),
    ],
)  # fmt: skip
def test_a_guard_that_is_gone_is_told(
    store: sa.Engine, change: str, name: str, ok: bool | None, said: str
) -> None:
    before = {one.name: one for one in api.actions.checks.run(store, home=None)}
    assert before[name].ok is True
    with store.begin() as connection:
        connection.execute(sa.text(change))
    after = {one.name: one for one in api.actions.checks.run(store, home=None)}
    assert (after[name].ok, after[name].said) == (ok, said)
    assert after[name].advice


def test_time_is_set_by_the_store_not_by_the_writer(store: sa.Engine) -> None:
    write(store)
    (line,) = api.actions.journal.lines(store, Asked(), by=TESTER)
    assert abs(datetime.now(UTC) - line.at) < timedelta(minutes=1)
