"""网格方案: drafts with versions and edits, numbered publications, lineage of cells.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"

# A plan that was ever in force has a number; a cell says by `since` from which number on it is as
# it is. So the cells of plan number k are those begun by then which a plan from k on holds.
PLANS = """
ALTER TABLE grid_plan
    ADD base_id BIGINT REFERENCES grid_plan (id) ON DELETE SET NULL,
    ADD area TEXT,
    ADD version INTEGER DEFAULT '0' NOT NULL,
    ADD number INTEGER,
    ADD publish_on DATE,
    ADD UNIQUE (number),
    ADD CONSTRAINT grid_plan_drafts CHECK (CASE state WHEN 'draft' THEN number IS NULL
                                           ELSE publish_on IS NULL END);
ALTER TABLE grid_cell
    ADD version INTEGER DEFAULT '0' NOT NULL,
    ADD since INTEGER;
UPDATE grid_plan p SET number = n.number FROM (
    SELECT id, row_number() OVER (ORDER BY state = 'published', valid_from NULLS FIRST, id)
               AS number
    FROM grid_plan WHERE state <> 'draft') n
WHERE n.id = p.id;

CREATE TABLE plan_edit (
    plan_id BIGINT NOT NULL REFERENCES grid_plan (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    account BIGINT DEFAULT '0' NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    what JSONB DEFAULT '{}' NOT NULL,
    PRIMARY KEY (plan_id, number)
);
CREATE TABLE plan_edit_cell (
    plan_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    is_after BOOLEAN NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    division_code TEXT,
    parent_code TEXT,
    area_no BIGINT DEFAULT '0' NOT NULL,
    households_declared INTEGER,
    valid_from DATE,
    valid_to DATE,
    geom geometry(MULTIPOLYGON,4326) NOT NULL,
    PRIMARY KEY (plan_id, number, is_after, code),
    FOREIGN KEY (plan_id, number) REFERENCES plan_edit (plan_id, number) ON DELETE CASCADE
);
CREATE INDEX plan_edit_cell_code ON plan_edit_cell (plan_id, code);

CREATE TABLE cell_lineage (
    number INTEGER NOT NULL,
    parent_code TEXT NOT NULL,
    child_code TEXT NOT NULL,
    parent_id BIGINT,
    child_id BIGINT,
    kind TEXT NOT NULL,
    households DOUBLE PRECISION NOT NULL,
    area_m2 DOUBLE PRECISION NOT NULL,
    households_share DOUBLE PRECISION NOT NULL,
    area_share DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (number, parent_code, child_code)
);
CREATE INDEX ix_cell_lineage_parent_id ON cell_lineage (parent_id);
CREATE INDEX ix_cell_lineage_child_id ON cell_lineage (child_id);
"""


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


def in_scope(area_no: str) -> str:
    """Whether an area number stands in the viewer's part of the city."""
    return f"""({area_no} BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
    AND CASE WHEN (SELECT {setting("areas", "text")}) IS NULL
                  OR {area_no} IN (SELECT one FROM unnest({setting("areas", "int8[]")}) one)
             THEN true END IS NOT NULL)"""


def in_charge(division: str) -> str:
    """Whether the viewer is in charge of all of a division; of no division, of everything."""
    return f"""((SELECT {setting("low", "int8")} = 0 AND {setting("areas", "text")} IS NULL)
    OR EXISTS (SELECT FROM (SELECT rpad({division}, 12, '0')::bigint * 1000000
                            WHERE {division} ~ '^[0-9]{{1,12}}$') AS own (area_no)
               WHERE {in_scope("own.area_no")}))"""


# The application changes drafts only, each planner in his part of the city; what is in force is
# changed by the store's owner, who publishes.
PLANS_OWN = right("plan")
IS_DRAFT = "EXISTS (SELECT FROM grid_plan p WHERE p.id = plan_id AND p.state = 'draft')"
MAY_DRAFT = f"state = 'draft' AND {PLANS_OWN} AND {in_charge('area')}"
MAY_CELL = f"{IS_DRAFT} AND {PLANS_OWN} AND {in_charge('division_code')}"
MAY_EDIT = f"{IS_DRAFT} AND {PLANS_OWN}"
LINE_IN_SCOPE = f"""EXISTS (SELECT FROM grid_cell c WHERE c.id IN (parent_id, child_id)
    AND {in_scope("c.area_no")})"""
POLICIES: dict[str, dict[str, str]] = {
    "grid_plan": {"SELECT": "true", "WRITE": MAY_DRAFT},
    "grid_cell": {"SELECT": "true", "WRITE": MAY_CELL},
    "plan_edit": {
        "SELECT": PLANS_OWN,
        "INSERT": f"{MAY_EDIT} AND account = {setting('account', 'int8')}",
    },
    "plan_edit_cell": {
        "SELECT": PLANS_OWN,
        "INSERT": f"{MAY_EDIT} AND {in_charge('division_code')}",
    },
    "cell_lineage": {"SELECT": f"{LINE_IN_SCOPE} AND {right('counts')}"},
}


def _policies() -> str:
    lines = []
    for table, rules in POLICIES.items():
        lines.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for act, rule in rules.items():
            for one in ("INSERT", "UPDATE", "DELETE") if act == "WRITE" else (act,):
                using = "" if one == "INSERT" else f" USING ({rule})"
                check = f" WITH CHECK ({rule})" if one in {"INSERT", "UPDATE"} else ""
                lines.append(
                    f"CREATE POLICY may_{one.lower()} ON {table} FOR {one} TO wangge_app"
                    f"{using}{check}"
                )
                lines.append(f"GRANT {one} ON {table} TO wangge_app")
    return ";\n".join(lines)


# What a draft hands from cell to cell: buildings with those who live there, homes with a place of
# their own, facilities, cases that are open. Whoever plans sees numbers of his part of the city.
IS_OWNER = "(session_user = current_user AND current_setting('role') IN ('none', current_user))"
UNITS = f"""
CREATE FUNCTION plan_units(of_plan bigint)
RETURNS TABLE (kind text, code text, geom geometry, footprint geometry, cell_id bigint,
               households bigint, residents bigint, care bigint, facilities bigint,
               open_cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
    WITH cell AS MATERIALIZED (
        SELECT c.id FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
        WHERE ({IS_OWNER} OR coalesce({right("plan")} AND {in_scope("c.area_no")}, false))
          AND ((SELECT area IS NULL FROM grid_plan WHERE id = of_plan)
               OR c.division_code IN (SELECT division_code FROM grid_cell WHERE plan_id = of_plan))
    ),
    home AS (
        SELECT d.id, d.building_id, d.own_place, count(DISTINCT h.id) AS households,
               count(DISTINCT r.id) AS residents,
               count(DISTINCT k.resident_id) AS care
        FROM dwelling d LEFT JOIN household h ON h.dwelling_id = d.id
        LEFT JOIN resident r ON r.household_id = h.id
        LEFT JOIN care_recipient k ON k.resident_id = r.id
             AND (k.until IS NULL OR k.until > current_date)
        WHERE d.cell_id IN (SELECT id FROM cell)
        GROUP BY d.id
    )
    SELECT 'building', b.code, b.geom, b.footprint, b.cell_id,
           coalesce(sum(h.households), 0)::bigint, coalesce(sum(h.residents), 0)::bigint,
           coalesce(sum(h.care), 0)::bigint, 0, 0
    FROM building b LEFT JOIN home h ON h.building_id = b.id AND NOT h.own_place
    WHERE b.cell_id IN (SELECT id FROM cell) GROUP BY b.id
    UNION ALL
    SELECT 'dwelling', concat_ws(' ', b.code, d.number), d.geom, NULL, d.cell_id, h.households,
           h.residents, h.care, 0, 0
    FROM home h JOIN dwelling d ON d.id = h.id JOIN building b ON b.id = d.building_id
    WHERE h.own_place
    UNION ALL
    SELECT 'facility', concat_ws(' ', 'facility', f.id), f.geom, NULL, f.cell_id, 0, 0, 0, 1, 0
    FROM facility f WHERE f.cell_id IN (SELECT id FROM cell)
    UNION ALL
    SELECT 'case', f.code, f.geom, NULL, f.cell_id, 0, 0, 0, 0, 1
    FROM case_file f WHERE f.cell_id IN (SELECT id FROM cell)
      AND f.state <> ALL (ARRAY['closed', 'evaluated', 'void'])
$$;
REVOKE EXECUTE ON FUNCTION plan_units(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_units(bigint) TO wangge_app;
"""

# An open case whose cell ended or lost its ground moves on with its place; nobody decided that
STEPS = """
INSERT INTO case_step (move, source, target)
SELECT 'refile', state, state FROM unnest(ARRAY['reported', 'verified', 'filed', 'dispatched',
    'handling', 'feedback', 'inspected', 'suspended']) state;
"""

OF_PLAN = """plan_id = of_plan AND (valid_from IS NULL OR valid_from <= day)
          AND (valid_to IS NULL OR valid_to > day)"""
OF_PLAN_EVER = """plan_id IN (SELECT later.id FROM grid_plan asked JOIN grid_plan later
                                ON later.id = asked.id OR later.number > asked.number
                          WHERE asked.id = of_plan)
          AND coalesce(since <= (SELECT number FROM grid_plan WHERE id = of_plan),
                       plan_id = of_plan)
          AND (valid_from IS NULL OR valid_from <= day)
          AND (valid_to IS NULL
               OR valid_to > least(day, (SELECT p.valid_to FROM grid_plan p WHERE p.id = of_plan))
               OR valid_to >= (SELECT p.valid_to FROM grid_plan p WHERE p.id = of_plan))"""
MENDED = {
    "count_anew(bigint, date, timestamptz)": (OF_PLAN, OF_PLAN_EVER),
    "case_event_moves()": ("'late')", "'late', 'refile')"),
    "case_event_heard()": ("'return')", "'return', 'refile')"),
}
"""Functions that stand, and what of their text becomes what: the cells of a plan that is retired,
also those that ended with it; a re-filing makes no new version of a case, and is heard by whom it
takes the case from."""


def _mend(function: str, old: str, new: str) -> str:
    return f"""
    DO $mend$ DECLARE text CONSTANT text := pg_get_functiondef('{function}'::regprocedure);
    BEGIN
        IF strpos(text, $old${old}$old$) = 0 THEN
            RAISE EXCEPTION '{function.partition("(")[0]} is not as it was released';
        END IF;
        EXECUTE replace(text, $old${old}$old$, $new${new}$new$);
    END $mend$;
    """


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Give plans versions and numbers."""
    for step in (PLANS, _policies(), UNITS, STEPS):
        _run(step)
    for function, (old, new) in MENDED.items():
        _run(_mend(function, old, new))


DOWN = """
DELETE FROM case_step WHERE move = 'refile';
DROP FUNCTION plan_units;
DROP TABLE cell_lineage, plan_edit_cell, plan_edit;
DROP POLICY may_select ON grid_cell;
DROP POLICY may_insert ON grid_cell;
DROP POLICY may_update ON grid_cell;
DROP POLICY may_delete ON grid_cell;
DROP POLICY may_select ON grid_plan;
DROP POLICY may_insert ON grid_plan;
DROP POLICY may_update ON grid_plan;
DROP POLICY may_delete ON grid_plan;
ALTER TABLE grid_cell DISABLE ROW LEVEL SECURITY, DROP version, DROP since;
ALTER TABLE grid_plan DISABLE ROW LEVEL SECURITY, DROP base_id, DROP area, DROP version,
    DROP number, DROP publish_on;
REVOKE INSERT, UPDATE, DELETE ON grid_cell, grid_plan FROM wangge_app;
"""


def downgrade() -> None:
    """Go back to plans that replace each other whole."""
    for function, (old, new) in MENDED.items():
        _run(_mend(function, new, old))
    _run(DOWN)
