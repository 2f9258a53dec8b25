"""Large loads: constraints and indexes are taken down while rows pour in, and put up again after.

Building an index once is several times cheaper than growing it row by row. All happens inside
the transaction, so a broken load leaves them as they were; readers of those tables wait meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from gis.terms import Progress, quiet

_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2
"""
_UNIQUE = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'u' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2
"""
_INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = ANY(%s::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    ORDER BY 1
"""


def set_aside(cursor: psycopg.Cursor[Any], tables: Sequence[str]) -> list[str]:
    """Drop foreign keys, unique constraints and indexes of `tables`; say how to put them back."""
    back: list[str] = []
    for query in (_FOREIGN_KEYS, _UNIQUE):
        for table, name, definition in cursor.execute(query, [list(tables)]).fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            back.insert(0, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for name, definition in cursor.execute(_INDEXES, [list(tables)]).fetchall():
        cursor.execute(f"DROP INDEX {name}")
        back.insert(0, definition)
    return back


def restore(cursor: psycopg.Cursor[Any], statements: list[str], progress: Progress = quiet) -> None:
    """Put back what `set_aside` took down."""
    for number, statement in enumerate(statements):
        progress("building indexes", number, len(statements))
        cursor.execute(statement)
