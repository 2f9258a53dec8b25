"""演示: the invented town, loaded once into an empty store."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

import data.db
import data.demo
import data.journal
from data.models import StoreFact
from data.seal import Seal
from gis.errors import BadInput, Conflict
from gis.terms import Progress, quiet


def load_once(
    store: sa.Engine, *, seal: Seal, size: str, now: datetime, progress: Progress = quiet
) -> str:
    """Load the town unless it is there; say in a sentence which it was.

    Raises:
        BadInput: unknown size.
        Conflict: the store holds another town, or somebody's own data.
    """
    if size not in data.demo.SIZES:
        raise BadInput(f"--size {size}: choose from {', '.join(data.demo.SIZES)}")
    with data.db.transaction(store) as db:
        fact = db.get(StoreFact, "demo")
        if fact is not None and fact.value["size"] == size:
            return f"the demo town ({size}) is here; nothing was loaded"
        if fact is not None:
            raise Conflict(f"the store holds the demo town {fact.value['size']!r}; "
                           f"say --reset to load {size!r} instead")  # fmt: skip
        if held := _holds(db):
            raise Conflict(
                f"the store holds {held} that are not the demo town's; set WANGGE_HOME to another "
                "folder for the demo, or serve these with: wangge serve"
            )
        from data.demo.load import load

        counts = load(db, seal=seal, size=size, now=now, progress=progress)
        data.journal.write(db, actor="demo", act="load", subject=size, **counts)
    return f"loaded the demo town ({size}): " + ", ".join(f"{n:,} {k}" for k, n in counts.items())


def _holds(db: sa.orm.Session) -> str:
    tables = ("grid_cell", "division", "building", "facility", "case_file", "account")
    counts = {t: db.scalar(sa.text(f"SELECT count(*) FROM {t}")) for t in tables}  # noqa: S608
    return ", ".join(f"{count:,} {table} rows" for table, count in counts.items() if count)


def would_lose(store: sa.Engine) -> str:
    """Say what a reset would delete beside the demo town; empty when nothing."""
    with data.db.transaction(store, keep=False) as db:
        if db.get(StoreFact, "demo") is None:
            return _holds(db)
        query = (
            "SELECT count(*) FROM journal "
            "WHERE act NOT IN ('load', 'join', 'export', 'sign-in', 'sign-out')"
        )
        count = db.scalar(sa.text(query))
        return f"{count:,} imports and other changes" if count else ""


def reset(store: sa.Engine) -> None:
    """Delete everything in the store and make its tables anew."""
    data.db.migrate(store, "base")
    data.db.migrate(store)
