"""责任清单, 班次, 请假, 双报到 from sheets, set-based: add, change, leave.

A sheet names workers, units, divisions and cells by code, units also by name: a name that nobody
has, or two have, refuses its row. A blank never erases what the store has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.intake
import data.members
from data.intake import Outcome, Rows
from data.locate import IN_FORCE
from data.seal import Seal
from gis.terms import RecordKind

_WORKERS = "SELECT code AS told, id FROM worker WHERE code = ANY (:told)"
_UNITS = """
    SELECT told, id FROM network_unit u JOIN unnest(CAST(:told AS text[])) told
        ON u.code = told OR u.name = told
"""
_DIVISIONS = """
    SELECT DISTINCT told, d.code AS id FROM division d JOIN unnest(CAST(:told AS text[])) told
        ON d.code = told OR d.code = rpad(told, 12, '0')
"""
_CELLS = f"SELECT code AS told, id FROM grid_cell WHERE code = ANY (:told) AND {IN_FORCE}"
_CLASSES = """
    SELECT DISTINCT told, told AS id FROM unnest(CAST(:told AS text[])) told
    JOIN case_class c ON c.code = told OR c.major_code = told
"""


@dataclass(frozen=True)
class _Name:
    """A field that names a record: how it is found, and where its number goes."""

    query: str
    column: str
    what: str


_NAMES = {
    "worker": _Name(_WORKERS, "worker_id", "worker 工号"),
    "unit": _Name(_UNITS, "unit_id", "unit 单位"),
    "division": _Name(_DIVISIONS, "division_code", "division 区划"),
    "cell": _Name(_CELLS, "cell_told", "cell in force 网格"),
    "class_code": _Name(_CLASSES, "class_code", "class of the catalogue 类别"),
}


def resolve(db: Session, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put numbers for names; the second answer are the faults of names that do not name one."""
    faults = []
    for field, name in _NAMES.items():
        if field not in frame:
            continue
        told = frame[field].dropna()
        rows = db.execute(sa.text(name.query), {"told": list(told.unique())}).all()
        found = pd.DataFrame(rows, columns=["told", "id"]).groupby("told")["id"].agg(list)
        count = told.map(found.map(len)).fillna(0)
        for wrong, reason in (
            (count == 0, f"there is no {name.what} of that name"),
            (count > 1, f"{name.what}: several have that name; take the code"),
        ):
            at = told.index[wrong]
            lines = {"row": at, "field": field, "value": told.loc[at], "reason": reason}
            faults.append(pd.DataFrame(lines))
        frame = frame.assign(**{name.column: frame[field].map(found.map(lambda ids: ids[0]))})
    return frame, pd.concat(faults) if faults else pd.DataFrame(columns=["row"])


@dataclass(frozen=True)
class _Target:
    """A table that a sheet fills: staged columns with their types, the key, what else is set.

    `values` are expressions over the staged row s, by column.
    """

    table: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    values: Mapping[str, str]
    is_watched: bool = False


_PERIOD = {"valid_from": "date", "valid_to": "date"}
_BEGINS = "coalesce(s.valid_from, '-infinity')"
_TARGETS = {
    RecordKind.RESPONSIBILITIES: _Target(
        "responsibility",
        {
            "kind": "text", "class_code": "text", "division_code": "text", "unit_id": "bigint",
            "side": "text", "rank": "int", **_PERIOD,
        },
        ("kind", "class_code", "division_code", "unit_id", "valid_from"),
        {"valid_from": _BEGINS, "rank": "coalesce(s.rank, 1)"},
        is_watched=True,
    ),
    RecordKind.SHIFTS: _Target(
        "shift",
        {"worker_id": "bigint", "weekday": "int", "starts": "time", "ends": "time", **_PERIOD},
        ("worker_id", "weekday", "starts", "valid_from"),
        {"valid_from": _BEGINS},
    ),
    RecordKind.ABSENCES: _Target(
        "absence",
        {"worker_id": "bigint", "starts_at": "timestamptz", "ends_at": "timestamptz"},
        ("worker_id", "starts_at"),
        {},
    ),
    RecordKind.MEMBERS: _Target(
        "member",
        {
            "code": "text", "unit_id": "bigint", "name_mask": "text", "name_sealed": "bytea",
            "phone_mask": "text", "phone_sealed": "bytea", "skills": "text",
            "area_no": "bigint", "geom": "geometry(Point, 4326)", "cell_id": "bigint",
        },
        ("code",),
        {"skills": "coalesce(string_to_array(s.skills, '、'), '{}')"},
        is_watched=True,
    ),
}  # fmt: skip


def write(db: Session, kind: RecordKind, frame: pd.DataFrame) -> tuple[Outcome, pd.DataFrame]:
    """Write resolved rows of responsibilities, shifts or absences; the faults are of repeats."""
    if kind is RecordKind.SHIFTS:
        frame = frame.assign(weekday=frame["weekday"].map(list)).explode("weekday")
    target = _TARGETS[kind]
    frame = frame.reindex(columns=list(target.types))
    faults = repeats(frame, target.key)
    frame = frame[~frame.index.isin(faults["row"])]
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame, dict(target.types))
        return _upsert(cursor, target, len(frame)), faults


def repeats(frame: pd.DataFrame, key: Iterable[str]) -> pd.DataFrame:
    """Faults for rows that say again what an earlier row says."""
    whole = _joined(frame, key)
    again = whole.duplicated(keep="first").to_numpy()
    first = pd.Series(whole.index, index=whole).groupby(level=0).first()
    reasons = [f"stands already in row {first[one]}" for one in whole[again]]
    lines = {"row": whole.index[again], "field": "", "value": "", "reason": reasons}
    return pd.DataFrame(lines).drop_duplicates("row")


def _joined(frame: pd.DataFrame, columns: Iterable[str]) -> pd.Series:
    """What some columns say, as one text a row."""
    rows = frame[list(columns)].itertuples(index=False, name=None)
    return pd.Series(["\n".join(map(str, row)) for row in rows], frame.index, dtype="str")


def _upsert(cursor: Rows, target: _Target, rows: int) -> Outcome:
    table, columns = target.table, list(target.types)
    told = ", ".join(target.values.get(one, f"s.{one}") for one in columns)
    rest = [one for one in columns if one not in target.key]
    sets = [f"{one} = coalesce(excluded.{one}, {table}.{one})" for one in rest]
    sets += ["changed_at = now()"] if target.is_watched else []
    differs = " OR ".join(
        f"coalesce(excluded.{one}, {table}.{one}) IS DISTINCT FROM {table}.{one}" for one in rest
    )
    cursor.execute(
        f"""
        WITH written AS (
            INSERT INTO {table} ({", ".join(columns)}) SELECT {told} FROM staged s ORDER BY row
            ON CONFLICT ({", ".join(target.key)}) DO UPDATE SET {", ".join(sets)} WHERE {differs}
            RETURNING xmax = 0 AS added
        )
        SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM written
        """
    )
    row = cursor.fetchone()
    assert row is not None
    added, changed = int(str(row[0])), int(str(row[1]))
    return Outcome(added, changed, rows - added - changed)


# Members


def write_members(db: Session, frame: pd.DataFrame, *, seal: Seal) -> tuple[Outcome, pd.DataFrame]:
    """Write resolved rows of members, with geom, cell_id and area_no; the faults are of repeats.

    Who has no code is known by unit, name and phone, through the keyed index of the seal. Who
    brings no coordinates, but a cell, is placed in it.
    """
    frame = _coded(frame.astype(object).where(frame.notna(), None), seal)
    faults = repeats(frame, ("code",))
    frame = _sealed(db, frame[~frame.index.isin(faults["row"])], seal)
    target = _TARGETS[RecordKind.MEMBERS]
    types = {**target.types, "cell_told": "bigint", "times": "text"}
    with data.db.cursor(db) as cursor:
        data.intake.stage(cursor, frame.reindex(columns=list(types)), types)
        cursor.execute(_PLACE_IN_CELL)
        outcome = _upsert(cursor, target, len(frame))
        cursor.execute(_HOURS)
        later = cursor.rowcount
    return Outcome(outcome.added, outcome.changed + later, outcome.unchanged - later), faults


def _coded(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    whole = _joined(frame, [one for one in ("unit_id", "name", "phone") if one in frame])
    made = [f"m-{(index or b'').hex()}" for index in seal.index("member", whole)]
    codes = frame["code"] if "code" in frame else pd.Series(None, index=frame.index, dtype=object)
    return frame.assign(code=codes.where(codes.notna(), pd.Series(made, index=frame.index)))


def _sealed(db: Session, frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Put masks and seals for names and phones; what did not change keeps its seal."""
    query = "SELECT code, name_sealed, phone_sealed FROM member WHERE code = ANY (:codes)"
    rows = db.execute(sa.text(query), {"codes": list(frame["code"])}).mappings()
    known = {row["code"]: row for row in rows}
    told = frame.reindex(columns=[*frame.columns, *({"phone"} - set(frame.columns))])
    sealed = data.members.sealed(told, seal)
    for field in data.members.MASKS:
        for at, code, value in zip(frame.index, frame["code"], told[field], strict=True):
            before = known[code][f"{field}_sealed"] if code in known else None
            if before is not None and seal.open(field, bytes(before)) == value:
                sealed.at[at, f"{field}_sealed"] = "\\x" + bytes(before).hex()
    return sealed


_PLACE_IN_CELL = """
    UPDATE staged s SET geom = ST_PointOnSurface(c.geom), cell_id = c.id, area_no = c.area_no
    FROM grid_cell c WHERE c.id = s.cell_told AND s.geom IS NULL
"""
_HOURS = """
    WITH told AS (
        SELECT m.id AS member_id, split_part(one, ' ', 1)::int AS weekday,
               split_part(split_part(one, ' ', 2), '-', 1)::time AS starts,
               split_part(one, '-', 2)::time AS ends
        FROM staged s JOIN member m ON m.code = s.code, string_to_table(s.times, ';') one
    ),
    gone AS (
        DELETE FROM open_hours h WHERE h.member_id IN (SELECT member_id FROM told)
            AND NOT EXISTS (SELECT FROM told t WHERE (t.member_id, t.weekday, t.starts)
                = (h.member_id, h.weekday, h.starts))
        RETURNING h.member_id
    ),
    come AS (
        INSERT INTO open_hours AS h (member_id, weekday, starts, ends) SELECT * FROM told
        ON CONFLICT (unit_id, member_id, weekday, starts)
            DO UPDATE SET ends = excluded.ends WHERE h.ends <> excluded.ends
        RETURNING member_id
    )
    UPDATE member SET changed_at = now()
    WHERE id IN (SELECT member_id FROM gone UNION SELECT member_id FROM come)
      AND changed_at < now()
"""
"""The times that a sheet tells of somebody are all he has; counts who changed by them alone."""
