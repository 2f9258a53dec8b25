"""Numbers: counted by the store itself, small ones hidden, counted anew for another plan or day.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def setting(name: str, kind: str) -> str:
    """A setting of the transaction; null where none was told."""
    return f"nullif(current_setting('wangge.{name}', true), '')::{kind}"


def in_scope(of: str) -> str:
    """Whether the row of the table named `of` stands in the viewer's part of the city."""
    return f"""coalesce({of}.area_no BETWEEN {setting("low", "int8")} AND {setting("high", "int8")}
              AND ({setting("areas", "text")} IS NULL
                   OR {of}.area_no = ANY ({setting("areas", "int8[]")})), false)"""


MAY_COUNT = """coalesce('counts' = ANY
                (string_to_array(current_setting('wangge.rights', true), ',')), false)"""
EVERYTHING = f"({setting('low', 'int8')} = 0 AND {setting('areas', 'text')} IS NULL)"
IS_OWNER = "(session_user = current_user AND current_setting('role') IN ('none', current_user))"

# Who is in charge of a part of the city changes nothing outside of it: only that is counted again.
COUNTS = f"""
ALTER TABLE cell_tally ADD cases INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE cell_shown ADD cases INTEGER;

CREATE FUNCTION count_cells(kinds text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    ended CONSTANT text[] := ARRAY['closed', 'evaluated', 'void'];
    cells bigint[];
BEGIN
    IF NOT {IS_OWNER} AND NOT {EVERYTHING} THEN
        SELECT coalesce(array_agg(c.id), '{{}}') INTO cells FROM grid_cell c
        JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published' WHERE {in_scope("c")};
    END IF;
    DELETE FROM cell_tally t WHERE NOT EXISTS (
        SELECT FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
        WHERE c.id = t.cell_id AND (c.valid_from IS NULL OR c.valid_from <= current_date)
          AND (c.valid_to IS NULL OR c.valid_to > current_date));
    INSERT INTO cell_tally (cell_id)
    SELECT c.id FROM grid_cell c JOIN grid_plan p ON p.id = c.plan_id AND p.state = 'published'
    WHERE (c.valid_from IS NULL OR c.valid_from <= current_date)
      AND (c.valid_to IS NULL OR c.valid_to > current_date)
    ON CONFLICT DO NOTHING;
    IF 'buildings' = ANY (kinds) THEN
        UPDATE cell_tally t SET buildings = coalesce(n.n, 0)
        FROM cell_tally every LEFT JOIN
             (SELECT cell_id, count(*) n FROM building GROUP BY 1) n USING (cell_id)
        WHERE every.cell_id = t.cell_id AND t.buildings <> coalesce(n.n, 0);
    END IF;
    IF 'facilities' = ANY (kinds) THEN
        UPDATE cell_tally t SET facilities = coalesce(n.n, 0)
        FROM cell_tally every LEFT JOIN
             (SELECT cell_id, count(*) n FROM facility GROUP BY 1) n USING (cell_id)
        WHERE every.cell_id = t.cell_id AND t.facilities <> coalesce(n.n, 0);
    END IF;
    IF 'dwellings' = ANY (kinds) THEN
        UPDATE cell_tally t SET (dwellings, households, residents) =
            (coalesce(d.n, 0), coalesce(h.n, 0), coalesce(r.n, 0))
        FROM cell_tally every
        LEFT JOIN (SELECT cell_id, count(*) n FROM dwelling
                   WHERE cells IS NULL OR cell_id = ANY (cells) GROUP BY 1) d USING (cell_id)
        LEFT JOIN (SELECT d.cell_id, count(*) n FROM household h
                   JOIN dwelling d ON d.id = h.dwelling_id
                   WHERE cells IS NULL OR d.cell_id = ANY (cells) GROUP BY 1) h USING (cell_id)
        LEFT JOIN (SELECT d.cell_id, count(*) n FROM resident r
                   JOIN household h ON h.id = r.household_id
                   JOIN dwelling d ON d.id = h.dwelling_id
                   WHERE cells IS NULL OR d.cell_id = ANY (cells) GROUP BY 1) r USING (cell_id)
        WHERE every.cell_id = t.cell_id AND (cells IS NULL OR t.cell_id = ANY (cells))
          AND (t.dwellings, t.households, t.residents)
              <> (coalesce(d.n, 0), coalesce(h.n, 0), coalesce(r.n, 0));
    END IF;
    IF 'cases' = ANY (kinds) THEN
        UPDATE cell_tally t SET (cases, open_cases) = (coalesce(n.n, 0), coalesce(n.open_n, 0))
        FROM cell_tally every LEFT JOIN
             (SELECT cell_id, count(*) n, count(*) FILTER (WHERE state <> ALL (ended)) open_n
              FROM case_file WHERE cells IS NULL OR cell_id = ANY (cells)
              GROUP BY 1) n USING (cell_id)
        WHERE every.cell_id = t.cell_id AND (cells IS NULL OR t.cell_id = ANY (cells))
          AND (t.cases, t.open_cases) <> (coalesce(n.n, 0), coalesce(n.open_n, 0));
    END IF;
    PERFORM show_counts();
END $$;
"""

# A count of 1 to 4 is hidden together with its whole block, so that nobody can tell it by taking
# the others from a total he knows: not even somebody who is in charge of some of the block, unless
# he knows all of it but one. A block is at least four neighbouring cells of one community, by the
# order of their codes, or all of it if it has fewer than eight; which cells make a block never
# hangs on the numbers. A cell that is alone in its community goes with the other such cells of its
# street, or if there is none with another community there.
SMALL_COUNTS = """
CREATE FUNCTION show_counts() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH cell AS (
        SELECT c.id, c.area_no, c.code, coalesce(c.division_code, '') AS community,
               coalesce((SELECT v.parent_code FROM division v WHERE v.code = c.division_code
                         ORDER BY v.valid_from DESC LIMIT 1),
                        left(c.division_code, 9), '') AS street
        FROM cell_tally t JOIN grid_cell c ON c.id = t.cell_id
    ),
    lone AS (SELECT *, count(*) OVER (PARTITION BY community) = 1 AS is_lone FROM cell),
    beside AS (
        SELECT *, count(*) FILTER (WHERE is_lone) OVER street AS lones,
               min(community) FILTER (WHERE NOT is_lone) OVER street AS neighbour
        FROM lone WINDOW street AS (PARTITION BY street)
    ),
    joined AS (
        SELECT *, CASE WHEN NOT is_lone THEN 'community ' || community
                       WHEN lones > 1 THEN 'street ' || street
                       WHEN neighbour IS NOT NULL THEN 'community ' || neighbour END AS unit
        FROM beside
    ),
    settled AS (
        SELECT id, area_no, code, unit IS NULL OR is_lone AND lones = 1 AS is_guest,
               CASE WHEN unit IS NOT NULL THEN unit
                    WHEN count(*) FILTER (WHERE unit IS NULL) OVER () > 1 THEN 'plan'
                    ELSE coalesce(min(unit) OVER (), 'plan') END AS unit
        FROM joined
    ),
    hosted AS (
        SELECT id, area_no, code, unit, is_guest AND unit <> 'plan' AS is_guest FROM settled
    ),
    numbered AS (
        SELECT id, unit, count(*) FILTER (WHERE NOT is_guest) OVER (PARTITION BY unit) AS cells,
               row_number() OVER (PARTITION BY unit
                                  ORDER BY is_guest, area_no, code COLLATE "C", id) - 1 AS place
        FROM hosted
    ),
    blocked AS (
        SELECT id, unit, least(place, cells - 1) * greatest(1, cells / 4) / cells AS block
        FROM numbered
    ),
    hidden AS (
        SELECT id, bool_or(t.dwellings BETWEEN 1 AND 4) OVER block AS dwellings,
               bool_or(t.households BETWEEN 1 AND 4) OVER block AS households,
               bool_or(t.residents BETWEEN 1 AND 4) OVER block AS residents,
               bool_or(t.cases BETWEEN 1 AND 4) OVER block AS cases,
               bool_or(t.open_cases BETWEEN 1 AND 4) OVER block AS open_cases
        FROM blocked JOIN cell_tally t ON t.cell_id = id
        WINDOW block AS (PARTITION BY unit, block)
    ),
    gone AS (
        DELETE FROM cell_shown s WHERE NOT EXISTS
            (SELECT FROM cell_tally t WHERE t.cell_id = s.cell_id)
    )
    INSERT INTO cell_shown AS s (cell_id, buildings, facilities, dwellings, households, residents,
                                 cases, open_cases)
    SELECT t.cell_id, t.buildings, t.facilities,
           CASE WHEN NOT h.dwellings THEN t.dwellings END,
           CASE WHEN NOT h.households THEN t.households END,
           CASE WHEN NOT h.residents THEN t.residents END,
           CASE WHEN NOT h.cases THEN t.cases END,
           CASE WHEN NOT h.open_cases THEN t.open_cases END
    FROM cell_tally t JOIN hidden h ON h.id = t.cell_id
    ON CONFLICT (cell_id) DO UPDATE SET (buildings, facilities, dwellings, households, residents,
        cases, open_cases) = (EXCLUDED.buildings, EXCLUDED.facilities, EXCLUDED.dwellings,
        EXCLUDED.households, EXCLUDED.residents, EXCLUDED.cases, EXCLUDED.open_cases)
    WHERE (s.buildings, s.facilities, s.dwellings, s.households, s.residents, s.cases,
           s.open_cases) IS DISTINCT FROM
          (EXCLUDED.buildings, EXCLUDED.facilities, EXCLUDED.dwellings, EXCLUDED.households,
           EXCLUDED.residents, EXCLUDED.cases, EXCLUDED.open_cases)
$$;
"""


# By another plan, or on another day, numbers are counted anew, and only for cells that are wholly
# the viewer's: from two drawings of the same ground anybody else could take the difference.
COUNT_ANEW = f"""
CREATE FUNCTION count_anew(of_plan bigint, day date, day_ends timestamptz)
RETURNS TABLE (cell_id bigint, dwellings bigint, households bigint, residents bigint,
               cases bigint, open_cases bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH every AS MATERIALIZED (
        SELECT id, code, area_no, geom FROM grid_cell
        WHERE plan_id = of_plan AND (valid_from IS NULL OR valid_from <= day)
          AND (valid_to IS NULL OR valid_to > day)
    ),
    own AS MATERIALIZED (
        SELECT id FROM every c
        WHERE {IS_OWNER} OR {MAY_COUNT} AND {in_scope("c")} AND NOT EXISTS (
            SELECT FROM grid_cell f JOIN grid_plan p ON p.id = f.plan_id AND p.state = 'published'
            WHERE f.geom && c.geom AND NOT {in_scope("f")}
              AND ST_Relate(f.geom, c.geom, '2********'))
    ),
    home AS (
        SELECT DISTINCT ON (p.id) p.id, c.id AS cell_id
        FROM every c JOIN dwelling p ON ST_Intersects(c.geom, p.geom)
        WHERE {IS_OWNER} OR {in_scope("p")} ORDER BY p.id, c.code COLLATE "C"
    ),
    people AS (
        SELECT d.cell_id, count(DISTINCT d.id) AS dwellings, count(DISTINCT h.id) AS households,
               count(r.id) AS residents
        FROM home d LEFT JOIN household h ON h.dwelling_id = d.id
                    LEFT JOIN resident r ON r.household_id = h.id
        GROUP BY 1
    ),
    told AS (
        SELECT DISTINCT ON (p.id) p.id, c.id AS cell_id, p.closed_at >= day_ends
               OR p.state <> ALL (ARRAY['closed', 'evaluated', 'void']) AS is_open
        FROM every c JOIN case_file p ON ST_Intersects(c.geom, p.geom)
        WHERE ({IS_OWNER} OR {in_scope("p")})
          AND (p.reported_at IS NULL OR p.reported_at < day_ends)
        ORDER BY p.id, c.code COLLATE "C"
    ),
    incidents AS (
        SELECT t.cell_id, count(*) AS cases, count(*) FILTER (WHERE is_open) AS open_cases
        FROM told t GROUP BY 1
    )
    SELECT own.id, coalesce(n.dwellings, 0), coalesce(n.households, 0), coalesce(n.residents, 0),
           coalesce(i.cases, 0), coalesce(i.open_cases, 0)
    FROM own LEFT JOIN people n ON n.cell_id = own.id LEFT JOIN incidents i ON i.cell_id = own.id
$$;
"""


CALLED_BY_THE_APPLICATION = """
REVOKE EXECUTE ON FUNCTION count_cells(text[]), show_counts(),
    count_anew(bigint, date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION count_cells(text[]), count_anew(bigint, date, timestamptz)
    TO wangge_app;
"""


def _run(sql: str) -> None:
    op.get_bind().exec_driver_sql(sql.replace("%", "%%"))


def upgrade() -> None:
    """Count and hide."""
    for step in (COUNTS, SMALL_COUNTS, COUNT_ANEW, CALLED_BY_THE_APPLICATION):
        _run(step)


def downgrade() -> None:
    """Go back to numbers kept by the program."""
    _run("DROP FUNCTION count_anew, count_cells, show_counts")
    _run("ALTER TABLE cell_tally DROP cases")
    _run("ALTER TABLE cell_shown DROP cases")
