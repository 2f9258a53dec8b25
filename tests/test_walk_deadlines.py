"""Time beside wangge serve: it begins when the pages answer, lives as long, and does each thing."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import keyboard
import psutil
import pytest
import sqlalchemy as sa
from town import TESTER, at, place

import data.cases
import data.db
import data.scope
from gis.cases import Said
from gis.terms import Move

WANGGE = str(Path(sys.executable).with_name("wangge"))


def wait_until(is_so: Callable[[], object]) -> bool:
    deadline = time.monotonic() + 60
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(is_so())


def environment(url: str, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    return kept | own_settings(url, home)


def own_settings(url: str, home: Path) -> dict[str, str]:
    key = base64.b64encode(bytes(range(32))).decode()
    return {"WANGGE_DATABASE_URL": url, "WANGGE_HOME": str(home), "WANGGE_REGISTER_KEY": key}


@pytest.fixture
def wangge(empty_url: str, tmp_path: Path) -> Callable[..., list[str]]:
    """Run a command over the store; return its lines."""

    def run(*words: str) -> list[str]:
        done = keyboard.wangge(*words, folder=tmp_path, **own_settings(empty_url, tmp_path))
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


@pytest.fixture
def served(empty_url: str, tmp_path: Path) -> Iterator[psutil.Process]:
    """`wangge serve` over the store, once it says ready."""
    with subprocess.Popen(
        [WANGGE, "serve", "--port", "0"], env=environment(empty_url, tmp_path),
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        yield psutil.Process(process.pid)
        if process.poll() is None:
            process.terminate()


def worker_of(served: psutil.Process) -> psutil.Process | None:
    for child in served.children():
        with suppress(psutil.Error):  # it may have ended just now
            if "api.climbing" in child.cmdline():
                return child
    return None


def worker(served: psutil.Process) -> psutil.Process:
    assert wait_until(lambda: worker_of(served))
    found = worker_of(served)
    assert found is not None
    return found


def report(store: sa.Engine, code: str, *, ago: timedelta) -> None:
    """A case that was filed so long ago, and has waited for its dispatch since."""
    with data.scope.transaction(store, TESTER) as db:
        place(db, "case_file", {code: at(0.5, 0.5)}, title="积水")
        for line in (
            "INSERT INTO case_class (id, system, kind, code, name, major_code, major_name)"
            " VALUES (9001, 'x', 'event', '9501', '供水管道破裂', '95', '突发事件')"
            " ON CONFLICT DO NOTHING",
            "INSERT INTO case_condition (id, class_id, number, filing, amount, clock, closing)"
            " VALUES (9001, 9001, 1, '喷水', 4, 'work_hour', '修复') ON CONFLICT DO NOTHING",
        ):
            db.execute(sa.text(line))
        case = data.cases.locked(db, code)
        said = Said(condition=9001)
        data.cases.move(db, case, Move.FILE, said, by=TESTER, now=datetime.now(UTC) - ago)


def told(store: sa.Engine, code: str) -> list[str]:
    with data.db.transaction(store) as db:
        query = (
            "SELECT e.move FROM case_event e JOIN case_file f ON f.id = e.case_id"
            " WHERE f.code = :code AND e.actor = 'clock' ORDER BY e.id"
        )
        return list(db.scalars(sa.text(query), {"code": code}))


def test_time_works_beside_the_pages_and_ends_with_them(
    store: sa.Engine, served: psutil.Process
) -> None:
    report(store, "c-1", ago=timedelta(minutes=16))
    assert wait_until(lambda: len(told(store, "c-1")) == 3)
    child = worker(served)
    child.kill()
    assert wait_until(lambda: (now := worker_of(served)) is not None and now.pid != child.pid)
    report(store, "c-2", ago=timedelta(hours=1))
    assert wait_until(lambda: len(told(store, "c-2")) == 5)
    child = worker(served)
    served.terminate()
    served.wait(timeout=30)
    assert not child.is_running()
    assert told(store, "c-1") == ["warn", "overdue", "escalate"]


def test_time_ends_also_when_the_pages_are_killed(served: psutil.Process) -> None:
    child = worker(served)
    served.kill()
    assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_time_by_the_command_line(store: sa.Engine, wangge: Callable[..., list[str]]) -> None:
    assert wangge("deadlines", "run", "--once") == ["nothing was due"]
    assert wangge("deadlines", "show") == ["no case waits for its time"]
    report(store, "c-1", ago=timedelta(minutes=16))
    (line,) = wangge("deadlines", "show")
    assert line.split("\t")[1:] == ["c-1", "临期预警 warn 派遣 dispatch", "供水管道破裂"]
    assert wangge("deadlines", "run", "--once") == [
        "临期预警 warn 1, 超期 overdue 1, 升级上报 escalate 1"
    ]
    assert told(store, "c-1") == ["warn", "overdue", "escalate"]


def test_a_deadline_in_words(wangge: Callable[..., list[str]]) -> None:
    words = ["deadlines", "due", "--limit", "4", "--clock", "work_hour", "--start"]
    assert wangge(*words, "2026-05-08 16:00") == [
        "2026-05-08 Fri 16:00\t4 工作时 work_hour",
        "2026-05-09 Sat 09:12\t临期预警 warn",
        "2026-05-09 Sat 10:00\t超期 overdue",
        "2026-05-09 Sat 10:00\t升级上报 escalate → 社区（村） village",
        "2026-05-09 Sat 12:00\t升级上报 escalate → 街道（乡镇） township",
        "2026-05-09 Sat 16:00\t升级上报 escalate → 区县 county",
    ]
    assert wangge(*words, "2028-05-08 16:00")[-1].startswith("the holidays of 2028 are not listed")
