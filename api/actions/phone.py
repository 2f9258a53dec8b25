"""The keys of what a phone keeps: half from here, half in the browser."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import sqlalchemy as sa

import data.scope
import data.worker_day
from data.seal import Seal
from data.sign_in import Entered


def halves(store: sa.Engine, entered: Entered, seal: Seal, *, now: datetime) -> dict[str, Any]:
    """Tell the server's halves, whose they are, when the sign-in ends and what time it is.

    `day` is the session's: when that has ended nobody is given it any more. `queue` is the
    account's: what waits is opened again when the same account signs in again.
    """
    by = entered.viewer
    with data.scope.transaction(store, by, keep=False) as db:
        ends_at = data.worker_day.ends_at(db, entered.session)
    return {
        "session": entered.session,
        "account": by.account,
        "login": by.login,
        "at": now,
        "ends_at": ends_at,
        "day": _text(seal.half("day of session", entered.session)),
        "queue": _text(seal.half("queue of account", by.account)),
    }


def _text(half: bytes) -> str:
    return base64.b64encode(half).decode()
