"""Who is it? The rows of a staged sheet compared with the register, set-based.

By the id first; without one by name, birth and dwelling, and such a match changes nothing by
itself. Of a person known by the id, the value told later stands; what an older sheet says
otherwise, and what a row without an id says otherwise, waits for a decision. A blank says nothing.
"""

from __future__ import annotations

from typing import Any

from data.intake import Rows
from data.register_edit import ELSEWHERE
from data.register_home import ADDRESS, OF_HOME
from data.seal import Seal
from gis.errors import Conflict

PREPARE = """
    ALTER TABLE staged ADD building_id bigint, ADD dwelling_id bigint, ADD household_id bigint,
        ADD resident_id bigint, ADD version int, ADD by_id boolean NOT NULL DEFAULT false,
        ADD same_home boolean NOT NULL DEFAULT false, ADD is_new boolean NOT NULL DEFAULT false,
        ADD goes_in boolean NOT NULL DEFAULT false, ADD stays boolean NOT NULL DEFAULT false,
        ADD waits boolean NOT NULL DEFAULT false, ADD moved boolean NOT NULL DEFAULT false,
        ADD refused_field text, ADD refusal text;
    DROP TABLE IF EXISTS differs;
    CREATE TEMP TABLE differs (
        row int, resident_id bigint, field text, old_shown text, new_shown text,
        old_sealed bytea, new_sealed bytea, old_plain text, new_plain text,
        applies boolean, twice boolean NOT NULL DEFAULT false
    ) ON COMMIT DROP;
    SELECT pg_advisory_xact_lock(hashtext('wangge register'));
"""

# By the id

_BY_ID = """
    UPDATE staged s SET resident_id = r.id, version = r.version, by_id = true
    FROM resident r WHERE r.id_index = s.id_index AND s.twice_of IS NULL;
    ANALYZE staged;
    UPDATE staged s SET
        dwelling = CASE WHEN s.dwelling_told THEN s.dwelling ELSE d.number END,
        household = CASE WHEN s.household_told THEN s.household
                         WHEN NOT s.dwelling_told OR s.dwelling = d.number THEN h.number
                         ELSE s.household END
    FROM resident r JOIN household h ON h.id = r.household_id
                    JOIN dwelling d ON d.id = h.dwelling_id
    WHERE s.by_id AND r.id = s.resident_id AND d.building_id = s.building_id;
    UPDATE staged s SET same_home = true, household_id = h.id
    FROM resident r JOIN household h ON h.id = r.household_id
                    JOIN dwelling d ON d.id = h.dwelling_id
    WHERE s.by_id AND r.id = s.resident_id AND d.building_id = s.building_id
      AND d.number = s.dwelling AND h.number = s.household;
"""
_ELSEWHERE = """
    UPDATE staged s SET refused_field = 'id_number', refusal = %(elsewhere)s
    WHERE s.resident_id IS NULL AND s.twice_of IS NULL AND s.id_index IN (SELECT ids_taken(ARRAY(
        SELECT id_index FROM staged
        WHERE resident_id IS NULL AND twice_of IS NULL AND id_index IS NOT NULL)))
"""
_OUTSIDE = """
    UPDATE staged s SET refused_field = 'address', refusal =
        CASE WHEN w.area_no = 0 THEN 'no cell holds this address, so it is in nobody''s charge: '
            'bring its building first, or give coordinates'
             ELSE 'this address lies outside your charge' END
    FROM (SELECT x.row, CASE WHEN x.geom IS NULL THEN coalesce(c.area_no, 0)
                             ELSE x.area_no END AS area_no
          FROM staged x LEFT JOIN building b ON b.id = x.building_id
                        LEFT JOIN grid_cell c ON c.id = b.cell_id) w
    WHERE w.row = s.row AND s.refusal IS NULL AND (NOT s.same_home OR s.geom IS NOT NULL)
      AND NOT (w.area_no BETWEEN %(low)s AND %(high)s
               AND (%(areas)s::bigint[] IS NULL OR w.area_no = ANY (%(areas)s::bigint[])))
"""
_AS_THE_FIRST = """
    UPDATE staged s SET refused_field = f.refused_field, refusal = f.refusal
    FROM staged f WHERE f.row = s.twice_of AND f.refusal IS NOT NULL AND s.refusal IS NULL
"""


def recognise(cursor: Rows, told: dict[str, Any]) -> None:
    """Find by the id who is in the register; refuse whom the bringer is not in charge of."""
    cursor.execute(_BY_ID)
    if not told["sees_all"]:
        cursor.execute(_ELSEWHERE, {"elsewhere": ELSEWHERE})
        cursor.execute(_OUTSIDE, told)
    cursor.execute(_AS_THE_FIRST)


# Without an id: by name, birth and dwelling. Of several the one that fits best.

_BY_NAME = """
    WITH fits AS (
        SELECT DISTINCT ON (s.row) s.row, r.id, r.version, h.id AS household_id,
               h.number = s.household AS same_home, h.number
        FROM staged s JOIN household h ON h.dwelling_id = s.dwelling_id
                      JOIN resident r ON r.household_id = h.id AND r.name_index = s.name_index
        WHERE s.resident_id IS NULL AND s.refusal IS NULL AND s.twice_of IS NULL
          AND (r.birth_date = s.birth_date OR r.birth_date IS NULL OR s.birth_date IS NULL)
          AND (r.id_index IS NULL OR s.id_index IS NULL)
        ORDER BY s.row, (s.household_told AND h.number <> s.household)::int
                 + (s.birth_date IS NOT NULL AND r.birth_date IS DISTINCT FROM s.birth_date)::int
                 + (s.phone_index IS NOT NULL AND r.phone_index IS DISTINCT FROM s.phone_index)::int
                 + (s.sex IS NOT NULL AND r.sex IS DISTINCT FROM s.sex)::int
                 + (s.relation IS NOT NULL AND r.relation IS DISTINCT FROM s.relation)::int
                 + (s.id_index IS NOT NULL)::int, h.number <> s.household, r.id
    )
    UPDATE staged s SET resident_id = f.id, version = f.version,
        same_home = f.same_home OR NOT s.household_told,
        household_id = CASE WHEN f.same_home OR NOT s.household_told THEN f.household_id END,
        household = CASE WHEN s.household_told THEN s.household ELSE f.number END
    FROM fits f WHERE f.row = s.row
"""


def match_names(cursor: Rows) -> None:
    """Find who without an id is somebody of the same name and birth in the same dwelling."""
    cursor.execute(_BY_NAME)


# What the sheet says otherwise

_SEALED = ("name", "id", "phone")
_PLAIN = ("sex", "relation", "residence", "floating", "floating_since", "floating_until")
_NAMES = {"id": "id_number"}
_VALUES = ", ".join(
    [
        f"('{_NAMES.get(stem, stem)}', r.{stem}_mask, s.{stem}_mask, r.{stem}_sealed, "
        f"s.{stem}_sealed, NULL, NULL, r.{stem}_index IS NULL, "
        f"s.{stem}_index IS NOT NULL AND r.{stem}_index IS DISTINCT FROM s.{stem}_index)"
        for stem in _SEALED
    ]
    + [
        f"('{name}', r.{name}::text, s.{name}::text, NULL, NULL, NULL, NULL, r.{name} IS NULL, "
        f"s.{name} IS NOT NULL AND r.{name} IS DISTINCT FROM s.{name})"
        for name in _PLAIN
    ]
    + [
        "('birth_date', to_char(r.birth_date, 'YYYY') || '-**-**', "
        "to_char(s.birth_date, 'YYYY') || '-**-**', NULL, NULL, r.birth_date::text, "
        "s.birth_date::text, r.birth_date IS NULL, "
        "s.birth_date IS NOT NULL AND r.birth_date IS DISTINCT FROM s.birth_date)",
        f"('household', (SELECT {ADDRESS} FROM {OF_HOME} WHERE h.id = r.household_id), "
        "concat_ws(' ', coalesce(s.address, s.building_code), s.dwelling, "
        "nullif(s.household, '1')), NULL, NULL, NULL, NULL, false, NOT s.same_home)",
    ]
)
_INDEXES = ("name_index", "id_index", "phone_index", "birth_date", *_PLAIN)
_COMPARE = f"""
    INSERT INTO differs
    SELECT s.row, r.id, f.field, f.old_shown, f.new_shown, f.old_sealed, f.new_sealed,
           f.old_plain, f.new_plain,
           NOT {{twice}} AND s.by_id AND (f.was_blank
               OR %(told)s > coalesce((r.told ->> f.field)::timestamptz, r.told_at)),
           {{twice}}
    FROM staged s JOIN resident r ON r.id = s.resident_id, LATERAL (VALUES {_VALUES})
        f (field, old_shown, new_shown, old_sealed, new_sealed, old_plain, new_plain, was_blank,
           differs)
    WHERE s.refusal IS NULL AND (s.twice_of IS NOT NULL) = {{twice}} AND f.differs
      AND (NOT s.same_home OR ({", ".join(f"r.{name}" for name in _INDEXES)}) IS DISTINCT FROM
           ({", ".join(f"coalesce(s.{name}, r.{name})" for name in _INDEXES)}))
"""
_STATES = """
    ANALYZE differs;
    UPDATE staged s SET is_new = true, goes_in = true
    WHERE s.resident_id IS NULL AND s.refusal IS NULL AND s.twice_of IS NULL;
    UPDATE staged s SET goes_in = true FROM differs d
    WHERE d.row = s.row AND d.field = 'household' AND d.applies;
    UPDATE staged s SET waits = true FROM differs d WHERE d.row = s.row AND NOT d.applies;
    UPDATE staged s SET stays = true
    WHERE s.refusal IS NULL AND s.twice_of IS NULL AND NOT s.waits;
"""


def compare(cursor: Rows, told: dict[str, Any]) -> None:
    """List what differs, field by field, and whether it applies: told later, or blank before."""
    cursor.execute(_COMPARE.format(twice="false"), told)
    cursor.execute(_STATES)


# Writing

_SETS = ", ".join(
    f"{column} = CASE WHEN '{field}' = ANY (a.fields) THEN s.{column} ELSE r.{column} END"
    for field, columns in {
        **{_NAMES.get(stem, stem): [f"{stem}_{part}" for part in ("mask", "index", "sealed")]
           for stem in _SEALED},
        **{name: [name] for name in (*_PLAIN, "birth_date")},
        "household": ["household_id"],
    }.items()
    for column in columns
)  # fmt: skip
_CHANGE = f"""
    WITH a AS (
        SELECT row, array_agg(field) AS fields, jsonb_object_agg(field, %(told)s::text) AS told
        FROM differs WHERE applies GROUP BY row
    )
    UPDATE resident r SET {_SETS}, area_no = h.area_no, told = r.told || a.told,
        version = r.version + 1, changed_at = now()
    FROM a JOIN staged s USING (row), household h
    WHERE h.id = CASE WHEN 'household' = ANY (a.fields) THEN s.household_id
                      ELSE r.household_id END
      AND r.id = s.resident_id AND r.version = s.version AND s.refusal IS NULL RETURNING s.row
"""
_ADD = """
    INSERT INTO resident
        (household_id, area_no, name_mask, name_index, name_sealed, id_mask, id_index, id_sealed,
         phone_mask, phone_index, phone_sealed, sex, birth_date, relation, residence, floating,
         floating_since, floating_until, told_at)
    SELECT s.household_id, h.area_no, name_mask, name_index, name_sealed, id_mask, id_index,
           id_sealed, phone_mask, phone_index, phone_sealed, sex, birth_date, relation, residence,
           coalesce(floating, false), floating_since, floating_until, %(told)s
    FROM staged s JOIN household h ON h.id = s.household_id
    WHERE is_new AND refusal IS NULL ORDER BY row
"""
_HISTORY = """
    INSERT INTO resident_change (resident_id, field, old_shown, new_shown, old_sealed, new_sealed,
                                 act, told_at, actor, sheet_id)
    SELECT d.resident_id, d.field, d.old_shown, d.new_shown, d.old_sealed, d.new_sealed,
           'import', %(told)s, %(actor)s, %(sheet)s
    FROM differs d JOIN staged s USING (row) WHERE d.applies AND s.refusal IS NULL
    ORDER BY d.row, d.field
"""
_CONFIRMED = ", ".join(
    f"('{field}', s.{column} IS NOT NULL)"
    for field, column in {
        **{_NAMES.get(stem, stem): f"{stem}_index" for stem in _SEALED},
        **{name: name for name in (*_PLAIN, "birth_date")},
        "household": "household_id",
    }.items()
)
_CONFIRM = f"""
    UPDATE resident r SET told = r.told || (
        SELECT coalesce(jsonb_object_agg(f.field, %(told)s::text), '{{}}')
        FROM (VALUES {_CONFIRMED}) f (field, said)
        WHERE f.said AND %(told)s > coalesce((r.told ->> f.field)::timestamptz, r.told_at)
          AND f.field <> ALL (coalesce(d.fields, '{{}}')))
    FROM staged s
    LEFT JOIN (SELECT row, array_agg(field) AS fields FROM differs GROUP BY row) d USING (row)
    WHERE s.by_id AND s.refusal IS NULL AND r.id = s.resident_id
      AND %(told)s::date > coalesce((r.told ->> 'id_number')::timestamptz, r.told_at)::date
"""
"""What a later sheet says again is told later; to the day, or each import would write each row."""


def write(cursor: Rows, seal: Seal, told: dict[str, Any]) -> list[int]:
    """Change what applies, with its history, and add who is new; return the rows that changed.

    Raises:
        Conflict: somebody changed one of these people since they were compared.
    """
    _seal_births(cursor, seal)
    expected = cursor.execute(
        "SELECT count(DISTINCT row) FROM differs d JOIN staged s USING (row) "
        "WHERE d.applies AND s.refusal IS NULL"
    ).fetchone()
    changed = [int(str(row[0])) for row in cursor.execute(_CHANGE, told).fetchall()]
    if expected is None or len(changed) != expected[0]:
        raise Conflict(
            "somebody changed one of these people at this moment; nothing was written: bring the "
            "sheet again"
        )
    cursor.execute(_HISTORY, told)
    cursor.execute(_CONFIRM, told)
    cursor.execute(_ADD, told)
    _compare_twice(cursor, told)
    return changed


_BIRTHS = """
    SELECT row, old_plain, new_plain FROM differs WHERE field = 'birth_date' AND applies
"""
_KEEP_BIRTHS = """
    UPDATE differs d SET old_sealed = b.old, new_sealed = b.new
    FROM unnest(%(rows)s::int[], %(old)s::bytea[], %(new)s::bytea[]) b (row, old, new)
    WHERE d.row = b.row AND d.field = 'birth_date'
"""


def _seal_births(cursor: Rows, seal: Seal) -> None:
    found: list[Any] = cursor.execute(_BIRTHS).fetchall()
    if found:
        rows, old, new = zip(*found, strict=True)
        sealed = {"old": seal.seal("birth_date", old), "new": seal.seal("birth_date", new)}
        cursor.execute(_KEEP_BIRTHS, {"rows": list(rows), **sealed})


# Rows that stand a second time in the sheet, compared with what the first one left

_TWICE = """
    UPDATE staged s SET resident_id = r.id, version = r.version, same_home =
        coalesce(h.number = s.household AND d.number = s.dwelling
                 AND d.building_id = s.building_id, false)
    FROM staged f, resident r JOIN household h ON h.id = r.household_id
                              JOIN dwelling d ON d.id = h.dwelling_id
    WHERE f.row = s.twice_of AND s.refusal IS NULL
      AND CASE WHEN f.resident_id IS NOT NULL THEN r.id = f.resident_id
               WHEN f.id_index IS NOT NULL THEN r.id_index = f.id_index
               ELSE r.household_id = f.household_id AND r.name_index = f.name_index
                    AND r.birth_date IS NOT DISTINCT FROM f.birth_date END
"""


def _compare_twice(cursor: Rows, told: dict[str, Any]) -> None:
    found = cursor.execute("SELECT 1 FROM staged WHERE twice_of IS NOT NULL LIMIT 1").fetchone()
    if found is None:
        return
    cursor.execute(_AS_THE_FIRST)
    cursor.execute(_TWICE)
    cursor.execute(_COMPARE.format(twice="true"), told)
    cursor.execute(
        "UPDATE staged s SET waits = true FROM differs d WHERE d.row = s.row AND d.twice"
    )
