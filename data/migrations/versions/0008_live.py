"""实时: whoever listens hears that a case moved, never what was said.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"

# Told when the act is kept, with whom the case lies by then, and whom this event takes it from.
# What a sheet brings is told once for all of it.
UP = """
CREATE FUNCTION case_event_heard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('wangge_cases', jsonb_build_object(
        'code', f.code, 'area', f.area_no, 'cell', c.code, 'move', NEW.move, 'state', NEW.target,
        'units', (SELECT coalesce(jsonb_agg(DISTINCT u), '[]')
                  FROM (SELECT f.unit_id AS u UNION ALL SELECT (NEW.detail ->> 'unit')::bigint
                        UNION ALL SELECT p.unit_id FROM whistle w
                        JOIN whistle_party p ON p.whistle_id = w.id
                        WHERE w.case_id = f.id AND w.state IN ('sounding', 'meeting')) held
                  WHERE u IS NOT NULL),
        'workers', (SELECT coalesce(jsonb_agg(DISTINCT w), '[]')
                    FROM unnest(ARRAY[f.worker_id, (NEW.detail ->> 'worker')::bigint]) w
                    WHERE w IS NOT NULL))::text)
    FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id WHERE f.id = NEW.case_id;
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
