"""Who sees what: the application's role, row policies, hidden small counts, a chained journal.

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

SMALL_COUNTS = """
CREATE FUNCTION show_counts() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH told AS (
        SELECT t.cell_id, c.division_code, k.name, k.n
        FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id,
        LATERAL (VALUES ('dwellings', t.dwellings), ('households', t.households),
                        ('residents', t.residents), ('open_cases', t.open_cases)) k (name, n)
    ),
    ranked AS (
        SELECT *, n BETWEEN 1 AND 4 AS small,
               count(*) FILTER (WHERE n BETWEEN 1 AND 4) OVER community AS smalls,
               sum(n) FILTER (WHERE n BETWEEN 1 AND 4) OVER community AS of_smalls,
               row_number() OVER (community_by_size) AS place,
               sum(n - 5) FILTER (WHERE n >= 5) OVER (community_by_size) AS slack
        FROM told
        WINDOW community AS (PARTITION BY division_code, name),
               community_by_size AS (PARTITION BY division_code, name
                                     ORDER BY n < 5, n, cell_id)
    ),
    hidden AS (
        -- beside small counts the next larger ones, until what is hidden in a community can no
        -- longer be told from its total: the small ones' sum may then be at least two more or less
        SELECT cell_id, name, small OR (smalls > 0 AND n >= 5 AND (place = 1 OR
               coalesce(of_smalls - smalls + slack - (n - 5), 0) < 2)) AS hide, n
        FROM ranked
    ),
    shown AS (
        SELECT cell_id,
               max(n) FILTER (WHERE name = 'dwellings' AND NOT hide) AS dwellings,
               max(n) FILTER (WHERE name = 'households' AND NOT hide) AS households,
               max(n) FILTER (WHERE name = 'residents' AND NOT hide) AS residents,
               max(n) FILTER (WHERE name = 'open_cases' AND NOT hide) AS open_cases
        FROM hidden GROUP BY cell_id
    ),
    gone AS (
        DELETE FROM cell_shown s WHERE NOT EXISTS
            (SELECT FROM cell_tally t WHERE t.cell_id = s.cell_id)
    )
    INSERT INTO cell_shown
        (cell_id, buildings, dwellings, households, residents, facilities, open_cases)
    SELECT t.cell_id, t.buildings, s.dwellings, s.households, s.residents, t.facilities,
           s.open_cases
    FROM cell_tally t JOIN shown s USING (cell_id)
    ON CONFLICT (cell_id) DO UPDATE SET (buildings, dwellings, households, residents, facilities,
        open_cases) = (EXCLUDED.buildings, EXCLUDED.dwellings, EXCLUDED.households,
        EXCLUDED.residents, EXCLUDED.facilities, EXCLUDED.open_cases)
$$;
"""

# An id stands in the register once, also where the viewer does not see it: which of these do is
# all that is told, and only to those who may edit persons

IDS_TAKEN = """
CREATE FUNCTION ids_taken(ids bytea[]) RETURNS SETOF bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.id_index FROM resident r
    WHERE r.id_index = ANY (ids)
      AND (session_user <> 'wangge_app' AND current_setting('role') <> 'wangge_app'
           OR 'edit_persons' = ANY (string_to_array(current_setting('wangge.rights', true), ',')))
$$;
"""

# What the application may do, and which rows it sees while doing it


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


# The range is compared with the bare settings: from them the planner knows how many rows lie in it,
# and takes the area's index for a worker and the spatial one for a viewport. Through sub-selects it
# would guess. The list is hashed once: `= ANY` would walk it for every row.
IN_SCOPE = f"""(area_no BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
    AND ((SELECT {setting("areas", "text")}) IS NULL
         OR area_no IN (SELECT unnest({setting("areas", "int8[]")}))))"""
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
        "WRITE": f"{CELL_IN_SCOPE} AND ({right('edit_persons')} OR {right('cases')})",
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


GRANTS = f"""
GRANT USAGE ON SCHEMA public TO wangge_app;
GRANT SELECT ON {", ".join(READ.split())} TO wangge_app;
GRANT INSERT, UPDATE ON {", ".join(WRITE)} TO wangge_app;
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
    for step in (ROLE, JOURNAL, SMALL_COUNTS, IDS_TAKEN, GRANTS, _policies(), LEAKPROOF):
        _run(step)


def downgrade() -> None:
    """Go back to one role that sees all."""
    _run(DOWN)


DOWN = """
DROP TRIGGER journal_stays ON journal;
DROP TRIGGER journal_chain ON journal;
DROP FUNCTION journal_stays, journal_chain, show_counts, journal_hash, ids_taken;
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
