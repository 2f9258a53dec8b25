"""Numbers shown: joined by sets, also where the store does not know yet how many cells there are.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Tables that were empty a moment ago would be held against each other row by row."""
    op.execute("ALTER FUNCTION show_counts() SET enable_nestloop = off")


def downgrade() -> None:
    """As the planner thinks."""
    op.execute("ALTER FUNCTION show_counts() RESET enable_nestloop")
