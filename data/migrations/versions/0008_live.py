"""实时: whoever listens hears that a case moved, never what was said.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"

# Told when the act is kept, with whom the case lies by then, and whom this event takes it from:
# so say the events since the last dispatch. Who declined a whistle hears that, and no more.
# What a sheet brings is told once for all of it.
UP = """
CREATE FUNCTION case_event_heard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('wangge_cases', jsonb_build_object(
        'code', f.code, 'area', f.area_no, 'cell', c.code, 'move', NEW.move, 'state', NEW.target,
        'units', (SELECT coalesce(jsonb_agg(DISTINCT u), '[]')
                  FROM (SELECT unnest(f.unit_id || told.units) AS u
                        UNION ALL SELECT coalesce(p.unit_id, m.unit_id) FROM whistle w
                        JOIN whistle_party p ON p.whistle_id = w.id
                        LEFT JOIN member m ON m.id = p.member_id
                        WHERE w.case_id = f.id AND w.state IN ('sounding', 'meeting')
                          AND (p.declined_at IS NULL OR p.declined_at = NEW.at)) held
                  WHERE u IS NOT NULL),
        'workers', (SELECT coalesce(jsonb_agg(DISTINCT w), '[]')
                    FROM unnest(f.worker_id || told.workers) w WHERE w IS NOT NULL))::text)
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id, LATERAL (
        SELECT array_agg((e.detail ->> 'unit')::bigint) AS units,
               array_agg((e.detail ->> 'worker')::bigint) AS workers
        FROM case_event e WHERE e.case_id = f.id AND e.id BETWEEN CASE
            WHEN NEW.move IN ('assign', 'unassign', 'recall', 'return')
            THEN (SELECT max(d.id) FROM case_event d
                  WHERE d.case_id = f.id AND d.id < NEW.id AND d.move = 'dispatch')
            ELSE NEW.id END AND NEW.id) told
    WHERE f.id = NEW.case_id;
    RETURN NULL;
END $$;
CREATE FUNCTION case_events_brought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new WHERE move = 'bring') THEN
        NOTIFY wangge_cases, '{"many": true}';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION case_event_heard(), case_events_brought() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER case_event_heard AFTER INSERT ON case_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.move <> 'bring')
    EXECUTE FUNCTION case_event_heard();
CREATE TRIGGER case_events_brought AFTER INSERT ON case_event REFERENCING NEW TABLE AS new
    FOR EACH STATEMENT EXECUTE FUNCTION case_events_brought();
"""


def upgrade() -> None:
    """Tell what moves."""
    op.get_bind().exec_driver_sql(UP.replace("%", "%%"))


def downgrade() -> None:
    """Be silent again."""
    op.execute("DROP TRIGGER case_events_brought ON case_event")
    op.execute("DROP TRIGGER case_event_heard ON case_event")
    op.execute("DROP FUNCTION case_event_heard, case_events_brought")
