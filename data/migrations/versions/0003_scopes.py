"""Who sees what: the application's role, row policies, a chained journal.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"

ROLE = """
DO $$ BEGIN
    CREATE ROLE wangge_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role wangge_app is missing; ask the database administrator for: '
            'CREATE ROLE wangge_app; GRANT wangge_app TO %', current_user;
END $$;
"""

JOURNAL = """
ALTER TABLE journal ALTER id DROP IDENTITY, ADD hash BYTEA;
CREATE TABLE journal_head (
    one BOOLEAN DEFAULT true NOT NULL,
    id BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (one),
    CONSTRAINT journal_head_one CHECK (one)
);

CREATE FUNCTION journal_hash(before bytea, line journal) RETURNS bytea
LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    SELECT sha256(before || convert_to(jsonb_build_array(line.id, line.at, line.actor, line.act,
                                                         line.subject, line.detail)::text, 'UTF8'))
$$;

INSERT INTO journal_head (id, hash) VALUES (0, '');
DO $$ DECLARE line journal; BEGIN
    FOR line IN SELECT * FROM journal ORDER BY id LOOP
        UPDATE journal_head SET id = line.id, hash = journal_hash(hash, line);
        UPDATE journal SET hash = (SELECT h.hash FROM journal_head h) WHERE id = line.id;
    END LOOP;
END $$;
ALTER TABLE journal ALTER hash SET NOT NULL;

CREATE FUNCTION journal_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE head journal_head;
BEGIN
    SELECT * INTO head FROM journal_head FOR UPDATE;
    NEW.id := head.id + 1;
    NEW.at := clock_timestamp();
    NEW.hash := journal_hash(head.hash, NEW);
    UPDATE journal_head SET id = NEW.id, hash = NEW.hash;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_chain BEFORE INSERT ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_chain();

CREATE FUNCTION journal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is only ever added to';
END $$;
CREATE TRIGGER journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_stays();
"""

# What the application may do, and which rows it sees while doing it


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


# The range is compared with the bare settings: from them the planner knows how many rows lie in
# it, and takes the area's index for a worker and the spatial one for a viewport; through
# sub-selects it would guess. The list is hashed once, where `= ANY` would walk it for every row;
# and as `IS NOT NULL` it is taken to hold for nearly all of the range, not for half of it. Without
# its FROM the sub-select would forbid parallel plans.
IN_SCOPE = f"""(area_no BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
    AND CASE WHEN (SELECT {setting("areas", "text")}) IS NULL
                  OR area_no IN (SELECT one FROM unnest({setting("areas", "int8[]")}) one)
             THEN true END IS NOT NULL)"""
CELL_IN_SCOPE = f"EXISTS (SELECT FROM grid_cell c WHERE c.id = cell_id AND {IN_SCOPE})"
PERSON = "EXISTS (SELECT FROM resident r WHERE r.id = {})"
MERGED = "EXISTS (SELECT FROM resident_merge m WHERE m.merged_id = {})"
IS_DOOR = "(SELECT coalesce(current_setting('wangge.door', true) = 'open', false))"
IS_OWN = f"{{}} = (SELECT {setting('account', 'int8')})"
EVERYTHING = f"(SELECT {setting('low', 'int8')} = 0 AND {setting('areas', 'text')} IS NULL)"

READ = """
alembic_version
division
grid_plan
grid_cell
building
facility
network_unit
worker
post
base_feature
data_version
store_fact
cell_shown
"""
WRITE = ("building", "facility", "data_version")

POLICIES: dict[str, dict[str, str]] = {
    "dwelling": {
        "SELECT": f"{IN_SCOPE} AND ({right('persons')} OR {right('export')})",
        "WRITE": f"{IN_SCOPE} AND {right('edit_persons')}",
    },
    "household": {
        "SELECT": f"{IN_SCOPE} AND {right('persons')}",
        "WRITE": f"{IN_SCOPE} AND {right('edit_persons')}",
    },
    "resident": {
        "SELECT": f"{IN_SCOPE} AND {right('persons')}",
        "WRITE": f"{IN_SCOPE} AND {right('edit_persons')}",
    },
    "case_file": {
        "SELECT": f"{IN_SCOPE} AND {right('cases')}",
        "WRITE": f"{IN_SCOPE} AND {right('cases')}",
    },
    "cell_tally": {
        "SELECT": f"{CELL_IN_SCOPE} AND {right('counts')}",
    },
    "sheet": {
        "SELECT": f"({IS_OWN.format('account_id')} OR {EVERYTHING}) AND {right('edit_persons')}",
        "WRITE": f"({IS_OWN.format('account_id')} OR {EVERYTHING}) AND {right('edit_persons')}",
    },
    "sheet_row": {
        "SELECT": f"{IN_SCOPE} AND {right('edit_persons')}",
        "WRITE": f"{IN_SCOPE} AND {right('edit_persons')}",
    },
    "decision": {
        "SELECT": PERSON.format("resident_id"),
        "WRITE": f"{PERSON.format('resident_id')} AND {right('edit_persons')}",
    },
    "resident_change": {
        "SELECT": f"{PERSON.format('resident_id')} OR {MERGED.format('resident_id')}",
        "INSERT": f"{PERSON.format('resident_id')} AND {right('edit_persons')}",
    },
    "resident_merge": {
        "SELECT": PERSON.format("kept_id"),
        "WRITE": f"{PERSON.format('kept_id')} AND {right('decide')}",
    },
    "journal": {"SELECT": right("journal"), "INSERT": "true"},
    "account": {
        "SELECT": f"{IS_DOOR} OR {IS_OWN.format('id')} OR {right('accounts')}",
        "WRITE": f"{IS_DOOR} OR {right('accounts')}",
    },
    "charge": {
        "SELECT": f"{IS_DOOR} OR {IS_OWN.format('account_id')} OR {right('accounts')}",
        "WRITE": right("accounts"),
    },
    "session": {
        "SELECT": f"{IS_DOOR} OR {IS_OWN.format('account_id')} OR {right('accounts')}",
        "WRITE": f"{IS_DOOR} OR {IS_OWN.format('account_id')} OR {right('accounts')}",
    },
}
"""For each table with persons, cases or accounts: which rows are seen, and which written."""


def _policies() -> str:
    lines = []
    for table, rules in POLICIES.items():
        lines.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        granted = {"SELECT", "INSERT"} if "INSERT" in rules else {"SELECT"}
        for act, rule in rules.items():
            acts = ("INSERT", "UPDATE", "DELETE") if act == "WRITE" else (act,)
            granted |= set(acts)
            for one in acts:
                using = "" if one == "INSERT" else f" USING ({rule})"
                check = f" WITH CHECK ({rule})" if one in {"INSERT", "UPDATE"} else ""
                lines.append(
                    f"CREATE POLICY may_{one.lower()} ON {table} FOR {one} TO wangge_app"
                    f"{using}{check}"
                )
        lines.append(f"GRANT {', '.join(sorted(granted))} ON {table} TO wangge_app")
    return ";\n".join(lines)


# Everybody may call a new function, and hang a trigger's on a table of his own, with a cast of his
# own to `journal`: which then runs as the owner. A trigger that stands fires without this right.
FUNCTIONS = """
REVOKE EXECUTE ON FUNCTION journal_chain(), journal_stays(), ids_taken(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ids_taken(bytea[]) TO wangge_app;
"""
GRANTS = f"""
GRANT USAGE ON SCHEMA public TO wangge_app;
GRANT SELECT ON {", ".join(READ.split())} TO wangge_app;
GRANT INSERT, UPDATE ON {", ".join(WRITE)} TO wangge_app;
{FUNCTIONS}
"""

# `&&` compares boxes and cannot raise; PostgreSQL uses the spatial index beside row policies
# only for functions marked so. pg_dump forgets the mark: `wangge check` looks for it.
LEAKPROOF = """
DO $$ BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
    END IF;
END $$;
"""


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Scope, hide and chain."""
    for step in (ROLE, JOURNAL, GRANTS, _policies(), LEAKPROOF):
        _run(step)


def downgrade() -> None:
    """Go back to one role that sees all."""
    _run(DOWN)


DOWN = """
DROP TRIGGER journal_stays ON journal;
DROP TRIGGER journal_chain ON journal;
DROP FUNCTION journal_stays, journal_chain, journal_hash;
DROP TABLE journal_head;
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT polname, polrelid::regclass AS of FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', one.polname, one.of);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', one.of);
    END LOOP;
END $$;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM wangge_app;
REVOKE ALL ON SCHEMA public FROM wangge_app;
ALTER TABLE journal DROP hash, ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;
SELECT setval(pg_get_serial_sequence('journal', 'id'), coalesce(max(id), 0) + 1, false)
    FROM journal;
"""
