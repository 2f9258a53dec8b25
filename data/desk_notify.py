"""Notices of the desk to the staff of the cells inside of a shape: one for each community."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.desk_inside import Cell
from gis.access import Viewer
from gis.terms_community import Audience


@dataclass(frozen=True)
class Words:
    """What staff are told, and until when it stands."""

    title: str
    body: str
    until: datetime


_NOTIFY = """
    INSERT INTO notice (audience, title, body, cells, from_at, until_at, division_code, account)
    SELECT :audience, :title, :body, array_agg(code ORDER BY code COLLATE "C"), :now, :until,
           division_code, :account
    FROM grid_cell WHERE id = ANY (:cells)
    GROUP BY division_code ORDER BY division_code COLLATE "C"
    RETURNING id
"""


def notify(
    db: Session, words: Words, cells: Sequence[Cell], *, by: Viewer, now: datetime
) -> list[int]:
    """Tell the staff of these cells; the numbers of the notices.

    Raises:
        NotAllowed: a community of theirs is not in the viewer's charge.
    """
    values = {**words.__dict__, "cells": [cell.id for cell in cells], "now": now}
    values |= {"audience": str(Audience.STAFF), "account": by.account}
    return list(db.scalars(sa.text(_NOTIFY), values))
