"""The dispatcher's desk over HTTP: the queue, what lies inside of a shape, named areas.

A shape is told in WGS-84 degrees.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.responses import Response

import gis.dials
from api.deps import SealDep, SettingsDep, Store, Streams, ViewerDep
from gis.terms import CaseState, ClassKind

router = APIRouter(tags=["desk"])
Answer = dict[str, Any]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[int, InPath(ge=1, lt=2**63)]
Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]
MOST_CODES = 5_000
DONE = 204


class Circle(BaseModel):
    """All within so many metres of a place."""

    lon: float
    lat: float
    radius_m: float


class Road(BaseModel):
    """All along a road, half of `width_m` to either side: a drawn line, or a name near a place."""

    width_m: float
    line: dict[str, Any] | None = None
    name: Annotated[str, Field(max_length=100)] | None = None
    lon: float | None = None
    lat: float | None = None


class Inside(BaseModel):
    """What was drawn or picked: one of shape, circle, road, area; or cells and divisions."""

    shape: dict[str, Any] | None = Field(None, description="GeoJSON Polygon or MultiPolygon")
    circle: Circle | None = None
    road: Road | None = None
    area: int | None = Field(None, ge=1, lt=2**63, description="number of a named area")
    cells: Annotated[list[Code], Field(max_length=MOST_CODES)] = []
    divisions: Annotated[list[Code], Field(max_length=MOST_CODES)] = []

    @property
    def is_drawn(self) -> bool:
        """Whether anything is told."""
        return bool(
            self.shape or self.circle or self.road or self.area or self.cells or self.divisions
        )

    def drawn(self) -> Any:
        """As the acts take it."""
        from api.actions import desk

        return desk.Drawn(
            shape=self.shape,
            circle=desk.Circle(**self.circle.model_dump()) if self.circle else None,
            road=desk.Road(**self.road.model_dump()) if self.road else None,
            area=self.area,
            cells=self.cells,
            divisions=self.divisions,
        )


@router.get("/desk/queue")
def queue(
    store: Store,
    viewer: ViewerDep,
    state: Annotated[list[CaseState] | None, Query()] = None,
    area: Annotated[str | None, Query(max_length=64)] = None,
    kind: ClassKind | None = None,
    class_code: Annotated[str | None, Query(alias="class", max_length=64)] = None,
    overdue: bool = False,
    after: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Answer:
    """Open cases by what is due next, with the share of the running clock; first page: facets.

    `next` is the `after` of the following page.
    """
    import api.actions.desk

    wanted = api.actions.desk.Wanted(
        states=state or [], area=area, kind=kind, class_code=class_code, overdue=overdue,
        after=after, limit=limit,
    )  # fmt: skip
    return api.actions.desk.queue(store, wanted, by=viewer, now=datetime.now(UTC))


@router.post("/desk/inside")
def inside(store: Store, viewer: ViewerDep, settings: SettingsDep, asked: Inside) -> Answer:
    """What lies inside, of the viewer's part of the city; `rounded` numbers are to the nearest
    five, `hidden` ones below five."""
    import api.actions.desk

    return api.actions.desk.inside(
        store, asked.drawn(), by=viewer, now=datetime.now(UTC), today=settings.today()
    )


class Further(Inside):
    """The page of cases that begins after another; `after` is its `next`."""

    after: Annotated[str, Field(min_length=1, max_length=80)]


@router.post("/desk/inside/cases")
def cases_inside(store: Store, viewer: ViewerDep, asked: Further) -> Answer:
    """The open cases inside after those that POST /desk/inside told, 200 at a time."""
    import api.actions.desk

    return api.actions.desk.cases_inside(
        store, asked.drawn(), after=asked.after, by=viewer, now=datetime.now(UTC)
    )


@router.get("/desk/heat")
def heat(
    store: Store,
    viewer: ViewerDep,
    settings: SettingsDep,
    since: Annotated[Day | None, Query(alias="from")] = None,
    until: Annotated[Day | None, Query(alias="to")] = None,
    kind: ClassKind | None = None,
    class_code: Annotated[str | None, Query(alias="class", max_length=64)] = None,
    z: Annotated[int, Query(ge=0, le=22)] = 14,
) -> Answer:
    """The viewer's cases per web-Mercator square and day of reporting; the last 30 days by default.

    `bins` is flat: x, y, day, cases, x, y, … in squares of `size_m` from `origin`.
    """
    import api.actions.desk
    from data.desk_heat import Wanted

    last = until or settings.today()
    wanted = Wanted(since or last - timedelta(days=29), last, settings.time_zone, kind, class_code)
    return api.actions.desk.heat(store, wanted, zoom=z, by=viewer)


class To(BaseModel):
    """To whom: whoever is proposed, or by code one worker or one unit."""

    proposal: bool = False
    worker: Code | None = None
    unit: Code | None = None


class Assign(Inside):
    """Cases by code, or those that wait inside of what was drawn; `hand` is CASE=WORKER."""

    to: To
    codes: Annotated[list[Code], Field(max_length=MOST_CODES)] = []
    own_cell_s: Annotated[float, Field(ge=0, le=7200)] = 180.0
    fairness_s: Annotated[float, Field(ge=0, le=7200)] = 30.0
    hand: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=500)] = []


@router.post("/desk/assign")
def assign(store: Store, viewer: ViewerDep, asked: Assign) -> Answer:
    """Lines for the cases, as GET /dispatch/proposal gives them; POST /dispatch sends them.

    `left` are the codes that were picked and do not wait to be dispatched.
    """
    import api.actions.desk_assign as acts
    from api.actions.dispatching import by_hand
    from gis.dispatch_pairs import Rules

    found, left = acts.assign(
        store,
        acts.Asked(
            to=acts.To(**asked.to.model_dump()),
            codes=asked.codes,
            drawn=asked.drawn() if asked.is_drawn else None,
            rules=Rules(own_cell=asked.own_cell_s, fairness=asked.fairness_s),
            held=by_hand(asked.hand),
        ),
        by=viewer,
        now=datetime.now(UTC),
    )
    return {
        "items": [asdict(item) for item in found.items],
        "dials": [asdict(dial) for dial in found.dials],
        "left": left,
    }


@router.get("/desk/responders")
def responders(
    store: Store,
    viewer: ViewerDep,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    q: Annotated[str, Query(max_length=60)] = "",
    bbox: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=300)] = 50,
) -> Answer:
    """Whom one may send, the nearest to a place first: `workers` with posts in one's charge, by
    words of a name, code or cell, or in a box west,south,east,north; and `units`."""
    import api.actions.desk_assign as acts
    import data.layers
    from data.desk_responders import Wanted

    box = data.layers.read_box(bbox) if bbox else None
    wanted = Wanted((lon, lat), q.strip(), box, limit)
    return acts.responders(store, wanted, by=viewer, now=datetime.now(UTC))


class Notify(Inside):
    """What the staff of the cells inside are told, and until when it stands."""

    title: Annotated[str, Field(max_length=1000)]
    body: Annotated[str, Field(max_length=20_000)]
    until: datetime


@router.post("/desk/notify", status_code=201)
def notify(store: Store, viewer: ViewerDep, asked: Notify) -> Answer:
    """Tell the staff of the cells inside, with one notice for each community."""
    import api.actions.desk
    from data.desk_notify import Words

    words = Words(asked.title, asked.body, asked.until)
    return api.actions.desk.notify(store, words, asked.drawn(), by=viewer, now=datetime.now(UTC))


class Taken(StrEnum):
    """What is exported of a named area."""

    CASES = "cases"
    FACILITIES = "facilities"


@router.get("/desk/export")
def export(
    store: Store,
    settings: SettingsDep,
    viewer: ViewerDep,
    seal: SealDep,
    streams: Streams,
    area: Annotated[int, Query(ge=1, lt=2**63)],
    kind: Taken = Taken.CASES,
    suffix: Annotated[str, Query(max_length=10)] = "xlsx",
) -> Response:
    """The cases or facilities inside of a named area as a file; who takes them is journalled."""
    from api.routes.export import export

    name = f"{kind}.{suffix.removeprefix('.')}"
    return export(store, settings, viewer, seal, streams, name, named_area=area)


# Named areas


class Named(Inside):
    """A shape to be kept, with a name."""

    name: Annotated[str, Field(max_length=200)]
    purpose: Annotated[str, Field(max_length=1000)] = ""


@router.get("/areas")
def areas(store: Store, viewer: ViewerDep) -> Answer:
    """The named areas in the viewer's charge, with their shapes."""
    import api.actions.desk_areas as acts

    return {"areas": acts.areas(store, by=viewer)}


@router.post("/areas", status_code=201)
def keep_area(store: Store, viewer: ViewerDep, named: Named) -> Answer:
    """Keep what was drawn by a name."""
    import api.actions.desk_areas as acts

    return acts.keep(
        store, named.name, named.purpose, named.drawn(), by=viewer, now=datetime.now(UTC)
    )


class Redrawn(Named):
    """What comes in the place of a named area that was made at `made_at`."""

    made_at: datetime


@router.put("/areas/{number}")
def redraw_area(store: Store, viewer: ViewerDep, number: Number, told: Redrawn) -> Answer:
    """Draw a named area anew; 409 if somebody else did so meanwhile."""
    import api.actions.desk_areas as acts

    return acts.redraw(
        store, number, told.name, told.purpose, told.drawn(), seen=told.made_at, by=viewer,
        now=datetime.now(UTC),
    )  # fmt: skip


@router.delete("/areas/{number}", status_code=DONE)
def drop_area(store: Store, viewer: ViewerDep, number: Number) -> Response:
    """Forget a named area."""
    import api.actions.desk_areas as acts

    acts.drop(store, number, by=viewer)
    return Response(status_code=DONE)
