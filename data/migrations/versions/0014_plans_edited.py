"""网格方案 at the page: what stands in some cells only, why a publication was refused.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"

REFUSED = "ALTER TABLE grid_plan ADD publish_refused TEXT;"


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


# Whoever plans sees numbers of his part of the city
IS_OWNER = "(session_user = current_user AND current_setting('role') IN ('none', current_user))"
MAY = f"({IS_OWNER} OR coalesce({right('plan')} AND {in_scope('c.area_no')}, false))"


def units(argument: str, which: str) -> str:
    """The function that tells what a draft hands from cell to cell: buildings with those who live
    there, homes with a place of their own, facilities, open cases."""
    return f"""
CREATE FUNCTION plan_units({argument})
RETURNS TABLE (kind text, code text, geom geometry, footprint geometry, cell_id bigint,
               households bigint, residents bigint, care bigint, facilities bigint,
               open_cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
    WITH cell AS MATERIALIZED (
        SELECT c.id FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
        WHERE {MAY}
          AND {which}
    ),
    home AS MATERIALIZED (
        SELECT d.building_id, CASE WHEN d.own_place THEN d.id END AS own_id, h.id AS household_id
        FROM dwelling d LEFT JOIN household h ON h.dwelling_id = d.id
        WHERE d.cell_id IN (SELECT id FROM cell)
    ),
    counted AS (
        SELECT building_id, own_id, count(household_id) AS households, 0 AS residents, 0 AS care
        FROM home GROUP BY 1, 2
        UNION ALL
        SELECT building_id, own_id, 0, count(*), 0
        FROM home JOIN resident r USING (household_id) GROUP BY 1, 2
        UNION ALL
        SELECT building_id, own_id, 0, 0, count(DISTINCT r.id)
        FROM home JOIN resident r USING (household_id)
        JOIN care_recipient k ON k.resident_id = r.id
             AND (k.until IS NULL OR k.until > current_date) GROUP BY 1, 2
    ),
    lives AS MATERIALIZED (
        SELECT building_id, own_id, sum(households)::bigint AS households,
               sum(residents)::bigint AS residents, sum(care)::bigint AS care
        FROM counted GROUP BY 1, 2
    )
    SELECT 'building', b.code, b.geom, b.footprint, b.cell_id, coalesce(n.households, 0),
           coalesce(n.residents, 0), coalesce(n.care, 0), 0, 0
    FROM building b LEFT JOIN lives n ON n.building_id = b.id AND n.own_id IS NULL
    WHERE b.cell_id IN (SELECT id FROM cell)
    UNION ALL
    SELECT 'dwelling', concat_ws(' ', b.code, d.number), d.geom, NULL, d.cell_id, n.households,
           n.residents, n.care, 0, 0
    FROM lives n JOIN dwelling d ON d.id = n.own_id JOIN building b ON b.id = d.building_id
    UNION ALL
    SELECT 'facility', concat_ws(' ', 'facility', f.id), f.geom, NULL, f.cell_id, 0, 0, 0, 1, 0
    FROM facility f WHERE f.cell_id IN (SELECT id FROM cell)
    UNION ALL
    SELECT 'case', f.code, f.geom, NULL, f.cell_id, 0, 0, 0, 0, 1
    FROM case_file f WHERE f.cell_id IN (SELECT id FROM cell)
      AND f.state <> ALL (ARRAY['closed', 'evaluated', 'void'])
$$;
REVOKE EXECUTE ON FUNCTION plan_units({argument}) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_units({argument}) TO wangge_app;
"""


OF_PLAN = """((SELECT area IS NULL FROM grid_plan WHERE id = of_plan)
               OR c.division_code IN (SELECT division_code FROM grid_cell
                                      WHERE plan_id = of_plan))"""

# How many accounts are in charge of cells by their codes; not whose
CHARGES = f"""
CREATE FUNCTION plan_charges(cells text[]) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(DISTINCT h.account_id) FROM charge h
    JOIN grid_cell c ON c.code = h.cell_code
    JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
    WHERE h.cell_code = ANY (cells) AND (h.valid_to IS NULL OR h.valid_to > current_date)
      AND {MAY}
$$;
REVOKE EXECUTE ON FUNCTION plan_charges(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_charges(text[]) TO wangge_app;
"""


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Tell of cells one names."""
    _run(REFUSED)
    _run("DROP FUNCTION plan_units(bigint);" + units("of_cells bigint[]", "c.id = ANY (of_cells)"))
    _run(CHARGES)


def downgrade() -> None:
    """Tell of whole plans."""
    _run("DROP FUNCTION plan_charges(text[]);")
    _run("DROP FUNCTION plan_units(bigint[]);" + units("of_plan bigint", OF_PLAN))
    _run("ALTER TABLE grid_plan DROP publish_refused;")
