"""社区云: what its editors do. They write its pages, answer questions and take volunteers in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.community_edit
import data.db
import data.journal
import data.questions
import data.scope
import data.volunteers
import gis.community
import gis.polls
from api.actions.register import reason_of, require
from data.community_edit import Page
from data.seal import Seal
from gis.access import Right, Viewer
from gis.errors import BadInput, NotAllowed
from gis.follow import Asked
from gis.terms_community import AskState, Audience

NEEDED: dict[Page, tuple[str, ...]] = {
    Page.NOTICE: ("title", "body"),
    Page.GUIDE: ("title", "body"),
    Page.POLL: ("title", "options", "closes_at"),
    Page.MEETING: ("title", "body", "at"),
    Page.DECISION: ("words", "meeting"),
}
_DEFAULTS: dict[Page, dict[str, Any]] = {
    Page.NOTICE: {"audience": Audience.PUBLIC},
    Page.GUIDE: {"kind": "service"},
    Page.POLL: {"poll_of": "household", "body": "", "opens_at": None},
    Page.MEETING: {"kind": "coordination"},
    Page.DECISION: {},
}
_COLUMNS = {"division": "division_code", "meeting": "council_id"}
"""Fields that the tables call otherwise."""
_BLANKS: dict[str, Any] = {"materials": [], "body": "", "state": "open"}
"""What an empty field is where the tables know no null."""
_FROM_NOW = ("from_at", "opens_at")


# Pages


def pages(
    store: sa.Engine, page: Page, *, taken_back: bool = False, by: Viewer
) -> list[dict[str, Any]]:
    """The rows in the viewer's charge, as an editor sees them; or those that were taken back."""
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.community_edit.listed(db, page, taken_back=taken_back)


def charge(store: sa.Engine, *, by: Viewer, division: str | None = None) -> dict[str, Any]:
    """Where the viewer may publish, and the cells of one division to pick from."""
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.community_edit.charge(db, division)


def publish(
    store: sa.Engine,
    page: Page,
    told: Mapping[str, Any],
    *,
    by: Viewer,
    now: datetime,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Write a new notice, guide, poll, meeting or decision; the same request publishes once.

    Raises:
        BadInput: naming all that cannot be kept.
        NotAllowed: the division is not in the viewer's charge.
    """
    require(by, Right.COMMUNITY)
    blank = dict.fromkeys(NEEDED[page])
    whole = {**blank, **_DEFAULTS[page], **told}
    checked = gis.community.checked(whole, needed=NEEDED[page], of_week=["hours"])
    request = request_id and f"{by.account}:{request_id}"  # nobody meets another's
    with data.scope.transaction(store, by) as db:
        row = _row(db, page, checked, {}, now) | {"account": by.account, "request_id": request}
        number = data.community_edit.add(db, page, row)
        if number is None:
            return data.community_edit.published(db, page, str(request))
        _close(db, page, number, "publish", by)
    return {"id": number, "version": 1}


def change(
    store: sa.Engine,
    page: Page,
    number: int,
    told: Mapping[str, Any],
    *,
    version: int,
    by: Viewer,
    now: datetime,
) -> dict[str, Any]:
    """Change what is told of a row, as of the version that was seen; the rest stays.

    Raises:
        NotFound, NotAllowed: there is none, or not in the viewer's charge.
        Conflict: somebody changed it since, or a poll that is open.
        BadInput: naming all that cannot be kept.
    """
    require(by, Right.COMMUNITY)
    needed = [one for one in NEEDED[page] if one in told]
    checked = gis.community.checked(told, needed=needed, of_week=["hours"])
    with data.scope.transaction(store, by) as db:
        before = data.community_edit.one(db, page, number)
        row = _row(db, page, checked, before, now) | {"account": by.account}
        after = data.community_edit.change(db, page, number, row, version=version)
        _close(db, page, number, "change", by)
    return {"id": number, "version": after}


def take_back(
    store: sa.Engine, page: Page, number: int, *, version: int, by: Viewer, now: datetime
) -> dict[str, Any]:
    """Take a row back: nobody reads it any more; a poll then has no result.

    Raises:
        As `change`.
    """
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by) as db:
        data.community_edit.one(db, page, number)
        row = {"taken_back_at": now, "account": by.account}
        after = data.community_edit.change(db, page, number, row, version=version)
        _close(db, page, number, "take back", by)
    return {"id": number, "version": after}


def restore(
    store: sa.Engine, page: Page, number: int, *, version: int, by: Viewer
) -> dict[str, Any]:
    """Undo a taking back: the row is read again as it was; votes of a poll count again.

    Raises:
        NotFound, NotAllowed: nothing of that number was taken back, or not in the viewer's charge.
        Conflict: it was restored and taken back again since.
    """
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by) as db:
        data.community_edit.one(db, page, number, taken_back=True)
        row = {"taken_back_at": None, "account": by.account}
        after = data.community_edit.change(db, page, number, row, version=version, taken_back=True)
        _close(db, page, number, "restore", by)
    return {"id": number, "version": after}


def _row(
    db: Session, page: Page, told: dict[str, Any], before: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The columns of what was told, checked beside what stands."""
    whole = before | {_COLUMNS.get(name, name): value for name, value in told.items()}
    blanks = _BLANKS | dict.fromkeys(_FROM_NOW, now)
    whole |= {name: blanks[name] for name in whole.keys() & blanks if whole[name] is None}
    row = {name: whole[name] for name in (_COLUMNS.get(one, one) for one in told)}
    if page is not Page.DECISION:
        cells = whole.get("cells")
        data.community_edit.check_place(db, whole.get("division_code"), cells)
    if page is Page.GUIDE and "title" in row:
        row["initials"] = gis.community.initials(row["title"])
    if page is Page.POLL:
        if before:
            gis.polls.check_stands(before["opens_at"], now)
        gis.polls.check(whole, now=now)
    if page is Page.NOTICE and whole.get("until_at"):
        _check_forward(whole.get("from_at") or now, whole["until_at"])
    if page is Page.DECISION and "council_id" in row:
        data.community_edit.one(db, Page.MEETING, row["council_id"])
    return row


def _check_forward(begins: datetime, ends: datetime) -> None:
    if ends <= begins:
        raise BadInput(f"it ends {ends}, before it begins {begins}", field="until_at")


def _close(db: Session, page: Page, number: int, act: str, by: Viewer) -> None:
    data.db.bump(db, "community")
    data.journal.write(db, actor=by.login, act=act, subject=f"{page}:{number}")


# What residents asked


def work(store: sa.Engine, *, by: Viewer) -> dict[str, Any]:
    """What waits for the viewer: questions and applications by deadline, polls, decisions."""
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by, keep=False) as db:
        return {
            "questions": data.questions.listed(db, Asked.QUESTION, state=AskState.WAITING),
            "applications": data.questions.listed(db, Asked.APPLICATION, state=AskState.WAITING),
            "polls": data.community_edit.ending(db),
            "decisions": data.community_edit.undone(db),
        }


def set_answer_days(store: sa.Engine, days: float, *, by: Viewer) -> None:
    """Let questions from now on be answered within so many work days; those asked keep theirs.

    Raises:
        BadInput: less than half a day, or more than a hundred.
        NotAllowed: only at the machine of the store.
    """
    _set_days(store, data.questions.ANSWER_DAYS, days, between=(0.5, 100), by=by)


def set_contact_days(store: sa.Engine, days: float, *, by: Viewer) -> None:
    """Keep names and telephones so many days after the answer; what is older is erased soon.

    Raises:
        BadInput: less than a day, or more than a year.
        NotAllowed: only at the machine of the store.
    """
    _set_days(store, data.questions.CONTACT_DAYS, days, between=(1, 365), by=by)


def _set_days(
    store: sa.Engine, fact: str, days: float, *, between: tuple[float, float], by: Viewer
) -> None:
    if not by.is_operator:
        raise NotAllowed("this is set at the store's own machine")
    least, most = between
    if not least <= days <= most:
        raise BadInput(f"{days:g} days: take {least:g} to {most:g}", field="days", value=days)
    with data.scope.transaction(store, by) as db:
        data.questions.set_days(db, fact, days)
        data.journal.write(db, actor=by.login, act=fact, days=days)


def asked(
    store: sa.Engine, kind: Asked, *, by: Viewer, state: AskState | None
) -> list[dict[str, Any]]:
    """What was asked in the viewer's charge, masked."""
    require(by, Right.COMMUNITY)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.questions.listed(db, kind, state=state)


def answer(
    store: sa.Engine,
    kind: Asked,
    number: int,
    words: str,
    *,
    version: int,
    by: Viewer,
    now: datetime,
    decline: bool = False,
) -> dict[str, Any]:
    """Answer a question, or decline a question or an application with a reason.

    Raises:
        NotFound: it is not in the viewer's charge. Conflict: it was answered since.
        BadInput: no words, or some that cannot be kept.
    """
    require(by, Right.COMMUNITY)
    checked = gis.community.checked({"answer": words}, needed=("answer",))
    state = AskState.DECLINED if decline else AskState.ANSWERED
    with data.scope.transaction(store, by) as db:
        data.questions.waiting(db, kind, number, version)
        data.questions.answer(
            db, kind, number, state=state, words=checked["answer"], account=by.account, now=now
        )
        data.journal.write(db, actor=by.login, act=str(state), subject=f"{kind}:{number}")
    return {"id": number, "state": state, "version": version + 1}


def accept(
    store: sa.Engine,
    number: int,
    *,
    version: int,
    unit: str | None,
    words: str,
    by: Viewer,
    seal: Seal,
    now: datetime,
) -> dict[str, Any]:
    """Take a volunteer into a team, that of his community unless named; he is a member then.

    Raises:
        NotFound: the application is not in the viewer's charge, or there is no such team.
        Conflict: it was decided since, or the community has no team.
    """
    require(by, Right.COMMUNITY)
    told = gis.community.checked({"answer": words, "unit": unit})
    # Who may take volunteers in may write them into the roster of his own cells
    acting = replace(by, granted=by.granted | {Right.DUTY})
    with data.scope.transaction(store, acting) as db:
        applied = data.questions.waiting(db, Asked.APPLICATION, number, version)
        team = data.volunteers.team(db, applied["division_code"], told["unit"])
        person = data.questions.contact(db, Asked.APPLICATION, number, seal=seal)
        data.volunteers.enlist(db, applied | person, team, seal=seal)
        data.questions.answer(
            db, Asked.APPLICATION, number, state=AskState.ANSWERED, words=told["answer"],
            account=by.account, now=now,
        )  # fmt: skip
        data.journal.write(
            db, actor=by.login, act="accept", subject=f"application:{number}", unit=team
        )
    return {"id": number, "state": AskState.ANSWERED, "version": version + 1, "unit": team}


def contact(
    store: sa.Engine, kind: Asked, number: int, reason: str, *, by: Viewer, seal: Seal
) -> dict[str, str | None]:
    """Name and telephone of who asked, for a reason; the journal line is kept before the answer.

    Raises:
        BadInput: the reason is too short. NotFound: nobody left any in the viewer's charge.
    """
    require(by, Right.COMMUNITY)
    reason = reason_of(reason)
    with data.scope.transaction(store, by) as db:
        clear = data.questions.contact(db, kind, number, seal=seal)
        for value in clear.values():
            reason = reason.replace(value, "***") if value else reason
        data.journal.write(
            db, actor=by.login, act="unmask", subject=f"{kind}:{number}", reason=reason
        )
    return clear
