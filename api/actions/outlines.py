"""What tiles are made of, made beforehand: outlines of cells and their workers counted."""

from __future__ import annotations

import sqlalchemy as sa

import data.db
import data.tiles_outlines


def step(store: sa.Engine) -> bool:
    """Make some of what is missing; whether there may be more. Nothing that anybody did is told."""
    with data.db.transaction(store) as db:
        return data.tiles_outlines.step(db)
