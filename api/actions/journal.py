"""日志: looking up who did what, and who saw whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

import data.journal
import data.scope
from data.journal import Line
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput, NotAllowed, NotFound


@dataclass(frozen=True)
class Asked:
    """Which lines are asked for; a person by the resident's number."""

    since: datetime | None = None
    actor: str | None = None
    act: str | None = None
    person: int | None = None
    most: int = 200


def lines(store: sa.Engine, asked: Asked, *, by: Viewer) -> list[Line]:
    """List the latest lines that fit, the latest first.

    Raises:
        NotAllowed: the journal is for auditors and administrators.
    """
    _check(by)
    with data.scope.transaction(store, by, keep=False) as db:
        persons = None if asked.person is None else data.journal.numbers_of(db, asked.person)
        return data.journal.lines(
            db, since=asked.since, actor=asked.actor, act=asked.act, persons=persons,
            most=asked.most,
        )  # fmt: skip


def seen(
    store: sa.Engine, *, number: int | None, id_number: str | None, seal: Seal, by: Viewer,
    now: datetime, days: int,
) -> list[Line]:  # fmt: skip
    """List who saw a person in clear in the last `days`: at what time, and why.

    Raises:
        NotFound: nobody in the register has that id.
        BadInput: neither a number nor an id, or both.
    """
    _check(by)
    if (number is None) == (id_number is None):
        raise BadInput("name the person by number, or by --id-stdin")
    with data.scope.transaction(store, by, keep=False) as db:
        if id_number is not None:
            (index,) = seal.index("id_number", [id_number.strip().upper()])
            assert index is not None
            number = data.journal.number_by_id(db, index)
            if number is None:
                raise NotFound("nobody in the register has this id")
        assert number is not None
        persons = data.journal.numbers_of(db, number)
        return data.journal.seen(db, persons, since=now - timedelta(days=days))


def _check(by: Viewer) -> None:
    if not by.may(Right.JOURNAL):
        raise NotAllowed("the journal is read only by auditors and administrators")
