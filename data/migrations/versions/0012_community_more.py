"""社区云: staff of a community keep its facilities right; a page is published once.

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


def in_scope(area: str) -> str:
    """Whether an area number lies in the viewer's part of the city."""
    return f"""coalesce({area} BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
        AND ({setting("areas", "text")} IS NULL OR {area} = ANY ({setting("areas", "int8[]")})),
        false)"""


# As before, but the argument by its number: a column of its name would go before it
IN_CHARGE = f"""
CREATE OR REPLACE FUNCTION in_charge(area bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT current_user <> 'wangge_app' OR {in_scope("$1")} OR coalesce((
        SELECT bool_and({in_scope("c.area_no")})
        FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
        WHERE $1 > 0 AND c.area_no BETWEEN $1 + 1 AND $1 + 999999
          AND (c.valid_from IS NULL OR c.valid_from <= current_date)
          AND (c.valid_to IS NULL OR c.valid_to > current_date)), false)
$$;
"""

# The store's owner is in charge of all. A set, not a question per row: a query hashes it once
CHARGE = f"""
CREATE FUNCTION cells_in_charge() RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT c.id FROM grid_cell c
    WHERE current_user <> 'wangge_app' OR {in_scope("c.area_no")}
$$;
REVOKE EXECUTE ON FUNCTION cells_in_charge() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cells_in_charge() TO wangge_app;
"""

# Everybody reads facilities; what staff may tell of one is neither its place nor its code
EDITS = f"""cell_id IN (SELECT cells_in_charge()) AND {right("community")}"""
FACILITIES = f"""
ALTER TABLE facility ENABLE ROW LEVEL SECURITY;
CREATE POLICY may_select ON facility FOR SELECT TO wangge_app USING (true);
CREATE POLICY may_update ON facility FOR UPDATE TO wangge_app USING ({EDITS}) WITH CHECK ({EDITS});
REVOKE INSERT, UPDATE ON facility FROM wangge_app;
GRANT UPDATE (name, category, address, phone, hours, valid_to, changed_at) ON facility
    TO wangge_app;
"""

PAGES = ("notice", "guide", "poll", "council", "council_decision")
ONCE = "".join(
    f"ALTER TABLE {page} ADD request_id TEXT, ADD UNIQUE (request_id);\n" for page in PAGES
)

# The few rows whose contacts are still kept
CONTACTS = "".join(
    f"CREATE INDEX {table}_contact ON {table} (due_at)"
    " WHERE name_sealed IS NOT NULL OR phone_sealed IS NOT NULL;\n"
    for table in ("question", "application")
)


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Add rights, requests and indexes."""
    for step in (IN_CHARGE, CHARGE, FACILITIES, ONCE, CONTACTS):
        _run(step)


DOWN = f"""
DROP INDEX question_contact, application_contact;
{"".join(f"ALTER TABLE {page} DROP request_id;" for page in PAGES)}
REVOKE UPDATE (name, category, address, phone, hours, valid_to, changed_at) ON facility
    FROM wangge_app;
GRANT INSERT, UPDATE ON facility TO wangge_app;
DROP POLICY may_update ON facility;
DROP POLICY may_select ON facility;
ALTER TABLE facility DISABLE ROW LEVEL SECURITY;
DROP FUNCTION cells_in_charge;
"""


def downgrade() -> None:
    """Take them away."""
    _run(DOWN)
