"""责任 over HTTP: who answers a case and why, who is on duty, and what is changed about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from api.deps import SealDep, SettingsDep, Store, ViewerDep
from gis.duty_facts import Hours, Side
from gis.terms import ClassKind

router = APIRouter()
Answer = dict[str, Any]
Code = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, Field(max_length=200)]
Number = Annotated[int, InPath(lt=2**63)]
DONE = 204


def _on_the_wall(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("is a time of the city's own clock, without an offset")
    return at


Wall = Annotated[time, AfterValidator(_on_the_wall)]


def _local(at: datetime, settings: SettingsDep) -> datetime:
    """A time without an offset is local."""
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(settings.time_zone))


# Who answers


@router.get("/cases/{code:path}/why")
def why(store: Store, viewer: ViewerDep, settings: SettingsDep, code: str) -> Answer:
    """Who answers this case now, and why not the others: steps with reason codes and sentences."""
    import api.actions.duty

    return api.actions.duty.why(
        store, code, by=viewer, now=datetime.now(UTC), zone=settings.time_zone
    )


@router.get("/cells/{code:path}/duty")
def cell(store: Store, settings: SettingsDep, code: str, at: datetime | None = None) -> Answer:
    """Who is on duty for a cell, now or `at`: roles, office names and phones."""
    import api.actions.duty

    moment = _local(at, settings) if at else datetime.now(UTC)
    return api.actions.duty.cell(store, code, at=moment, zone=settings.time_zone)


# The responsibility list


class Line(BaseModel):
    """A line of the list; `division` and `class_code` null: everywhere, all classes."""

    unit: Code
    side: Side
    kind: ClassKind | None = None
    class_code: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2})?$")] | None = None
    division: Code | None = None
    rank: Annotated[int, Field(ge=1, le=99)] = 1
    valid_from: date | None = None


@router.get("/duty/responsibilities")
def responsibilities(
    store: Store,
    viewer: ViewerDep,
    settings: SettingsDep,
    unit: Annotated[str | None, Query(max_length=64)] = None,
    division: Annotated[str | None, Query(max_length=64)] = None,
    class_code: Annotated[str | None, Query(max_length=4)] = None,
) -> list[Answer]:
    """The lines that count now or later, at most 500."""
    import api.actions.duty

    return api.actions.duty.responsibilities(
        store,
        by=viewer,
        today=settings.today(),
        unit=unit,
        division=division,
        class_code=class_code,
    )


@router.post("/duty/responsibilities", status_code=201)
def add_responsibility(
    store: Store, viewer: ViewerDep, settings: SettingsDep, line: Line
) -> Answer:
    """Let a unit answer for a class in a division, from today unless told."""
    import api.actions.duty

    told = line.model_dump(mode="json") | {"valid_from": line.valid_from or settings.today()}
    return api.actions.duty.add_responsibility(store, told, by=viewer)


@router.delete("/duty/responsibilities/{number}", status_code=DONE)
def end_responsibility(
    store: Store, viewer: ViewerDep, settings: SettingsDep, number: Number, on: date | None = None
) -> Response:
    """Let a line end, today unless told."""
    import api.actions.duty

    api.actions.duty.end_responsibility(store, number, on=on or settings.today(), by=viewer)
    return Response(status_code=DONE)


# Workers


class Worked(BaseModel):
    """A shift or opening hours on a weekday (1 is Monday); over midnight when `ends` is earlier."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    starts: Wall
    ends: Wall
    valid_from: date | None = None
    valid_to: date | None = None

    def hours(self) -> Hours:
        """As the rules take it."""
        return Hours(self.weekday, self.starts, self.ends, self.valid_from, self.valid_to)


class Away(BaseModel):
    """From when to when somebody is away."""

    starts_at: datetime
    ends_at: datetime


class Equipped(BaseModel):
    """What a worker can do and how many cases he may have at once; what is not told stays."""

    skills: list[Annotated[str, Field(min_length=1, max_length=20)]] | None = Field(
        None, max_length=20
    )
    capacity: Annotated[int, Field(ge=0, le=100)] | None = None


@router.get("/duty/workers/{code}")
def roster(store: Store, viewer: ViewerDep, code: str) -> Answer:
    """A worker's posts, shifts, leave, skills."""
    import api.actions.duty

    return api.actions.duty.roster(store, code, by=viewer, now=datetime.now(UTC))


@router.patch("/duty/workers/{code}", status_code=DONE)
def equip(store: Store, viewer: ViewerDep, code: str, told: Equipped) -> Response:
    """Set skills and capacity of a worker."""
    import api.actions.duty

    api.actions.duty.equip(store, code, skills=told.skills, capacity=told.capacity, by=viewer)
    return Response(status_code=DONE)


@router.post("/duty/workers/{code}/shifts", status_code=201)
def add_shift(store: Store, viewer: ViewerDep, code: str, shift: Worked) -> Answer:
    """Add a shift to a worker's week."""
    import api.actions.duty

    return api.actions.duty.add_shift(store, code, shift.hours(), by=viewer)


@router.delete("/duty/shifts/{number}", status_code=DONE)
def drop_shift(store: Store, viewer: ViewerDep, number: Number) -> Response:
    """Take a shift back."""
    import api.actions.duty

    api.actions.duty.drop(store, "shift", number, by=viewer)
    return Response(status_code=DONE)


@router.post("/duty/workers/{code}/absences", status_code=201)
def add_absence(
    store: Store, viewer: ViewerDep, settings: SettingsDep, code: str, away: Away
) -> Answer:
    """Note that a worker is away; nobody asks why."""
    import api.actions.duty

    begins, ends = _local(away.starts_at, settings), _local(away.ends_at, settings)
    return api.actions.duty.add_absence(store, code, begins, ends, by=viewer)


@router.delete("/duty/absences/{number}", status_code=DONE)
def drop_absence(store: Store, viewer: ViewerDep, number: Number) -> Response:
    """Take an absence back: he is there."""
    import api.actions.duty

    api.actions.duty.drop(store, "absence", number, by=viewer)
    return Response(status_code=DONE)


# Units


class Spot(BaseModel):
    """A place, WGS-84."""

    lon: float
    lat: float


@router.get("/duty/units/{code}")
def unit(store: Store, viewer: ViewerDep, code: str) -> Answer:
    """A unit with its place and hours."""
    import api.actions.duty

    return api.actions.duty.unit(store, code, by=viewer)


@router.put("/duty/units/{code}/hours", status_code=DONE)
def set_hours(
    store: Store,
    viewer: ViewerDep,
    code: str,
    hours: Annotated[list[Worked], Field(max_length=50)],
) -> Response:
    """Set when a unit can be called; an empty list: always."""
    import api.actions.duty

    api.actions.duty.set_hours(store, code, [one.hours() for one in hours], by=viewer)
    return Response(status_code=DONE)


@router.put("/duty/units/{code}/place", status_code=DONE)
def place_unit(store: Store, viewer: ViewerDep, code: str, spot: Spot) -> Response:
    """Say where a unit sets out from."""
    import api.actions.duty

    api.actions.duty.place_unit(store, code, spot.lon, spot.lat, by=viewer)
    return Response(status_code=DONE)


# Members


class Joined(BaseModel):
    """A member as told: `skills` and `times` as words, 周六 09:00-12:00；周日 14:00-17:00."""

    code: Code | None = None
    unit: Text
    name: Text
    phone: Text | None = None
    skills: Text | None = None
    times: Text | None = None
    cell: Code | None = None


class Reason(BaseModel):
    """Why one member is looked at."""

    reason: Annotated[str, Field(max_length=500)]


@router.get("/duty/members")
def members(
    store: Store,
    viewer: ViewerDep,
    cell: Annotated[str | None, Query(max_length=64)] = None,
    skill: Annotated[str | None, Query(max_length=20)] = None,
) -> list[Answer]:
    """Members in the viewer's charge, masked."""
    import api.actions.members

    return api.actions.members.listed(store, by=viewer, cell=cell, skill=skill)


@router.post("/duty/members", status_code=201)
def register(
    store: Store, viewer: ViewerDep, seal: SealDep, settings: SettingsDep, told: Joined
) -> Answer:
    """Register a member in a cell, or change the one with that code."""
    import api.actions.members

    return api.actions.members.register(
        store, told.model_dump(), by=viewer, seal=seal, zone=settings.time_zone
    )


@router.post("/duty/members/{number}/unmask")
def unmask(store: Store, viewer: ViewerDep, seal: SealDep, number: Number, why: Reason) -> Answer:
    """Name and phone of one member in clear; the journal tells who looked and why."""
    import api.actions.members

    return dict(api.actions.members.unmask(store, number, why.reason, by=viewer, seal=seal))


@router.delete("/duty/members/{number}", status_code=DONE)
def withdraw(store: Store, viewer: ViewerDep, number: Number) -> Response:
    """Take a member out, with name and phone."""
    import api.actions.members

    api.actions.members.withdraw(store, number, by=viewer)
    return Response(status_code=DONE)
