"""网格方案 as their page edits them: an edit answers with the cells it leaves; a preview is the
same act, of which nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.grid
import data.journal
import data.plans
import data.plans_coming
import data.plans_edit
import data.plans_near
import data.plans_show
import data.scope
import gis.plan_check
import gis.plan_edit
import gis.plan_words
from api.actions.plans import edit_line
from api.actions.register import require
from data.models import GridPlan
from data.plans_edit import Edited
from data.plans_show import Where
from gis.access import Right, Viewer
from gis.errors import Conflict, Fault, TooLarge, WanggeError
from gis.plan import Plan
from gis.plan_edit import Operation
from gis.plan_findings import Finding
from gis.terms import CellKind
from gis.terms_plan import FindingKind

Answer = dict[str, Any]
MOST_EDITS = 100
LONGEST_S = 20.0
"""How long repairs may take while somebody waits; those that are left are told."""
MOST_CHECKED = 40_000
"""Buildings of a plan that is checked as a whole while somebody waits."""


@dataclass(frozen=True)
class Step:
    """How a planner changes a draft: the version he saw, who he is, the day; kept, or only to be
    looked at."""

    by: Viewer
    today: date
    seen: int | None = None
    keep: bool = True


@contextmanager
def draft(store: sa.Engine, name: str, step: Step) -> Iterator[tuple[Session, GridPlan]]:
    """A draft in a transaction: held for a change, or for a look that leaves nothing behind."""
    require(step.by, Right.PLAN)
    with data.scope.transaction(store, step.by, keep=step.keep) as db:
        plan = data.plans.draft_named(db, name, hold=step.keep)
        _refuse_ahead(plan, step)
        yield db, plan


def _refuse_ahead(plan: GridPlan, step: Step) -> None:
    """See that the version is one of this draft: of a dropped one's nothing could be compared."""
    if step.seen is not None and step.seen > plan.version:
        said = (
            f"version {step.seen} of plan {plan.name!r} is not there: it is at version "
            f"{plan.version}; look again. Nothing was done"
        )
        raise Conflict(
            Fault("no_version", said, seen=step.seen, version=plan.version),
            seen=step.seen,
            version=plan.version,
        )


@contextmanager
def _looking(store: sa.Engine, name: str, by: Viewer) -> Iterator[tuple[Session, GridPlan]]:
    require(by, Right.PLAN)
    with data.scope.transaction(store, by, keep=False) as db:
        yield db, data.grid.plan_named(db, name)


def told(db: Session, plan: GridPlan, edited: Edited | None, step: Step) -> Answer:
    """An edit as the page hears of it: codes, and the cells that are new or changed as they are."""
    born, ended, changed = (
        ([], [], []) if edited is None else (edited.born, edited.ended, edited.changed)
    )
    codes = [*born, *changed]
    cells = data.plans_show.features(db, plan, scope=step.by.scope, on=step.today, codes=codes)
    return {
        "version": plan.version,
        "born": born,
        "ended": ended,
        "changed": changed,
        "cells": orjson.Fragment(cells),
    }


# Looking


def known(store: sa.Engine, *, by: Viewer) -> Answer:
    """The plans, and of which divisions the viewer may begin a draft; `everything`: of all."""
    require(by, Right.PLAN)
    with data.scope.transaction(store, by, keep=False) as db:
        return {
            "plans": data.plans.known(db),
            "divisions": data.plans_show.divisions(db, by.scope),
            "everything": by.scope.is_everything,
        }


def about(store: sa.Engine, name: str, *, by: Viewer) -> Answer:
    """A plan in a few words, and its last edits.

    Raises:
        NotFound: no plan has that name.
    """
    with _looking(store, name, by) as (db, plan):
        can_undo, can_redo = data.plans_edit.steps(db, plan, by=by)
        return {
            **data.plans_show.about(db, plan),
            "can_undo": can_undo,
            "can_redo": can_redo,
            "kinds": [{"kind": str(kind), "label": kind.label} for kind in CellKind],
            "edits": data.plans_edit.last_edits(db, plan, MOST_EDITS),
        }


def cells(
    store: sa.Engine, name: str, *, by: Viewer, today: date, held: str | None = None
) -> tuple[str, bytes | None]:
    """The version of an answer, and the cells of a plan with their numbers; None if `held` is it.

    Raises:
        NotFound: no plan has that name.
    """
    with _looking(store, name, by) as (db, plan):
        version = data.plans_show.version(db, plan, by.scope)
        if version == held:
            return version, None
        return version, data.plans_show.features(db, plan, scope=by.scope, on=today)


def units(store: sa.Engine, name: str, where: Where, *, by: Viewer) -> Answer:
    """The buildings of some cells, or in a box.

    Raises:
        NotFound: no plan has that name.
    """
    with _looking(store, name, by) as (db, plan):
        return data.plans_show.units(db, plan, where)


def findings(
    store: sa.Engine, name: str, *, by: Viewer, today: date, communities: Sequence[str] = ()
) -> Answer:
    """What the check of a plan finds, or of some communities of it, with the repairs it proposes.

    Raises:
        NotFound: no plan has that name, or no cell in a community. TooLarge: it is for the
        command line.
    """
    with _looking(store, name, by) as (db, plan):
        _, every = _checked(db, plan, communities, today)
        strange = data.plans_show.outside(db, plan, by.scope)
        found = [
            one
            for one in every
            if one.kind != FindingKind.HOUSEHOLDS or strange.isdisjoint(one.cells)
        ]
        return {
            "version": plan.version,
            "findings": [gis.plan_words.finding_told(one) for one in found],
        }


def _checked(
    db: Session, plan: GridPlan, communities: Sequence[str], today: date
) -> tuple[Plan, list[Finding]]:
    """A plan, or the part around some communities, and what is to be found about their cells."""
    if not communities:
        whole = _whole(db, plan, today)
        return whole, gis.plan_check.check(whole)
    codes = data.plans_near.cells_in(db, plan, communities)
    part = data.plans.value(db, plan, on=today, only=[*data.plans_near.around(db, plan, codes)])
    return part, [one for one in gis.plan_check.check(part) if not set(codes).isdisjoint(one.cells)]


def _whole(db: Session, plan: GridPlan, today: date) -> Plan:
    _refuse_many(db, plan)
    return data.plans.value(db, plan, on=today)


def _refuse_many(db: Session, plan: GridPlan) -> None:
    """See that somebody can wait for what is done to all of a plan."""
    standing = data.plans.count_units(db, plan)
    if standing > MOST_CHECKED:
        said = (
            f"{standing:,} buildings stand in plan {plan.name!r}; more than {MOST_CHECKED:,} are "
            "looked at together at the command line only, with wangge plan; here some communities "
            "at a time"
        )
        raise TooLarge(Fault("large_check", said, n=standing, most=MOST_CHECKED), value=standing)


# Editing


def edit(store: sa.Engine, name: str, operation: Mapping[str, Any], step: Step) -> Answer:
    """Apply an operation, told in plain values, to a draft.

    Raises:
        BadInput, NotFound: what speaks against it. Conflict: somebody else changed a cell of it
        since; names the cell, him and when. NotAllowed: outside of the viewer's charge.
    """
    asked = gis.plan_words.read(operation)
    with draft(store, name, step) as (db, plan):
        if data.plans_near.is_of_all(asked):
            _refuse_many(db, plan)
        edited = data.plans_edit.edit(db, plan, asked, by=step.by, on=step.today, seen=step.seen)
        return _kept(db, plan, edited, operation["kind"], step)


def undo(store: sa.Engine, name: str, step: Step) -> Answer:
    """Take back one's last edit; see `data.plans_edit.undo`."""
    with draft(store, name, step) as (db, plan):
        edited = data.plans_edit.undo(db, plan, by=step.by, seen=step.seen)
        return _kept(db, plan, edited, "undo", step)


def redo(store: sa.Engine, name: str, step: Step) -> Answer:
    """Do again what one took back last; see `data.plans_edit.redo`."""
    with draft(store, name, step) as (db, plan):
        edited = data.plans_edit.redo(db, plan, by=step.by, seen=step.seen)
        return _kept(db, plan, edited, "redo", step)


def mend(
    store: sa.Engine,
    name: str,
    repairs: Sequence[Mapping[str, Any]] | None,
    step: Step,
    *,
    communities: Sequence[str] = (),
) -> Answer:
    """Apply these repairs, or all that the check proposes (for some communities), as one edit;
    `left` tells of each that was refused, or that is none, why.

    Raises:
        Conflict: somebody else changed one of these cells since.
    """
    asked = None if repairs is None else [gis.plan_words.read(one) for one in repairs]
    with draft(store, name, step) as (db, plan):
        if asked is None:
            before, found = _checked(db, plan, communities, step.today)
            after, refused = gis.plan_check.mend(before, found)
            left = [{"sentence": one.sentence, "why": why} for one, why in refused]
            mended = len(found) - len(left)
        else:
            if any(data.plans_near.is_of_all(one) for one in asked):
                _refuse_many(db, plan)
            before = data.plans_near.value(db, plan, asked, on=step.today)
            after, left = _repaired(before, asked)
            mended = len(asked) - len(left)
        edited = None
        if after is not before:
            what = {"mended": mended, "left": len(left)}
            edited = data.plans_edit.keep(
                db, plan, before, after, kind="mend_all", what=what, by=step.by, seen=step.seen
            )
        return _kept(db, plan, edited, "mend_all", step) | {"left": left}


def _repaired(plan: Plan, asked: Sequence[Operation]) -> tuple[Plan, list[dict[str, Any]]]:
    left: list[dict[str, Any]] = []
    begun = time.monotonic()
    for one in asked:
        if time.monotonic() - begun > LONGEST_S:
            why = f"{LONGEST_S:g} seconds were not enough for all at once; ask for the rest again"
            left.append({"repair": gis.plan_words.told(one), "why": why})
            continue
        try:
            plan = gis.plan_edit.apply(plan, one).plan
        except WanggeError as reason:
            said = {"why": str(reason), "reasons": reason.reasons}
            left.append({"repair": gis.plan_words.told(one), **said})
    return plan, left


def _kept(db: Session, plan: GridPlan, edited: Edited | None, kind: str, step: Step) -> Answer:
    answer = told(db, plan, edited, step)
    if edited is not None and step.keep:
        edit_line(db, plan, edited, kind, step.by)
    return answer


# What is coming


def coming(store: sa.Engine, name: str, *, by: Viewer, today: date) -> Answer:
    """What publishing a draft today would do; see `data.plans_coming.coming`.

    Raises:
        NotFound, Conflict: it is no draft.
    """
    with draft(store, name, Step(by, today, keep=False)) as (db, plan):
        return data.plans_coming.coming(db, plan, on=today)
