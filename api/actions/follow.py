"""跟进: whoever reported, asked or applied follows it by a code, without an account."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

import data.follow
import data.scope
import gis.follow
from data.seal import Seal
from gis.access import EVERYWHERE, INTAKE, Right, Viewer
from gis.errors import NotFound
from gis.follow import Followed

RESIDENT = Viewer(login="resident", scope=EVERYWHERE, granted=frozenset({Right.COMMUNITY}))
"""Anybody may ask from anywhere, as anybody may report; he sees nothing but what he follows."""


def code(kind: Followed, number: int, seal: Seal) -> str:
    """The code of a case, question or application: always the same, and kept nowhere."""
    return gis.follow.code(kind, number, _digest(kind, number, seal))


def _digest(kind: Followed, number: int, seal: Seal) -> bytes:
    digest = seal.index("follow", [gis.follow.subject(kind, number)])[0]
    assert digest is not None
    return digest


def follow(store: sa.Engine, told: str, *, seal: Seal) -> dict[str, Any]:
    """Tell where a case, a question or an application stands: states, dates, the answer.

    Raises:
        NotFound: no code of ours; it does not say in what it is wrong.
    """
    kind, number, digest = gis.follow.read(told)
    if not gis.follow.is_true(digest, _digest(kind, number, seal)):
        raise gis.follow.unknown()
    viewer = INTAKE if kind is Followed.CASE else RESIDENT
    with data.scope.transaction(store, viewer, keep=False) as db:
        found = data.follow.told(db, kind, number)
    if found is None:
        raise gis.follow.unknown()
    return found


def read(told: str, kind: Followed, seal: Seal) -> int | None:
    """The number of what a code of this kind follows; None where it is no true one."""
    try:
        found, number, digest = gis.follow.read(told)
    except NotFound:
        return None
    is_true = gis.follow.is_true(digest, _digest(found, number, seal))
    return number if is_true and found is kind else None
