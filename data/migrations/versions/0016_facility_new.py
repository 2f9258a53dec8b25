"""设施: staff of a community add the facilities that nobody has listed yet.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"

# In a cell of one's charge, and only what serves people: parts of the city come with their register
NEW = """
CREATE POLICY may_insert ON facility FOR INSERT TO wangge_app WITH CHECK (
    kind = 'service' AND cell_id IN (SELECT cells_in_charge())
    AND (SELECT coalesce('community' = ANY (
        string_to_array(current_setting('wangge.rights', true), ',')), false)));
GRANT INSERT (code, name, kind, category, address, phone, hours, geom, cell_id) ON facility
    TO wangge_app;
"""
DOWN = """
REVOKE INSERT (code, name, kind, category, address, phone, hours, geom, cell_id) ON facility
    FROM wangge_app;
DROP POLICY may_insert ON facility;
"""


def upgrade() -> None:
    """Let editors add."""
    op.get_bind().exec_driver_sql(NEW)


def downgrade() -> None:
    """Only imports add."""
    op.get_bind().exec_driver_sql(DOWN)
