"""照护 in the cells of a plan: how many people are cared for, counted without the register.

Revision ID: 0015
Revises: 0014
"""

from alembic import op

revision = "0015"
down_revision = "0014"


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


# A person is counted once, for whatever reasons he is cared for
IS_OWNER = "(session_user = current_user AND current_setting('role') IN ('none', current_user))"
CARE = f"""
CREATE FUNCTION plan_care(of_cells bigint[]) RETURNS TABLE (cell_id bigint, care bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, count(DISTINCT k.resident_id)
    FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
    JOIN care_recipient k ON k.area_no = c.area_no AND (k.until IS NULL OR k.until > current_date)
    WHERE c.id = ANY (of_cells)
      AND ({IS_OWNER} OR coalesce({right("plan")} AND {in_scope("c.area_no")}, false))
    GROUP BY c.id
$$;
REVOKE EXECUTE ON FUNCTION plan_care(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_care(bigint[]) TO wangge_app;
"""


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Count those who are cared for."""
    _run(CARE)


def downgrade() -> None:
    """Count them with the buildings only."""
    _run("DROP FUNCTION plan_care(bigint[])")
