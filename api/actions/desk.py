"""The dispatcher's desk: the queue, what lies in a drawn shape, whom to send, named areas."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.areas_named
import data.db
import data.desk_heat
import data.desk_inside
import data.desk_notify
import data.desk_queue
import data.journal
import data.scope
import gis.community
import gis.desk
from api.actions.register import require
from data.desk_inside import Ground
from data.desk_notify import Words
from data.desk_queue import Wanted
from gis.access import Right, Viewer
from gis.desk import Circle
from gis.errors import BadInput, NotFound
from gis.reports import unreadable, untimely

__all__ = ["Circle", "Drawn", "Road", "Wanted", "inside", "queue"]


@dataclass(frozen=True)
class Road:
    """A corridor along a road: a drawn GeoJSON line, or a road's name near a place."""

    width_m: float
    line: Mapping[str, Any] | None = None
    name: str | None = None
    lon: float | None = None
    lat: float | None = None


@dataclass(frozen=True)
class Drawn:
    """What a dispatcher drew or picked: one of a GeoJSON shape, a circle, a road, a named area,
    or cells and divisions by code."""

    shape: Mapping[str, Any] | None = None
    circle: Circle | None = None
    road: Road | None = None
    area: int | None = None
    cells: Sequence[str] = field(default_factory=list)
    divisions: Sequence[str] = field(default_factory=list)


def queue(store: sa.Engine, wanted: Wanted, *, by: Viewer, now: datetime) -> dict[str, Any]:
    """A page of the open cases in the order in which they are due."""
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.desk_queue.listed(db, wanted, now=now)


_SQUARES_M = ((14, 100), (12, 200), (10, 400))
_WIDEST_SQUARE_M = 800
MOST_DAYS = 400


def heat(
    store: sa.Engine, wanted: data.desk_heat.Wanted, *, zoom: int, by: Viewer
) -> dict[str, Any]:
    """Cases per square and day: `origin` (web-Mercator metres of square 0, 0), `size_m`, `from`,
    `days` (how many), and `bins`, flat: x, y, day, cases, x, y, …

    Raises:
        BadInput: a period that ends before it begins, or is longer than 400 days.
    """
    require(by, Right.CASES)
    days = (wanted.until - wanted.since).days + 1
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(
            f"from {wanted.since} to {wanted.until} are {days} days; take 1 to {MOST_DAYS}",
            field="from",
        )
    size = next((size for least, size in _SQUARES_M if zoom >= least), _WIDEST_SQUARE_M)
    with data.scope.transaction(store, by, keep=False) as db:
        size, rows = data.desk_heat.bins(db, wanted, size_m=size)
    west = min((row[0] for row in rows), default=0)
    south = min((row[1] for row in rows), default=0)
    return {
        "origin": [west * size, south * size],
        "size_m": size,
        "from": wanted.since,
        "days": days,
        "cases": sum(row[3] for row in rows),
        "bins": [value for x, y, day, n in rows for value in (x - west, y - south, day, n)],
    }


# What lies inside


def inside(
    store: sa.Engine, drawn: Drawn, *, by: Viewer, now: datetime, today: date
) -> dict[str, Any]:
    """Count what lies inside of a shape, and list its cells, first cases and who can be sent.

    Who sees no persons is told households, residents and care recipients to the nearest five,
    where a shape cuts cells, and none below five: `rounded` and `hidden` name them.

    Raises:
        BadInput: nothing or two things were drawn, or a shape that cannot be used.
        NotFound: a code, road or named area that is not there.
    """
    require(by, Right.COUNTS)
    began = time.perf_counter()
    with data.scope.transaction(store, by, keep=False) as db:
        ground = ground_of(db, drawn, by=by)
        people = people_of(db, ground, by=by)
        sent, responders = data.desk_inside.responders(db, ground, day=today)
        told = {
            "area_m2": _area_m2(ground),
            "cells": [{"code": one.code, "name": one.name, "whole": one.whole}
                      for one in ground.cells],
            "outside": ground.outside,
            "counts": {
                "cases": data.desk_inside.cases(db, ground, now=now),
                **people.counts,
                "facilities": data.desk_inside.facilities(db, ground, day=today),
                "responders": sent,
            },
            "rounded": people.rounded,
            "hidden": people.hidden,
            **data.desk_inside.listed(db, ground, now=now),
            "responders": responders,
        }  # fmt: skip
    return told | {"took_ms": round(1000 * (time.perf_counter() - began), 1)}


def cases_inside(
    store: sa.Engine, drawn: Drawn, *, after: str, by: Viewer, now: datetime
) -> dict[str, Any]:
    """The following page of the open cases inside of a shape: `cases`, and `next` or null.

    Raises:
        BadInput: `after` is no `next` of a page; a shape that cannot be used.
        NotFound: a code, road or named area that is not there.
    """
    require(by, Right.COUNTS)
    with data.scope.transaction(store, by, keep=False) as db:
        return data.desk_inside.listed(db, ground_of(db, drawn, by=by), now=now, after=after)


@dataclass(frozen=True)
class People:
    """Numbers of people inside as the viewer may know them, which are rounded, which hidden."""

    counts: dict[str, Any]
    rounded: list[str]
    hidden: list[str]


def people_of(db: Session, ground: Ground, *, by: Viewer) -> People:
    """Households, residents and care recipients (by category) of a ground."""
    exact = by.may(Right.PERSONS)
    counted = data.desk_inside.homes(db, ground, exact=exact)
    care = data.desk_inside.care(db, ground, exact=exact)
    if exact:
        return People({**counted, "care": {name: round(n) for name, n in care.items()}}, [], [])
    is_cut = bool(ground.border)
    homes: dict[str, float | None] = dict(counted)
    if is_cut:  # whole cells are counted on the map as well
        homes = {name: gis.desk.rounded(count) for name, count in counted.items()}
    told = {name: gis.desk.rounded(count) for name, count in care.items()}
    return People(
        {**homes, "care": told},
        [*(homes if is_cut else ()), "care"],
        [name for name, count in homes.items() if count is None]
        + [f"care.{name}" for name, count in told.items() if count is None],
    )


def ground_of(db: Session, drawn: Drawn, *, by: Viewer) -> Ground:
    """The ground of what was drawn or picked.

    Raises:
        BadInput: nothing or two things were drawn, or a shape that cannot be used.
        NotFound: a code, road or named area that is not there.
    """
    told = [name for name in ("shape", "circle", "road", "area") if getattr(drawn, name)]
    told += ["cells and divisions"] if drawn.cells or drawn.divisions else []
    if len(told) != 1:
        raise BadInput(
            f"{' and '.join(told) or 'nothing'} told; draw one of shape, circle, road, area, or "
            "pick cells and divisions"
        )
    if drawn.cells or drawn.divisions:
        return data.desk_inside.picked(db, cells=drawn.cells, divisions=drawn.divisions, by=by)
    return data.desk_inside.under(db, _shape(db, drawn), by=by)


def _shape(db: Session, drawn: Drawn) -> bytes:
    if drawn.area:
        return data.areas_named.shape_of(db, drawn.area)
    if drawn.shape:
        return shapely.to_wkb(gis.desk.polygon(drawn.shape))
    if drawn.circle:
        return shapely.to_wkb(gis.desk.circle(drawn.circle))
    assert drawn.road is not None
    return shapely.to_wkb(gis.desk.corridor(_course(db, drawn.road), drawn.road.width_m))


def _course(db: Session, road: Road) -> shapely.Geometry:
    if road.line:
        return gis.desk.line(road.line)
    if not road.name or road.lon is None or road.lat is None:
        raise BadInput("draw the road as a line, or name it with a place near it: lon and lat")
    return shapely.from_wkb(data.desk_inside.road(db, road.name, lon=road.lon, lat=road.lat))


def _area_m2(ground: Ground) -> float:
    if ground.shape:
        return gis.desk.area_m2(shapely.from_wkb(ground.shape))
    return round(sum(cell.area_m2 for cell in ground.cells), 1)


# Telling staff


def notify(
    store: sa.Engine, words: Words, drawn: Drawn, *, by: Viewer, now: datetime
) -> dict[str, Any]:
    """Tell the staff of the cells inside, with one notice for each community.

    Raises:
        BadInput: no words, or an end that is over.
        NotAllowed: a community of the cells is not in the viewer's charge.
        NotFound: nothing in the viewer's charge is inside.
    """
    require(by, Right.DISPATCH)
    told = gis.community.checked(
        {"title": words.title, "body": words.body}, needed=("title", "body")
    )
    if fault := untimely(words.until) or (words.until <= now and "is over already"):
        raise BadInput(f"until {fault}", field="until")
    with data.scope.transaction(store, by) as db:
        cells = ground_of(db, drawn, by=by).cells
        if not cells:
            raise NotFound("no cell in your charge lies inside of what was drawn")
        kept = Words(told["title"], told["body"], words.until)
        notices = data.desk_notify.notify(db, kept, cells, by=by, now=now)
        data.db.bump(db, "community")
        data.journal.write(
            db, actor=by.login, act="notify", subject=f"{len(cells)} cells", notices=notices
        )
    return {"notices": notices, "cells": [cell.code for cell in cells]}


def check_words(told: Mapping[str, str], most: Mapping[str, int]) -> None:
    """Refuse texts that are too long or hold what no page can show.

    Raises:
        BadInput: naming all of them in `faults`.
    """
    faults = [
        {"field": name, "value": text[:80], "reason": fault}
        for name, text in told.items()
        if (fault := unreadable(text) or _too_long(text, most[name]))
    ]
    if faults:
        raise BadInput("; ".join(f"{one['field']} {one['reason']}" for one in faults),
                       faults=faults)  # fmt: skip


def _too_long(text: str, most: int) -> str:
    return f"has {len(text)} characters; at most {most}" if len(text) > most else ""
