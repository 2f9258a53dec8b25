"""Outlines of cells as tiles draw them, workers of each cell counted, and facilities as dots.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"

# All is made from what the store has: what is missing is made when time permits (api.climbing).
# An outline goes with the geometry it was made of, whoever changes that. Nobody puts one in place
# meanwhile: he would do so alone, and those who change share their lock.
UP = """
CREATE TABLE cell_outline (
    zoom SMALLINT NOT NULL,
    cell_id BIGINT NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    shape geometry,
    PRIMARY KEY (zoom, cell_id)
);
CREATE INDEX ix_cell_outline_cell_id ON cell_outline (cell_id);
CREATE TABLE cell_workers (
    cell_id BIGINT NOT NULL,
    full_time NUMERIC NOT NULL,
    PRIMARY KEY (cell_id)
);
GRANT SELECT ON cell_outline, cell_workers TO wangge_app;

CREATE FUNCTION outline_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('wangge outlines'));
    DELETE FROM cell_outline WHERE cell_id = OLD.id;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION outline_gone() FROM PUBLIC;
CREATE TRIGGER outline_gone AFTER UPDATE OF geom OR DELETE ON grid_cell FOR EACH ROW
    EXECUTE FUNCTION outline_gone();

ALTER TABLE facility ADD dot POINT GENERATED ALWAYS AS (point(
    ST_X(geom) * 111319.49079327358,
    ln(tan(0.7853981633974483
           + greatest(least(ST_Y(geom), 89.9), -89.9) * 0.008726646259971648)) * 6378137)) STORED;
CREATE INDEX facility_dot ON facility USING gist (dot) INCLUDE (id, category);
"""
DOWN = """
ALTER TABLE facility DROP dot;
DROP TRIGGER outline_gone ON grid_cell;
DROP FUNCTION outline_gone;
DROP TABLE cell_workers, cell_outline;
DELETE FROM store_fact WHERE key IN ('cell_workers', 'cell_outlines');
"""


def upgrade() -> None:
    """Room for what tiles are made of."""
    op.get_bind().exec_driver_sql(UP)


def downgrade() -> None:
    """Tiles are made of the cells themselves."""
    op.get_bind().exec_driver_sql(DOWN)
