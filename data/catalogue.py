"""类别目录 in the store: classes with their conditions; a city's own are written from a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.intake
import gis.catalogue
from data.intake import Outcome, Target
from gis.case_clock import Limit
from gis.catalogue import Basis, CaseClass, Condition
from gis.terms import ClassKind, Clock, UnitKind

# Looking

_CLASSES = """
    SELECT c.id, c.system, c.kind, c.code, c.name, c.major_code, c.major_name, c.is_local, c.skills,
           coalesce((
               SELECT jsonb_agg(jsonb_build_object(
                   'id', n.id, 'number', n.number, 'filing', n.filing, 'amount', n.amount,
                   'clock', n.clock, 'closing', n.closing, 'unit_kinds', n.unit_kinds,
                   'basis', n.basis) ORDER BY n.number)
               FROM case_condition n WHERE n.class_id = c.id), '[]') AS conditions
    FROM case_class c
"""
_ORDER = " ORDER BY c.system, c.kind, c.code"


def classes(
    db: Session, *, code: str | None = None, kind: str | None = None, system: str | None = None
) -> list[CaseClass]:
    """List the classes with their conditions: all, or those of a code, kind or system."""
    query = f"""{_CLASSES} WHERE (CAST(:code AS text) IS NULL OR c.code = :code)
        AND (CAST(:kind AS text) IS NULL OR c.kind = :kind)
        AND (CAST(:system AS text) IS NULL OR c.system = :system) {_ORDER}"""
    told = {"code": code, "kind": kind, "system": system}
    return [_class(row) for row in db.execute(sa.text(query), told).mappings()]


def _class(row: sa.RowMapping) -> CaseClass:
    return CaseClass(
        **{name: row[name] for name in ("id", "system", "code", "name", "major_code", "major_name",
                                        "is_local")},
        kind=ClassKind(row["kind"]),
        skills=tuple(row["skills"]),
        conditions=tuple(map(_condition, row["conditions"])),
    )  # fmt: skip


def _condition(told: dict[str, Any]) -> Condition:
    return Condition(
        told["id"],
        told["number"],
        told["filing"],
        Limit(told["amount"], Clock(told["clock"])),
        told["closing"],
        tuple(map(UnitKind, told["unit_kinds"])),
        Basis(told["basis"]),
    )


_VERSION = "SELECT coalesce(max(version), 0) FROM data_version WHERE layer = 'catalogue'"


async def version(connection: psycopg.AsyncConnection[Any]) -> int:
    """How often the catalogue has changed."""
    row = await (await connection.execute(_VERSION)).fetchone()
    return int(row[0]) if row else 0


async def as_json(connection: psycopg.AsyncConnection[Any]) -> bytes:
    """All classes with their conditions as the bytes of a JSON array."""
    query = f"SELECT coalesce(jsonb_agg(to_jsonb(one)), '[]')::text FROM ({_CLASSES} {_ORDER}) one"
    row = await (await connection.execute(query)).fetchone()
    return str(row[0]).encode() if row else b"[]"


# Writing

_LIST = "text[]"
CLASSES = Target(
    "case_class",
    ("system", "kind", "code"),
    {**dict.fromkeys(("system", "kind", "code", "name", "major_code", "major_name"), "text"),
     "skills": _LIST},
    {"skills": "{}"},
)  # fmt: skip
CONDITIONS = Target(
    "case_condition",
    ("class_id", "number"),
    {
        "class_id": "bigint", "number": "int", "filing": "text", "amount": "float8",
        "clock": "text", "closing": "text", "unit_kinds": _LIST, "basis": "text",
    },
    {"unit_kinds": "{}"},
)  # fmt: skip


def write(db: Session, frame: pd.DataFrame) -> tuple[Outcome, Outcome]:
    """Write the rows of a checked sheet; tell what became of its classes and of its conditions.

    A class that the store has not comes with its conditions; what a row says otherwise is changed.
    """
    skills, unit_kinds = map(_as_array, (frame["skills"], frame["unit_kinds"]))
    frame = frame.assign(skills=skills, unit_kinds=unit_kinds, place=range(len(frame)))
    key = list(CLASSES.key)
    each = frame.groupby(key, sort=False).first().reset_index()
    of_classes = data.intake.write(db, CLASSES, each)
    ids = _ids(db, each)
    frame = frame.merge(ids, on=key).sort_values("place")
    frame["number"] = gis.catalogue.numbered(frame, _known(db, ids["class_id"].tolist()))
    of_conditions = data.intake.write(db, CONDITIONS, frame)
    _judge_local(db, each["system"].unique().tolist())
    if of_classes.added + of_classes.changed + of_conditions.added + of_conditions.changed:
        data.db.bump(db, "catalogue")
    return of_classes, of_conditions


def _as_array(values: pd.Series) -> pd.Series:
    """Values between 、 as the text of an array; missing stays missing."""
    quoted = values.str.replace(r'(["\\])', r"\\\1", regex=True).str.replace("、", '","')
    return ('{"' + quoted + '"}').astype("str")


def _ids(db: Session, keys: pd.DataFrame) -> pd.DataFrame:
    query = """
        SELECT c.system, c.kind, c.code, c.id AS class_id FROM case_class c
        JOIN unnest(CAST(:system AS text[]), CAST(:kind AS text[]), CAST(:code AS text[]))
             AS told (system, kind, code) USING (system, kind, code)
    """
    rows = db.execute(
        sa.text(query), {name: keys[name].tolist() for name in CLASSES.key}
    ).mappings()
    return pd.DataFrame([dict(row) for row in rows])


def _known(db: Session, ids: Sequence[int]) -> dict[tuple[int, str], int]:
    query = "SELECT class_id, filing, number FROM case_condition WHERE class_id = ANY(:ids)"
    rows = db.execute(sa.text(query), {"ids": list(ids)})
    return {(row.class_id, row.filing): row.number for row in rows}


def _judge_local(db: Session, systems: Sequence[str]) -> None:
    """Mark the classes that count down from 99 in their major."""
    query = "SELECT system, kind, array_agg(code) AS codes FROM case_class WHERE system = ANY(:s)"
    groups = db.execute(sa.text(f"{query} GROUP BY system, kind"), {"s": list(systems)}).all()
    mark = """
        UPDATE case_class SET is_local = (code = ANY(:local))
        WHERE system = :system AND kind = :kind AND is_local <> (code = ANY(:local))
    """
    for group in groups:
        local = sorted(gis.catalogue.local_codes(group.codes))
        db.execute(sa.text(mark), {"local": local, "system": group.system, "kind": group.kind})
