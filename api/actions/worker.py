"""网格员的一天: all that the phone of who works in cells keeps, answered at once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.duty
import data.scope
import data.worker_day
import gis.cases
import gis.duty
import gis.pinyin
import gis.way
from api.actions.register import require
from data.sign_in import Entered
from data.worker_day import Ground
from gis.access import Right, Viewer
from gis.duty_facts import Posted
from gis.terms import Move, PostRole
from gis.way import Urgency

Answer = dict[str, Any]
AHEAD = timedelta(days=7)
"""Visits that are due within so many days go along."""
_FRESH_FOR_S = 300
"""What only time changes (who is on duty, what is overdue) is told anew after so long."""


def day(
    store: sa.Engine, entered: Entered, *, now: datetime, zone: str, held: str = ""
) -> tuple[str, Answer | None]:
    """All of the day and the tag it is known by; no day when who asks holds that tag already."""
    by = entered.viewer
    require(by, Right.CASES)
    with data.scope.transaction(store, by, keep=False) as db:
        tag = _tag(by, data.worker_day.version(db), now)
        if tag in held:
            return tag, None
        local = now.astimezone(ZoneInfo(zone))
        at = data.worker_day.ground(db, by, now=local, today=local.date(), zone=zone)
        return tag, {
            "me": data.worker_day.me(db, by),
            "ends_at": data.worker_day.ends_at(db, entered.session),
            "at": local,
            **_work(db, at),
            "cells": _cells(db, at),
            "homes": data.worker_day.homes(db, at) if by.may(Right.PERSONS) else [],
            "classes": [_spelled(one) for one in data.worker_day.classes(db, at)],
            "notices": data.worker_day.notices(db, at),
            "units": data.worker_day.units(db, at),
            "colleagues": data.worker_day.colleagues(db, by),
        }


def _tag(by: Viewer, versions: Sequence[int], now: datetime) -> str:
    parts = (by, versions, int(now.timestamp()) // _FRESH_FOR_S)
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def _spelled(one: Answer) -> Answer:
    told = gis.pinyin.spelled(one["name"])
    return {**one, "pinyin": told.initials, "pinyin_full": told.full}


# Cells and who is there


def _cells(db: Session, at: Ground) -> list[Answer]:
    known = data.duty.cells(db, at.numbers)
    posts = data.duty.posted(db, known, at=at.now)
    return [
        {
            **{name: one[name] for name in _OF_CELL},
            "posts": _posts(posts.get(one["id"], []), at.now),
            "duty": _on_duty(posts.get(one["id"], []), at.now),
        }
        for one in at.cells
    ]


_OF_CELL = ("code", "name", "kind", "division", "geometry", "lon", "lat", "households")
_ORDER = [PostRole.GRID_WORKER, PostRole.BACKUP, PostRole.GRID_LEADER]


def _posts(posts: Sequence[Posted], at: datetime) -> list[Answer]:
    ordered = sorted(posts, key=lambda post: (_ORDER.index(post.role), post.person.code))
    return [
        {
            "role": str(post.role),
            "role_label": post.role.label,
            "code": post.person.code,
            "name": post.person.name,
            "phone": post.person.phone,
            "on_duty": gis.duty.away(post.person, at) is None,
        }
        for post in ordered
    ]


def _on_duty(posts: Sequence[Posted], at: datetime) -> Answer | None:
    """Who answers now: the first who is there."""
    return next((post for post in _posts(posts, at) if post["on_duty"]), None)


# What there is to do


def _work(db: Session, at: Ground) -> Answer:
    """Cases and visits with their urgency, and `today`: those to do, in their order."""
    cases = _cases(db, at)
    visits = (
        data.worker_day.visits(db, at, until=at.today + AHEAD) if at.by.may(Right.PERSONS) else []
    )
    for one in visits:
        one["urgency"] = gis.way.urgency(one["due_on"], at.today).rank
    return {"cases": cases, "visits": visits, "today": _today(at, cases, visits)}


def _cases(db: Session, at: Ground) -> list[Answer]:
    found = data.worker_day.cases(db, at)
    ids = [one["id"] for one in found]
    whistles = data.worker_day.whistles(db, at, ids)
    timelines: dict[int, list[Answer]] = defaultdict(list)
    tasks: dict[int, list[Answer]] = defaultdict(list)
    for event in data.worker_day.timelines(db, ids):
        label = Move(event["move"]).label
        timelines[event.pop("case_id")].append({**event, "label": label})
    for task in data.worker_day.tasks(db, at, ids):
        tasks[task.pop("case_id")].append(task)
    beside = [
        {"timeline": timelines[case], "whistle": whistles.get(case), "tasks": tasks[case]}
        for case in ids
    ]
    return [_case(one, at) | more for one, more in zip(found, beside, strict=True)]


def _case(one: Answer, at: Ground) -> Answer:
    standing = one.pop("standing")
    moves = [
        {"move": str(step.move), "label": step.move.label, "needs": list(step.needs)}
        for step in gis.cases.open_moves(standing, by=at.by)
        if step.move not in gis.cases.NETWORK or step.move is Move.WHISTLE
    ]
    return {
        **{name: value for name, value in one.items() if name != "id"},
        "label": standing.state.label,
        "urgency": _urgency(one, at.now).rank,
        "moves": moves,
    }


def _urgency(case: Mapping[str, Any], now: datetime) -> Urgency:
    """Overdue or supervised goes first; what was warned of waits no longer than today."""
    if case["overdue"] or case["supervised"]:
        return Urgency.OVERDUE
    due: date | None = case["due_at"] and case["due_at"].astimezone(now.tzinfo).date()
    return Urgency.TODAY if case["warned"] else gis.way.urgency(due, now.date())


def _today(at: Ground, cases: list[Answer], visits: list[Answer]) -> list[Answer]:
    """What is his to do, the urgent first, among equals along a short way from his first cell."""
    stops = [("case", one["code"], one) for one in cases if one["mine"]]
    later = Urgency.LATER.rank
    stops += [("visit", one["care"], one) for one in visits if one["urgency"] < later]
    lon, lat = (np.array([one[axis] for _, _, one in stops], np.float64) for axis in ("lon", "lat"))
    urgency = np.array([one["urgency"] for _, _, one in stops], np.int64)
    start = (at.cells[0]["lon"], at.cells[0]["lat"]) if at.cells else _middle(lon, lat)
    way = gis.way.order(lon, lat, urgency, start=start)
    return [{"kind": stops[place][0], "id": stops[place][1]} for place in way.tolist()]


def _middle(lon: gis.way.Floats, lat: gis.way.Floats) -> tuple[float, float]:
    known = np.isfinite(lon) & np.isfinite(lat)
    return (float(lon[known].mean()), float(lat[known].mean())) if known.any() else (0.0, 0.0)
