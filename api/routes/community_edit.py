"""社区云 over HTTP, for its editors: pages, questions, volunteers, and what waits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import AwareDatetime, BaseModel, Field

from api.deps import SealDep, Store, ViewerDep
from data.community_edit import Page
from gis.errors import BadInput
from gis.follow import Asked
from gis.terms_community import (
    AskState,
    Audience,
    CouncilKind,
    DecisionState,
    GuideKind,
    PollOf,
)

router = APIRouter(prefix="/community")
Answer = dict[str, Any]
Number = Annotated[int, InPath(ge=1, lt=2**63)]
Seen = Annotated[int, Field(ge=1, lt=2**31)]
SeenInQuery = Annotated[int, Query(ge=1, lt=2**31, description="the version that was seen")]
Code = Annotated[str, Field(max_length=64)]
Line = Annotated[str, Field(max_length=1_000)]
Lines = Annotated[str, Field(max_length=20_000)]
PAGES = {
    "notices": Page.NOTICE,
    "guides": Page.GUIDE,
    "polls": Page.POLL,
    "meetings": Page.MEETING,
    "decisions": Page.DECISION,
}
ASKED = {"questions": Asked.QUESTION, "applications": Asked.APPLICATION}


class Written(BaseModel):
    """What is not told stays as it is; `version` is the one that was seen, for a change.

    A new page may bring a `request_id`: sent again, it is published once.
    """

    version: Seen | None = None
    request_id: Annotated[str, Field(min_length=8, max_length=80)] | None = None


_ABOUT = {"version", "request_id"}


class OfDivision(Written):
    """A page of a division; null: of the whole town, which only who has all of it writes."""

    division: Code | None = None


class Notice(OfDivision):
    """A notice; for some cells only, if told. Plain text, a blank line between paragraphs."""

    audience: Audience = Audience.PUBLIC
    title: Line = ""
    body: Lines = ""
    cells: Annotated[list[Code], Field(max_length=1_000)] | None = None
    from_at: AwareDatetime | None = None
    until_at: AwareDatetime | None = None


class Guide(OfDivision):
    """A guide; `hours` as in OpenStreetMap, such as Mo-Fr 08:30-17:30; Sa 09:00-12:00."""

    kind: GuideKind = GuideKind.SERVICE
    title: Line = ""
    body: Lines = ""
    materials: Annotated[list[Line], Field(max_length=50)] = []
    place: Line | None = None
    hours: Line | None = None
    phone: Line | None = None


class Poll(OfDivision):
    """A poll; once it has opened it may only be taken back."""

    title: Line = ""
    body: Lines = ""
    poll_of: PollOf = PollOf.HOUSEHOLD
    options: Annotated[list[Line], Field(max_length=100)] = []
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None


class Meeting(OfDivision):
    """A meeting that was held, or will be."""

    kind: CouncilKind = CouncilKind.COORDINATION
    title: Line = ""
    body: Lines = ""
    place: Line | None = None
    at: AwareDatetime | None = None


class Decision(Written):
    """What a meeting decided, who does it by when, what became of it."""

    meeting: Annotated[int, Field(ge=1, lt=2**63)] = 0
    words: Lines = ""
    who: Line | None = None
    due_on: date | None = None
    state: DecisionState = DecisionState.OPEN
    outcome: Lines | None = None


# Pages


def _publish(store: Store, viewer: ViewerDep, page: Page, told: Written) -> Answer:
    import api.actions.community_edit

    row = told.model_dump(exclude=_ABOUT, exclude_unset=True)
    return api.actions.community_edit.publish(
        store, page, row, by=viewer, now=datetime.now(UTC), request_id=told.request_id
    )


def _change(store: Store, viewer: ViewerDep, page: Page, number: int, told: Written) -> Answer:
    import api.actions.community_edit

    if told.version is None:
        raise BadInput("say which version you saw", field="version")
    row = told.model_dump(exclude=_ABOUT, exclude_unset=True)
    return api.actions.community_edit.change(
        store, page, number, row, version=told.version, by=viewer, now=datetime.now(UTC)
    )


@router.post("/notices", status_code=201)
def publish_notice(store: Store, viewer: ViewerDep, told: Notice) -> Answer:
    """Publish a notice."""
    return _publish(store, viewer, Page.NOTICE, told)


@router.patch("/notices/{number}")
def change_notice(store: Store, viewer: ViewerDep, number: Number, told: Notice) -> Answer:
    """Change a notice; 409 when somebody did since `version`."""
    return _change(store, viewer, Page.NOTICE, number, told)


@router.post("/guides", status_code=201)
def publish_guide(store: Store, viewer: ViewerDep, told: Guide) -> Answer:
    """Publish a guide."""
    return _publish(store, viewer, Page.GUIDE, told)


@router.patch("/guides/{number}")
def change_guide(store: Store, viewer: ViewerDep, number: Number, told: Guide) -> Answer:
    """Change a guide; 409 when somebody did since `version`."""
    return _change(store, viewer, Page.GUIDE, number, told)


@router.post("/polls", status_code=201)
def publish_poll(store: Store, viewer: ViewerDep, told: Poll) -> Answer:
    """Publish a poll."""
    return _publish(store, viewer, Page.POLL, told)


@router.patch("/polls/{number}")
def change_poll(store: Store, viewer: ViewerDep, number: Number, told: Poll) -> Answer:
    """Change a poll; 409 when somebody did since `version`."""
    return _change(store, viewer, Page.POLL, number, told)


@router.post("/meetings", status_code=201)
def publish_meeting(store: Store, viewer: ViewerDep, told: Meeting) -> Answer:
    """Publish a meeting."""
    return _publish(store, viewer, Page.MEETING, told)


@router.patch("/meetings/{number}")
def change_meeting(store: Store, viewer: ViewerDep, number: Number, told: Meeting) -> Answer:
    """Change a meeting; 409 when somebody did since `version`."""
    return _change(store, viewer, Page.MEETING, number, told)


@router.post("/decisions", status_code=201)
def publish_decision(store: Store, viewer: ViewerDep, told: Decision) -> Answer:
    """Publish a decision of a meeting."""
    return _publish(store, viewer, Page.DECISION, told)


@router.patch("/decisions/{number}")
def change_decision(store: Store, viewer: ViewerDep, number: Number, told: Decision) -> Answer:
    """Change a decision of a meeting; 409 when somebody did since `version`."""
    return _change(store, viewer, Page.DECISION, number, told)


Named = Literal["notices", "guides", "polls", "meetings", "decisions"]


@router.get("/pages/{page}")
def pages(store: Store, viewer: ViewerDep, page: Named, taken_back: bool = False) -> list[Answer]:
    """The pages of a kind in the editor's charge, coming and past ones too, the newest first; with
    `taken_back` those that can be restored."""
    import api.actions.community_edit

    return api.actions.community_edit.pages(store, PAGES[page], taken_back=taken_back, by=viewer)


@router.get("/charge")
def charge(
    store: Store, viewer: ViewerDep, division: Annotated[str | None, Query(max_length=64)] = None
) -> Answer:
    """Where the editor may publish: the divisions of his charge; `cells` of the one named."""
    import api.actions.community_edit

    return api.actions.community_edit.charge(store, by=viewer, division=division)


@router.delete("/pages/{page}/{number}")
def take_back(
    store: Store, viewer: ViewerDep, page: Named, number: Number, version: SeenInQuery
) -> Answer:
    """Take a page back; nobody reads it any more. `restore` undoes it, as of the version told."""
    import api.actions.community_edit

    return api.actions.community_edit.take_back(
        store, PAGES[page], number, version=version, by=viewer, now=datetime.now(UTC)
    )


@router.post("/pages/{page}/{number}/restore")
def restore(
    store: Store, viewer: ViewerDep, page: Named, number: Number, version: SeenInQuery
) -> Answer:
    """Undo a taking back: everybody reads the page again as it was."""
    import api.actions.community_edit

    return api.actions.community_edit.restore(
        store, PAGES[page], number, version=version, by=viewer
    )


# What residents asked


class Answered(BaseModel):
    """An answer, or the reason why there is none."""

    version: Seen
    words: Lines


class Accepted(BaseModel):
    """A volunteer is taken in: into the team of his community, or `unit` by its code."""

    version: Seen
    unit: Code | None = None
    words: Lines = ""


class Reason(BaseModel):
    """Why a name and a telephone are looked at."""

    reason: Line


Kind = Literal["questions", "applications"]


@router.get("/work")
def work(store: Store, viewer: ViewerDep) -> Answer:
    """What waits: questions and applications by deadline, polls about to close, open decisions."""
    import api.actions.community_edit

    return api.actions.community_edit.work(store, by=viewer)


@router.get("/asked/{asked}")
def asked(
    store: Store, viewer: ViewerDep, asked: Kind, state: AskState | None = None
) -> list[Answer]:
    """Questions or applications in the editor's charge, masked."""
    import api.actions.community_edit

    return api.actions.community_edit.asked(store, ASKED[asked], by=viewer, state=state)


@router.post("/questions/{number}/answer")
def answer(store: Store, viewer: ViewerDep, number: Number, told: Answered) -> Answer:
    """Answer a question; who asked reads it by his code."""
    import api.actions.community_edit

    return api.actions.community_edit.answer(
        store, Asked.QUESTION, number, told.words, version=told.version, by=viewer,
        now=datetime.now(UTC),
    )  # fmt: skip


@router.post("/{asked}/{number}/decline")
def decline(store: Store, viewer: ViewerDep, asked: Kind, number: Number, told: Answered) -> Answer:
    """Decline a question or an application, with a reason."""
    import api.actions.community_edit

    return api.actions.community_edit.answer(
        store, ASKED[asked], number, told.words, version=told.version, by=viewer,
        now=datetime.now(UTC), decline=True,
    )  # fmt: skip


@router.post("/applications/{number}/accept")
def accept(
    store: Store, viewer: ViewerDep, seal: SealDep, number: Number, told: Accepted
) -> Answer:
    """Take a volunteer into a team; he is one of its members then."""
    import api.actions.community_edit

    return api.actions.community_edit.accept(
        store, number, version=told.version, unit=told.unit, words=told.words, by=viewer,
        seal=seal, now=datetime.now(UTC),
    )  # fmt: skip


@router.post("/{asked}/{number}/contact")
def contact(
    store: Store, viewer: ViewerDep, seal: SealDep, asked: Kind, number: Number, why: Reason
) -> Answer:
    """Name and telephone of who asked, in clear; the journal tells who looked and why."""
    import api.actions.community_edit

    return dict(
        api.actions.community_edit.contact(
            store, ASKED[asked], number, why.reason, by=viewer, seal=seal
        )
    )
