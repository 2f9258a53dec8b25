"""投票: when a poll is open, what may stand in it, what became of a vote, what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gis.errors import BadInput, Conflict, NotAllowed, NotFound, WanggeError
from gis.privacy import SMALLEST_COUNT
from gis.terms import Labelled
from gis.terms_community import PollOf

LEAST_OPTIONS, MOST_OPTIONS = 2, 20


class PollState(Labelled):
    """Where a poll stands; its result is told when it is closed."""

    COMING = "coming", "未开始"
    OPEN = "open", "进行中"
    CLOSED = "closed", "已结束"


def state(opens_at: datetime, closes_at: datetime, now: datetime) -> PollState:
    """Where a poll stands now."""
    if now < opens_at:
        return PollState.COMING
    return PollState.OPEN if now < closes_at else PollState.CLOSED


def check(poll: Mapping[str, Any], *, now: datetime) -> None:
    """Refuse a poll that nobody could vote in.

    Raises:
        BadInput: naming all that is wrong with its options and times.
    """
    options: Sequence[str] = poll["options"]
    faults = []
    if not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        faults.append(f"{len(options)} options: give {LEAST_OPTIONS} to {MOST_OPTIONS}")
    if len(set(options)) < len(options):
        faults.append("two options are the same")
    if poll["closes_at"] <= poll["opens_at"]:
        faults.append("it closes before it opens")
    elif poll["closes_at"] <= now:
        faults.append("it would be over already")
    if faults:
        raise BadInput("; ".join(faults), faults=faults)


def check_stands(opens_at: datetime, now: datetime) -> None:
    """Refuse to change a poll that somebody may have voted in.

    Raises:
        Conflict: it is open, or was.
    """
    if opens_at <= now:
        raise Conflict("this poll has opened: it may be taken back, but not changed")


def elector(of: PollOf, resident: int, household: int) -> str:
    """Whose one vote it is; its keyed hash is all that is kept of who voted."""
    return f"household:{household}" if of is PollOf.HOUSEHOLD else f"resident:{resident}"


def refusal(outcome: str, of: PollOf) -> WanggeError:
    """Say why a vote was not counted."""
    whose = "your household has" if of is PollOf.HOUSEHOLD else "you have"
    refusals: dict[str, WanggeError] = {
        "coming": Conflict("this poll is not open yet"),
        "closed": Conflict("this poll is closed; see its result"),
        "no choice": BadInput("this poll has no such choice", field="choice"),
        "elsewhere": NotAllowed("this poll is for those who live in its community"),
        "moved": NotAllowed(
            "the register knows you elsewhere by now: say once more who you are", verify=True
        ),
        "voted": Conflict(f"{whose} voted in this poll already; a vote is counted once"),
    }
    return refusals.get(outcome) or NotFound("there is no such poll")


def result(options: Sequence[str], votes: Mapping[int, int]) -> dict[str, Any]:
    """What is told of a closed poll: the votes of each option by its number from 1.

    Of fewer than five votes only that they were few: the split would tell who voted what.
    """
    total = sum(votes.values())
    is_hidden = 0 < total < SMALLEST_COUNT
    return {
        "votes": None if is_hidden else total,
        "hidden": is_hidden,
        "options": [
            {"choice": number, "words": words,
             "votes": None if is_hidden else votes.get(number, 0)}
            for number, words in enumerate(options, 1)
        ],
    }  # fmt: skip
