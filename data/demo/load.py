"""Load a demo town into an empty store, inside the caller's transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from sqlalchemy.orm import Session

import data.bulk
import data.case_due
import data.db
import data.demo.accounts
import data.demo.community
import data.grid
import data.intake
import data.locate
import data.members
import data.register_sealed
import data.tiles_outlines
from data.demo import timeline, town
from data.demo.sizes import SIZES
from data.seal import Seal
from gis.errors import BadInput
from gis.terms import Progress, quiet

_PLACED = ("building", "facility", "case_file", "grid_cell", "division", "base_feature")
_PEOPLE = ("dwelling", "household", "resident", "care_recipient", "visit")
_ZONE = timezone(timedelta(hours=8))
"""The clock of the town."""


def load(
    db: Session,
    *,
    seal: Seal,
    size: str = "small",
    seed: int = 2020,
    now: datetime,
    progress: Progress = quiet,
) -> dict[str, int]:
    """Generate a town and load it into an empty store inside the transaction of `db`.

    Returns the number of rows by table; writes the store fact `demo`. Never commits.

    Raises:
        BadInput: no town has that size.
    """
    if size not in SIZES:
        raise BadInput(
            f"no demo town has the size {size!r}; choose one of {', '.join(SIZES)}",
            field="size",
            value=size,
            choices=list(SIZES),
        )
    with data.db.cursor(db) as cursor:
        batches = town.batches(size, seed=seed, now=now.astimezone(_ZONE), progress=progress)
        counts = _load(db, cursor, _sealed(batches, seal), progress)
        data.case_due.begin(db, now=now)
        data.demo.community.add(db, seal=seal, now=now)
        progress("outlines for tiles", 0, None)
        data.tiles_outlines.make_all(db)
        fact = {"size": size, "seed": seed, "counts": counts}
        cursor.execute("INSERT INTO store_fact VALUES ('demo', %s)", [json.dumps(fact)])
        return counts


def _load(
    db: Session,
    cursor: psycopg.Cursor[Any],
    batches: Iterator[town.Batch],
    progress: Progress,
) -> dict[str, int]:
    places, people = (
        data.bulk.set_aside(cursor, _PLACED),
        data.bulk.set_aside(cursor, _PEOPLE),
    )
    counts = _copy_all(cursor, batches)
    data.bulk.restore(cursor, places, progress)
    _settle(cursor, counts)
    timeline.tell(cursor)
    data.grid.number_areas(db)
    # homes are filed through their building, so their own indexes would only be in the way
    data.locate.refile(db, progress=progress)
    timeline.hand_over(cursor)
    data.bulk.restore(cursor, people, progress)
    data.demo.accounts.add(db)
    data.db.bump(db, "base", "divisions", "posts")
    return counts


def _sealed(batches: Iterator[town.Batch], seal: Seal) -> Iterator[town.Batch]:
    """Seal the people of the town as those of a sheet are sealed."""
    for batch in batches:
        if batch.table not in _SEALED:
            yield batch
            continue
        frame = _SEALED[batch.table](batch.rows.to_pandas(), seal)
        yield town.Batch(batch.table, pa.Table.from_pandas(frame, preserve_index=False))


_SEALED = {"resident": data.register_sealed.sealed, "member": data.members.sealed}


def _ahead(batches: Iterator[town.Batch]) -> Iterator[town.Batch]:
    """Make the next batch in a thread while the store takes the last one."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = maker.submit(next, batches, None)
            yield batch


def _copy_all(cursor: psycopg.Cursor[Any], batches: Iterator[town.Batch]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in _ahead(batches):
        counts[batch.table] += data.intake.copy_tables(cursor, batch.table, [batch.rows])
    return dict(counts)


def _settle(cursor: psycopg.Cursor[Any], counts: dict[str, int]) -> None:
    """Let later rows be numbered after ours, and the planner know what there is."""
    for table, count in counts.items():
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, count])
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
