"""The register over HTTP: its page, search, households, gaps, sheets, decisions, merges.

Synchronous on purpose: these are acts, each one transaction; none is asked for thousands of times.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

import api.actions.register
from api.deps import SealDep, Store, ViewerDep
from gis.access import Right

router = APIRouter(prefix="/register")
Answer = dict[str, Any]
Text = Annotated[str, Field(max_length=500)]


@router.get("", include_in_schema=False)
def page(viewer: ViewerDep) -> HTMLResponse:
    """The page. It asks the store for nothing itself."""
    import maps.page
    import maps.register

    nonce = secrets.token_urlsafe(16)
    html = maps.register.page(
        name=viewer.name,
        role=viewer.role.label if viewer.role else "",
        may={
            "edit": viewer.may(Right.EDIT_PERSONS),
            "unmask": viewer.may(Right.UNMASK),
            "import": viewer.may(Right.IMPORT),
            "decide": viewer.may(Right.DECIDE),
        },
        nonce=nonce,
    )
    policy = maps.page.content_policy(nonce)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "private, no-store"}
    )


# Looking


@router.get("/find")
def find(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    q: Annotated[str, Query(min_length=1, max_length=80)],
    cell: Annotated[str | None, Query(max_length=64)] = None,
) -> Answer:
    """Residents in the viewer's charge by full name, id or phone, by surname, by address."""
    return api.actions.register.find(store, q, by=viewer, seal=seal, cell=cell)


@router.get("/homes")
def homes(
    store: Store, viewer: ViewerDep, cell: Annotated[str, Query(min_length=1, max_length=64)]
) -> Answer:
    """The buildings of a cell with their dwellings and households."""
    return api.actions.register.homes(store, cell, by=viewer)


@router.get("/households/{number}")
def household(store: Store, viewer: ViewerDep, number: int) -> Answer:
    """A household's card: where it lives, who belongs to it, masked."""
    return api.actions.register.household(store, number, by=viewer)


@router.get("/residents/{number}/history")
def history(store: Store, viewer: ViewerDep, number: int) -> list[Answer]:
    """What changed of a resident, when, by whom, from which sheet."""
    return api.actions.register.history(store, number, by=viewer)


@router.get("/completeness")
def completeness(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    cell: Annotated[str | None, Query(max_length=64)] = None,
) -> Answer:
    """What each cell lacks, or with `cell` what that one lacks, by name."""
    return api.actions.register.completeness(store, by=viewer, seal=seal, cell=cell)


# Changing


class Change(BaseModel):
    """New values of a resident, as of the version that was seen."""

    version: int
    changes: dict[str, Text | None] = Field(max_length=30)


class Reason(BaseModel):
    """Why one person is looked at."""

    reason: Text


@router.patch("/residents/{number}")
def edit(store: Store, viewer: ViewerDep, seal: SealDep, number: int, change: Change) -> Answer:
    """Change a resident; 409 with both versions when somebody else was faster."""
    return api.actions.register.edit(
        store, number, change.version, change.changes, by=viewer, seal=seal, now=datetime.now(UTC)
    )


@router.post("/residents/{number}/unmask")
def unmask(store: Store, viewer: ViewerDep, seal: SealDep, number: int, why: Reason) -> Answer:
    """Name, id, phone and birth of one person in clear; the journal tells who looked and why."""
    return api.actions.register.unmask(store, number, why.reason, by=viewer, seal=seal)
