"""What keeps people apart in the database itself, and whether it still stands."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

PROTECTED = (
    "absence", "account", "application", "care_recipient", "case_event", "case_file", "case_photo",
    "cell_care", "cell_lineage", "cell_tally", "charge", "collection", "collection_entry",
    "council", "council_decision", "decision", "dwelling", "facility", "follow_up", "grid_cell",
    "grid_plan", "guide", "household", "journal", "meeting", "member", "named_area",
    "network_unit", "notice", "open311_sent", "open_hours", "plan_edit", "plan_edit_cell", "poll",
    "question", "resident", "resident_change", "resident_merge", "responsibility", "session",
    "sheet", "sheet_row", "shift", "visit", "whistle", "whistle_party", "worker",
)  # fmt: skip
"""Tables with persons, cases, exact numbers or accounts, or of which each has his part to write."""


def ways_around(db: Session) -> list[str]:
    """Tell how the application's role could pass by the row policies; nothing when it cannot."""
    return list(db.scalars(sa.text(_WAYS)))


_WAYS = """
    SELECT 'there is no role wangge_app'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_app')
    UNION ALL SELECT 'wangge_app is a superuser' FROM pg_roles
    WHERE rolname = 'wangge_app' AND rolsuper
    UNION ALL SELECT 'wangge_app has BYPASSRLS' FROM pg_roles
    WHERE rolname = 'wangge_app' AND rolbypassrls
    UNION ALL SELECT 'wangge_app is a member of ' || o.rolname FROM pg_roles a, pg_roles o
    WHERE a.rolname = 'wangge_app' AND o.oid <> a.oid AND NOT a.rolsuper
      AND pg_has_role(a.oid, o.oid, 'MEMBER')
    UNION ALL SELECT 'wangge_app owns ' || c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND pg_get_userbyid(c.relowner) = 'wangge_app'
    UNION ALL SELECT 'wangge_app may ' || lower(act) || ' the journal'
    FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) act
    WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_app')
      AND has_table_privilege('wangge_app', 'journal', act)
"""


def unprotected(db: Session) -> list[str]:
    """List the tables of `PROTECTED` that lack row policies, or have them switched off."""
    return list(db.scalars(sa.text(_UNPROTECTED), {"tables": list(PROTECTED)}))


_UNPROTECTED = """
    SELECT t.name FROM unnest(CAST(:tables AS text[])) t (name)
    WHERE NOT EXISTS (
        SELECT FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.oid = to_regclass('public.' || t.name) AND c.relrowsecurity
          AND p.polcmd IN ('r', '*')
          AND 'wangge_app'::regrole = ANY (p.polroles))
    ORDER BY 1
"""


def overlaps_leakproof(db: Session) -> bool:
    """Whether `&&` is marked so that spatial indexes stay in use beside row policies."""
    return bool(
        db.scalar(
            sa.text(
                "SELECT proleakproof FROM pg_proc WHERE oid = "
                "to_regprocedure('geometry_overlaps(geometry, geometry)')"
            )
        )
    )
