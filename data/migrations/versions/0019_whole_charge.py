"""A drawn shape is for who has all of its cells; a vote is of the household of now.

Revision ID: 0019
Revises: 0017
"""

from alembic import op

revision = "0019"
down_revision = "0017"


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def right(name: str) -> str:
    """Whether the viewer has a right: asked once per query, not per row."""
    rights = "string_to_array(current_setting('wangge.rights', true), ',')"
    return f"(SELECT coalesce('{name}' = ANY ({rights}), false))"


IN_SCOPE = f"""(area_no BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
    AND CASE WHEN (SELECT {setting("areas", "text")}) IS NULL
                  OR area_no IN (SELECT one FROM unnest({setting("areas", "int8[]")}) one)
             THEN true END IS NOT NULL)"""
IS_OWN = f"account = (SELECT {setting('account', 'int8')})"

TABLES = ("named_area", "collection")
# What is kept of shapes drawn before: every cell under them counts, more hides rather than tells
AREAS = """
ALTER TABLE {table} ADD areas BIGINT[];
UPDATE {table} d SET areas = array(
    SELECT c.area_no FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id
    WHERE p.state = 'published' AND c.area_no BETWEEN d.area_no AND d.area_high
      AND c.geom && d.geom AND ST_Intersects(c.geom, d.geom) AND NOT ST_Touches(c.geom, d.geom)
    UNION SELECT unnest(ARRAY[d.area_no, d.area_high]) ORDER BY 1);
ALTER TABLE {table} ALTER areas SET NOT NULL;
"""

# A charge of single cells may hold the first and the last one and not those between
RANGE = f"({IS_OWN} OR {IN_SCOPE} AND area_high <= {setting('high', 'int8')})"
ALL_OF_IT = f"""({IS_OWN} OR {IN_SCOPE} AND area_high <= {setting("high", "int8")}
    AND ((SELECT {setting("areas", "text")}) IS NULL OR areas <@ {setting("areas", "int8[]")}))"""
SEEN = {
    ("named_area", "select"): right("counts"),
    ("named_area", "delete"): right("dispatch"),
    ("collection", "select"): f"ends_at > now() AND {right('emergency')}",
    ("collection", "delete"): f"ends_at > now() AND {right('emergency')}",
}

CAST = """
CREATE FUNCTION cast_vote({told})
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE p poll; {known}
BEGIN
    SELECT * INTO p FROM poll q WHERE q.id = $1 AND q.taken_back_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN 'unknown'; END IF;
    IF EXISTS (SELECT FROM poll_voter v
               WHERE v.poll_id = $1 AND v.voter = cast_vote.voter
                 AND v.request = cast_vote.request) THEN
        RETURN 'counted';
    END IF;
    IF clock_timestamp() < p.opens_at THEN RETURN 'coming'; END IF;
    IF clock_timestamp() >= p.closes_at THEN RETURN 'closed'; END IF;
    IF choice NOT BETWEEN 1 AND cardinality(p.options) THEN RETURN 'no choice'; END IF;
    {home}
    INSERT INTO poll_voter VALUES ($1, cast_vote.voter, cast_vote.request) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN 'voted'; END IF;
    INSERT INTO ballot_box AS b
    SELECT $1, one, (one = cast_vote.choice)::int
    FROM generate_series(1, cardinality(p.options)) one
    ON CONFLICT ON CONSTRAINT ballot_box_pkey DO UPDATE SET votes = b.votes + excluded.votes;
    RETURN 'counted';
END $$;
REVOKE EXECUTE ON FUNCTION cast_vote FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cast_vote TO wangge_app;
"""
# Where somebody lives is asked when he votes: whoever moved since he proved himself does so anew.
# A poll of the whole town is also for homes that no cell holds.
NOW = CAST.format(
    told="poll bigint, resident bigint, household bigint, voter bytea, request bytea, choice int",
    known="lives bigint; home text;",
    home="""SELECT r.household_id, c.division_code INTO lives, home
    FROM resident r JOIN household h ON h.id = r.household_id
    JOIN dwelling d ON d.id = h.dwelling_id LEFT JOIN grid_cell c ON c.id = d.cell_id
    WHERE r.id = $2;
    IF lives IS DISTINCT FROM $3 THEN RETURN 'moved'; END IF;
    IF NOT (p.division_code IS NULL
            OR coalesce(p.division_code = ANY (division_line(home)), false)) THEN
        RETURN 'elsewhere';
    END IF;""",
)
BEFORE = CAST.format(
    told="poll bigint, resident bigint, voter bytea, request bytea, choice int",
    known="home text;",
    home="""SELECT c.division_code INTO home
    FROM resident r JOIN household h ON h.id = r.household_id
    JOIN dwelling d ON d.id = h.dwelling_id JOIN grid_cell c ON c.id = d.cell_id WHERE r.id = $2;
    IF NOT FOUND OR NOT (p.division_code IS NULL
                         OR coalesce(p.division_code = ANY (division_line(home)), false)) THEN
        RETURN 'elsewhere';
    END IF;""",
)


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def _see(drawn: str) -> None:
    for (table, act), rule in SEEN.items():
        _run(f"ALTER POLICY may_{act} ON {table} USING ({drawn} AND {rule})")


def upgrade() -> None:
    """Keep every area of a shape; ask where a voter lives."""
    for table in TABLES:
        _run(AREAS.format(table=table))
    _see(ALL_OF_IT)
    _run("DROP FUNCTION cast_vote")
    _run(NOW)


def downgrade() -> None:
    """As it was."""
    _run("DROP FUNCTION cast_vote")
    _run(BEFORE)
    _see(RANGE)
    for table in TABLES:
        _run(f"ALTER TABLE {table} DROP areas")
