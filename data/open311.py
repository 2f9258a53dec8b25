"""Open311 in the store: keys, jurisdictions, published classes, and cases as others see them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas
from gis.access import EVERYWHERE, Right, Scope, Viewer
from gis.errors import BadInput, NotAllowed, NotFound, TooOften
from gis.open311 import MOST, Asked
from gis.terms import ENDED_STATES

READER = "open311"


@dataclass(frozen=True)
class Key:
    """Who reports by a key, for which jurisdiction ('' is any), how often in an hour."""

    id: int
    label: str
    jurisdiction: str
    per_hour: int


# Jurisdictions


def reader(scope: Scope = EVERYWHERE) -> Viewer:
    """Who looks for those who ask by Open311: he sees the cases, and tells little of them."""
    return Viewer(login=READER, scope=scope, granted=frozenset({Right.CASES}))


_JURISDICTION = """
    SELECT division_code FROM open311_jurisdiction WHERE id = :id
    UNION ALL SELECT code FROM division WHERE code = :padded AND valid_to IS NULL LIMIT 1
"""


def scope_of(db: Session, jurisdiction: str) -> Scope:
    """The areas of a jurisdiction: a name that was given, or the code of a division; '' is all.

    Raises:
        NotFound: it is none.
    """
    if not jurisdiction:
        return EVERYWHERE
    padded = jurisdiction.ljust(12, "0") if data.areas.stem(jurisdiction) else jurisdiction
    values = {"id": jurisdiction, "padded": padded}
    row = db.execute(sa.text(_JURISDICTION), values).first()
    if row is None:
        raise NotFound(
            f"jurisdiction_id {jurisdiction[:80]!r} was not found", field="jurisdiction_id"
        )
    return _scope(row.division_code) if row.division_code else EVERYWHERE


def _scope(division: str) -> Scope:
    stem = data.areas.stem(division)
    if not stem:
        raise NotFound(f"division {division!r} has no digits of the state's", value=division)
    return Scope(int(stem.ljust(12, "0")) * 10**6, int(stem.ljust(12, "9")) * 10**6 + 999_999)


def name_jurisdiction(db: Session, name: str, division: str | None) -> None:
    """Give the city, or a division of it, a name to be asked for by.

    Raises:
        NotFound: no division has that code.
    """
    if division is not None:
        data.areas.held(db, division)
        _scope(division)
    db.execute(
        sa.text(
            "INSERT INTO open311_jurisdiction VALUES (:name, :division) "
            "ON CONFLICT (id) DO UPDATE SET division_code = excluded.division_code"
        ),
        {"name": name, "division": division},
    )


# Keys


def digest(key: str) -> bytes:
    """What is kept of a key; it has 256 bits of chance, so one hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def add_key(db: Session, label: str, *, jurisdiction: str, per_hour: int) -> tuple[int, str]:
    """Make a key; return its number and the key itself, which is told this once.

    Raises:
        NotFound: no such jurisdiction. BadInput: no label.
    """
    if not 0 < len(label.strip()) <= 80 or not label.isprintable():
        raise BadInput(f"{label!r} is no name of an organisation; take 1 to 80 letters")
    scope_of(db, jurisdiction)
    key = f"o311_{secrets.token_urlsafe(32)}"
    number = db.execute(
        sa.text(
            "INSERT INTO open311_key (label, jurisdiction, digest, per_hour) "
            "VALUES (:label, nullif(:jurisdiction, ''), :digest, :per_hour) RETURNING id"
        ),
        {
            "label": label.strip(),
            "jurisdiction": jurisdiction,
            "digest": digest(key),
            "per_hour": per_hour,
        },
    ).scalar_one()
    return int(number), key


def revoke_key(db: Session, number: int) -> str:
    """End a key; return whose it was. What came by it stays.

    Raises:
        NotFound: there is no such key in use.
    """
    label: str | None = db.scalar(
        sa.text(
            "UPDATE open311_key SET revoked_at = now() WHERE id = :id AND revoked_at IS NULL "
            "RETURNING label"
        ),
        {"id": number},
    )
    if label is None:
        raise NotFound(f"no key in use has the number {number}", value=number)
    return label


_KEYS = """
    SELECT k.id, k.label, k.jurisdiction, k.per_hour, k.made_at, k.revoked_at,
           count(s.case_id) AS sent, max(s.at) AS last_at
    FROM open311_key k LEFT JOIN open311_sent s ON s.key_id = k.id GROUP BY k.id ORDER BY k.id
"""


def keys(db: Session) -> list[dict[str, Any]]:
    """List the keys, with how many reports came by each and when the last one."""
    return [dict(row) for row in db.execute(sa.text(_KEYS)).mappings()]


def key_of(db: Session, told: str, *, jurisdiction: str | None = None) -> Key:
    """Find whose key it is, good for `jurisdiction` if one is named.

    Raises:
        NotAllowed: no key of ours, one that was revoked, or one for elsewhere.
    """
    row = db.execute(
        sa.text("SELECT * FROM open311_key_known(:digest)"), {"digest": digest(told)}
    ).first()
    if not told or row is None:
        raise NotAllowed("api_key is missing or not valid", field="api_key")
    if jurisdiction is not None and row.jurisdiction and row.jurisdiction != jurisdiction:
        raise NotAllowed(
            f"this api_key is for jurisdiction_id {row.jurisdiction!r}", field="api_key"
        )
    return Key(row.id, row.label, row.jurisdiction or "", row.per_hour)


_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtext('wangge open311'), CAST(:key AS int))"
"""Reports that come at once by one key would not see each other, and pass its pace."""
_SEND = """
    INSERT INTO open311_sent (case_id, key_id) VALUES (:case, :key)
    ON CONFLICT DO NOTHING
"""
_SENT_OF_LATE = """
    SELECT count(*) FROM open311_sent WHERE key_id = :key AND at > now() - interval '1 hour'
"""


def sent(db: Session, case_id: int, key: Key) -> None:
    """Keep by which key a case came.

    Raises:
        TooOften: more than the key's pace in this hour.
    """
    values = {"case": case_id, "key": key.id}
    db.execute(sa.text(_ONE_BY_ONE), values)
    db.execute(sa.text(_SEND), values)
    if int(db.scalar(sa.text(_SENT_OF_LATE), values) or 0) > key.per_hour:
        raise TooOften(f"this api_key reports at most {key.per_hour:,} times an hour; go on later")


# Published classes


def publish(db: Session, classes: Iterable[tuple[str, str]]) -> None:
    """Tell anybody of the cases of these classes, with their places.

    Raises:
        NotFound: the catalogue has no such class.
    """
    for kind, code in classes:
        values = {"kind": kind, "code": code}
        known = "SELECT 1 FROM case_class WHERE kind = :kind AND code = :code"
        if db.execute(sa.text(known), values).first() is None:
            raise NotFound(f"the catalogue has no class {kind}-{code}", value=f"{kind}-{code}")
        db.execute(
            sa.text("INSERT INTO open311_published VALUES (:kind, :code) ON CONFLICT DO NOTHING"),
            values,
        )


def unpublish(db: Session, classes: Iterable[tuple[str, str]]) -> None:
    """Tell of them no more."""
    for kind, code in classes:
        db.execute(
            sa.text("DELETE FROM open311_published WHERE kind = :kind AND code = :code"),
            {"kind": kind, "code": code},
        )


def published(db: Session) -> list[tuple[str, str]]:
    """The classes whose cases anybody is told of."""
    rows = db.execute(sa.text("SELECT kind, code FROM open311_published ORDER BY kind, code"))
    return [(row.kind, row.code) for row in rows]


# Requests

_IS_PUBLISHED = "(f.kind, f.class_code) IN (SELECT kind, code FROM open311_published)"
_IS_OWN = "EXISTS (SELECT FROM open311_sent s WHERE s.case_id = f.id AND s.key_id = :key)"
_FILTER = """
    f.reported_at BETWEEN :start AND :end
    AND (CAST(:is_open AS boolean) IS NULL OR (f.state <> ALL (:ended)) = :is_open)
    AND (CAST(:services AS text[]) IS NULL OR f.kind || '-' || f.class_code = ANY (:services))
"""
_IN_WINDOW = f"""
    (SELECT one.id, one.reported_at FROM open311_published p CROSS JOIN LATERAL (
        SELECT f.id, f.reported_at FROM case_file f
        WHERE f.kind = p.kind AND f.class_code = p.code AND {_FILTER}
        ORDER BY f.reported_at DESC, f.id DESC LIMIT {MOST}) one)
    UNION
    (SELECT f.id, f.reported_at FROM open311_sent s JOIN case_file f ON f.id = s.case_id
     WHERE s.key_id = :key AND {_FILTER} ORDER BY f.reported_at DESC, f.id DESC LIMIT {MOST})
"""
_OWN_IN_WINDOW = f"""
    SELECT f.id, f.reported_at FROM open311_sent s JOIN case_file f ON f.id = s.case_id
    WHERE s.key_id = :key AND {_FILTER}
"""
_BY_ID = """
    SELECT f.id, f.reported_at FROM case_file f WHERE f.id = ANY (:ids)
"""
_BY_CODE = f"""
    SELECT f.id, f.reported_at FROM case_file f
    WHERE f.code = ANY (:codes) AND ({_IS_PUBLISHED} OR {_IS_OWN})
"""
_TELL = f"""
    WITH wanted AS ({{wanted}})
    SELECT f.id, f.code, f.state, f.kind, f.class_code, f.reported_at, f.due_at, f.closed_at,
           f.overdue_at, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat, u.name AS unit,
           ({_IS_PUBLISHED} OR {_IS_OWN}) AS is_told,
           (SELECT min(k.name) FROM case_class k
            WHERE k.kind = f.kind AND k.code = f.class_code) AS class_name,
           (SELECT max(e.at) FROM case_event e
            WHERE e.case_id = f.id AND e.source IS DISTINCT FROM e.target) AS updated_at,
           CASE WHEN f.desk_code IS NULL THEN c.code END AS cell,
           CASE WHEN f.desk_code IS NULL THEN c.name END AS cell_name
    FROM (SELECT DISTINCT id, reported_at FROM wanted ORDER BY reported_at DESC NULLS LAST, id DESC
          LIMIT {MOST}) w
    JOIN case_file f ON f.id = w.id LEFT JOIN grid_cell c ON c.id = f.cell_id
    LEFT JOIN network_unit u ON u.id = f.unit_id
    ORDER BY f.reported_at DESC NULLS LAST, f.id DESC
"""


def requests(db: Session, wanted: Asked, *, key: Key | None) -> list[dict[str, Any]]:
    """The cases of published classes, and those that came by `key`, newest first."""
    services = [f"{kind}-{code}" for kind, code in wanted.services]
    values = {
        "key": key.id if key else 0,
        "start": wanted.start,
        "end": wanted.end,
        "is_open": wanted.is_open,
        "ended": [str(state) for state in ENDED_STATES],
        "services": services or None,
    }
    source = _IN_WINDOW if published(db) else _OWN_IN_WINDOW
    rows = db.execute(sa.text(_TELL.format(wanted=source)), values)
    return [dict(row) for row in rows.mappings()]


def named(
    db: Session, ids: Sequence[int], codes: Sequence[str], *, key: Key | None
) -> list[dict[str, Any]]:
    """The cases with these numbers, and those with these codes where anybody, or `key`, is told."""
    values = {"key": key.id if key else 0, "ids": list(ids), "codes": list(codes)}
    rows = db.execute(sa.text(_TELL.format(wanted=f"{_BY_ID} UNION {_BY_CODE}")), values)
    return [dict(row) for row in rows.mappings()]


_BUILDING = """
    SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat, address FROM building WHERE code = :code
"""


def address(db: Session, code: str) -> sa.RowMapping:
    """Where a building stands, by its code.

    Raises:
        NotFound: no building has it.
    """
    row = db.execute(sa.text(_BUILDING), {"code": code}).mappings().one_or_none()
    if row is None:
        raise NotFound(f"address_id {code[:80]!r} was not found", field="address_id")
    return row
