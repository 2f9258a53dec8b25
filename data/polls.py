"""投票 in the store: who may vote, and the ballot box, which only counts.

All three go through functions of the store's owner: the application reads no voter and no ballot.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

import gis.polls
import gis.privacy
from data.seal import Seal
from gis.errors import NotFound
from gis.terms_community import PollOf


@dataclass(frozen=True)
class Voter:
    """A resident of the register who proved to be it, and the household."""

    resident: int
    household: int


def voter(db: Session, name: str, id_number: str, phone: str, *, seal: Seal) -> Voter | None:
    """Tell who has all three of name, resident id and telephone; None: nobody."""
    told = {
        "name": seal.index("name", [gis.privacy.fold_name(name)])[0],
        "id_number": seal.index("id_number", [id_number])[0],
        "phone": seal.index("phone", [phone])[0],
    }
    query = "SELECT resident, household FROM voter_known(:name, :id_number, :phone)"
    row = db.execute(sa.text(query), told).one_or_none()
    return Voter(*row) if row else None


_CAST = "SELECT cast_vote(:poll, :resident, :household, :voter, :request, :choice)"


def cast(db: Session, poll: int, choice: int, *, by: Voter, seal: Seal, request_id: str) -> PollOf:
    """Put one vote into the box; the same request again is counted once.

    Raises:
        WanggeError: as `gis.polls.refusal` says; nothing was counted.
    """
    query = "SELECT poll_of FROM poll WHERE id = :poll AND taken_back_at IS NULL"
    found = db.scalar(sa.text(query), {"poll": poll})
    if found is None:
        raise NotFound(f"there is no poll {poll}", value=poll)
    of = PollOf(found)
    elector = f"{poll}:{gis.polls.elector(of, by.resident, by.household)}"
    voter, request = seal.index("voter", [elector, f"{elector}:{request_id}"])
    values = {"poll": poll, "resident": by.resident, "household": by.household, "choice": choice}
    outcome = db.scalar(sa.text(_CAST), values | {"voter": voter, "request": request})
    if outcome != "counted":
        raise gis.polls.refusal(str(outcome), of)
    return of
