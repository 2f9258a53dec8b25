"""Whether a reader ever gets what was true before an edit, or what another may see.

Both on a small town of the bench's own, under load: readers ask as fast as they can while somebody
edits, and every answer is looked at.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

import data.accounts
import data.db
import data.sign_in
from data.accounts import Charged
from gis.access import Role

READERS = 8
_MARK = re.compile(rb"fresh-(\d{6})")
_RENAME = """UPDATE grid_cell SET name = :name WHERE id = (
    SELECT c.id FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id
    WHERE p.state = 'published' ORDER BY c.id LIMIT 1)"""


@dataclass
class Reading:
    """What readers saw, and the number of the last edit that was kept."""

    kept: int = 0
    answers: int = 0
    wrong: int = 0
    unchanged: int = 0
    errors: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


def _reading(base: str, path: str, headers: dict[str, str], told: Reading,
             is_wrong: Callable[[bytes, int], bool], *, conditional: bool) -> None:  # fmt: skip
    where = urlsplit(base)
    line = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=60)
    held, body = "", b""
    while not told.ended.is_set():
        before = told.kept
        line.request("GET", path, headers=headers | ({"If-None-Match": held} if held else {}))
        answer = line.getresponse()
        content = answer.read()
        if answer.status == 200:
            body = content
            held = (answer.getheader("ETag") or "") if conditional else ""
        elif answer.status != 304:
            told.errors.append(f"{answer.status} {content[:100]!r}")
        with told.lock:
            told.answers += 1
            told.unchanged += answer.status == 304
            told.wrong += is_wrong(body, before)
    line.close()


def _watched(told: Reading, readers: Sequence[threading.Thread], work: Callable[[], None]) -> None:
    for one in readers:
        one.start()
    try:
        work()
    finally:
        told.ended.set()
        for one in readers:
            one.join()
    if told.errors:
        raise SystemExit(f"a reader was refused: {told.errors[0]}")


def stale(store: sa.Engine, base: str, path: str, *, edits: int) -> Reading:
    """Edit so often what a tile shows; count the answers to questions that were asked after an edit
    was kept and show an older one. Half of the readers ask only whether theirs is still true."""

    def old(body: bytes, kept: int) -> bool:
        found = _MARK.search(body)
        return kept > 0 and (found is None or int(found[1]) < kept)

    def edit() -> None:
        for number in range(1, edits + 1):
            with data.db.transaction(store) as db:
                db.execute(sa.text(_RENAME), {"name": f"fresh-{number:06}"})
                data.db.bump(db, "cells")
            told.kept = number
            if number % 5 == 0:  # now and then there is time to read from the shelf
                time.sleep(0.02)

    told = Reading()
    readers = [
        threading.Thread(target=_reading, args=(base, path, {}, told, old),
                         kwargs={"conditional": place % 2 == 0})
        for place in range(READERS)
    ]  # fmt: skip
    _watched(told, readers, edit)
    return told


_COMMUNITIES = """SELECT c.division_code FROM case_file f JOIN grid_cell c ON c.id = f.cell_id
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 2"""


def leaks(store: sa.Engine, base: str, path: str, *, edits: int) -> Reading:
    """Two viewers with a community each, and anybody, ask the same tile; count the answers that are
    not exactly the asker's own, which were fetched before anybody else asked."""
    viewers = [{}, *({"Authorization": f"Bearer {one}"} for one in _tokens(store))]
    own = []
    for headers in viewers:
        _bump(store)
        own.append(_once(base, path, headers))
    if len(set(own)) != len(own):
        raise SystemExit("the viewers see the same: nothing could leak")

    def renew() -> None:
        for _ in range(edits):
            _bump(store)
            time.sleep(0.03)

    told = Reading()
    readers = [
        threading.Thread(
            target=_reading,
            args=(base, path, viewers[place % 3], told,
                  lambda body, _, mine=own[place % 3]: body != mine),
            kwargs={"conditional": place % 2 == 0},
        )
        for place in range(READERS + 1)
    ]  # fmt: skip
    _watched(told, readers, renew)
    return told


def _tokens(store: sa.Engine) -> list[str]:
    tokens = []
    with data.db.transaction(store) as db:
        for number, code in enumerate(db.scalars(sa.text(_COMMUNITIES)).all()):
            login = f"bench-{number}"
            account = data.accounts.add(db, login, role=Role.DISPATCHER, name=login)
            data.accounts.put_in_charge(db, account, [Charged(division=code)])
            tokens.append(
                data.sign_in.begin(db, account, label="bench", lasts=timedelta(days=1))[1]
            )
    return tokens


def _bump(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        data.db.bump(db, "cells")


def _once(base: str, path: str, headers: dict[str, str]) -> bytes:
    where = urlsplit(base)
    line = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=60)
    line.request("GET", path, headers=headers)
    content = line.getresponse().read()
    line.close()
    return content
