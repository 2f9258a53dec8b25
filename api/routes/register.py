"""The register over HTTP: its page, search, households, gaps, sheets, decisions, merges.

Synchronous on purpose: these are acts, each one transaction; none is asked for thousands of times.
The acts are imported when they are asked for: they bring pandas, which start-up does not wait for.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, UploadFile
from fastapi import Path as InPath
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from api.deps import PaceDep, SealDep, SettingsDep, ShellDep, Store, ViewerDep
from api.pace import Guess
from gis.access import Right
from gis.errors import BadInput
from gis.terms import RecordKind

router = APIRouter(prefix="/register")
Answer = dict[str, Any]
Text = Annotated[str, Field(max_length=500)]
Number = Annotated[int, InPath(ge=1, lt=2**63)]


@router.get("", include_in_schema=False)
def page(viewer: ViewerDep, shell: ShellDep) -> HTMLResponse:
    """The page. It asks the store for nothing itself."""
    import maps.frame
    import maps.register

    html = maps.register.page(
        shell,
        may={
            "edit": viewer.may(Right.EDIT_PERSONS),
            "unmask": viewer.may(Right.UNMASK),
            "import": viewer.may(Right.IMPORT),
            "decide": viewer.may(Right.DECIDE),
        },
    )
    policy = maps.frame.content_policy(shell.nonce)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "Cache-Control": "private, no-store"}
    )


# Looking


@router.get("/find")
def find(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    pace: PaceDep,
    q: Annotated[str, Query(min_length=1, max_length=80)],
    cell: Annotated[str | None, Query(max_length=64)] = None,
) -> Answer:
    """Residents in the viewer's charge by full name, id or phone, by surname, by address."""
    import api.actions.register
    import gis.register

    if gis.register.asked(q).number:
        pace.step(viewer, Guess.LOOK_UP)
    return api.actions.register.find(store, q, by=viewer, seal=seal, cell=cell)


@router.get("/homes")
def homes(
    store: Store, viewer: ViewerDep, cell: Annotated[str, Query(min_length=1, max_length=64)]
) -> Answer:
    """The buildings of a cell with their dwellings and households."""
    import api.actions.register

    return api.actions.register.homes(store, cell, by=viewer)


@router.get("/households/{number}")
def household(store: Store, viewer: ViewerDep, number: Number) -> Answer:
    """A household's card: where it lives, who belongs to it, masked."""
    import api.actions.register

    return api.actions.register.household(store, number, by=viewer)


@router.get("/residents/{number}/history")
def history(store: Store, viewer: ViewerDep, number: Number) -> list[Answer]:
    """What changed of a resident, when, by whom, from which sheet."""
    import api.actions.register

    return api.actions.register.history(store, number, by=viewer)


@router.get("/completeness")
def completeness(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    cell: Annotated[str | None, Query(max_length=64)] = None,
) -> Answer:
    """What each cell lacks, or with `cell` what that one lacks, by name."""
    import api.actions.register

    return api.actions.register.completeness(store, by=viewer, seal=seal, cell=cell)


# Changing


class Change(BaseModel):
    """New values of a resident, as of the version that was seen."""

    version: int = Field(ge=0, lt=2**31)
    changes: dict[str, Text | None] = Field(max_length=30)


class Reason(BaseModel):
    """Why one person is looked at."""

    reason: Text


@router.patch("/residents/{number}")
def edit(
    store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, number: Number, change: Change
) -> Answer:
    """Change a resident; 409 with both versions when somebody else was faster."""
    import api.actions.register

    if change.changes.get("id_number"):
        pace.step(viewer, Guess.GIVE_ID)
    return api.actions.register.edit(
        store, number, change.version, change.changes, by=viewer, seal=seal, now=datetime.now(UTC)
    )


@router.post("/residents/{number}/unmask")
def unmask(store: Store, viewer: ViewerDep, seal: SealDep, number: Number, why: Reason) -> Answer:
    """Name, id, phone and birth of one person in clear; the journal tells who looked and why."""
    import api.actions.register

    return api.actions.register.unmask(store, number, why.reason, by=viewer, seal=seal)


# Sheets

SHEETS = (".xlsx", ".csv")


@router.post("/sheets")
def bring(
    store: Store,
    viewer: ViewerDep,
    seal: SealDep,
    settings: SettingsDep,
    pace: PaceDep,
    file: UploadFile,
    told_on: Annotated[date | None, Form()] = None,
    dry_run: bool = True,
) -> Answer:
    """Try a sheet of residents, or bring it; rows that are refused wait to be mended.

    `told_on` is the day the sheet tells of; without it, now.
    """
    import api.actions.upload

    name = Path((file.filename or "").replace("\\", "/")).name
    if Path(name).suffix.lower() not in SHEETS:
        raise BadInput(f"{name[:80]!r} is no sheet; bring one of {', '.join(SHEETS)}")
    pace.step(viewer, Guess.BRING)
    zone = ZoneInfo(settings.time_zone)
    day = datetime.combine(told_on, time(), zone) if told_on else None
    with tempfile.TemporaryDirectory(prefix="wangge-sheet-") as folder:
        path = Path(folder) / f"sheet{Path(name).suffix.lower()}"
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        return api.actions.upload.upload(
            store, path, name=name[:200], by=viewer, seal=seal,
            now=datetime.now(UTC), told_at=day, dry_run=dry_run,
        )  # fmt: skip


@router.get("/templates/{kind}.xlsx")
def template(kind: RecordKind) -> Response:
    """An empty sheet to fill in: Chinese headers, lists to choose from, an example row."""
    import data.files.template

    return Response(
        data.files.template.workbook(kind),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"Content-Disposition": f'attachment; filename="{kind}.xlsx"'},
    )


@router.get("/sheets/{number}/rows")
def refused_rows(
    store: Store, viewer: ViewerDep, seal: SealDep, number: Annotated[int, InPath(lt=2**63)]
) -> list[Answer]:
    """The refused rows of a sheet that wait to be mended, masked, each with its faults."""
    import api.actions.upload

    return api.actions.upload.refused_rows(store, by=viewer, seal=seal, sheet_id=number)


class Mended(BaseModel):
    """The cells of a refused row that were put right; the others stay."""

    values: dict[str, Text | None] = Field(max_length=40)


@router.post("/rows/{number}")
def mend(
    store: Store, viewer: ViewerDep, seal: SealDep, pace: PaceDep, number: Number, row: Mended
) -> Answer:
    """Put a refused row right and bring it; 400 with `faults` while it cannot go in."""
    import api.actions.upload

    if row.values.get("id_number"):
        pace.step(viewer, Guess.GIVE_ID)
    return api.actions.upload.mend(
        store, number, row.values, by=viewer, seal=seal, now=datetime.now(UTC)
    )


@router.delete("/rows/{number}", status_code=204)
def drop(store: Store, viewer: ViewerDep, number: Number) -> Response:
    """List a refused row no longer."""
    import api.actions.upload

    api.actions.upload.drop(store, number, by=viewer)
    return Response(status_code=204)


# Deciding

Cell = Annotated[str | None, Query(max_length=64)]


class Choice(BaseModel):
    """What was decided, and of which fields."""

    choice: Literal["taken", "kept", "added"]
    fields: list[Text] | None = None


class Pair(BaseModel):
    """Two records of one person: the first stays."""

    keep: int
    merged: int


@router.get("/decisions")
def decisions(store: Store, viewer: ViewerDep, cell: Cell = None) -> list[Answer]:
    """What a sheet says otherwise, and only a person can decide."""
    import api.actions.deciding

    return api.actions.deciding.decisions(store, by=viewer, cell=cell)


@router.post("/decisions/{number}")
def decide(store: Store, viewer: ViewerDep, seal: SealDep, number: Number, made: Choice) -> Answer:
    """Take the sheet's values, keep the register's, or add another person."""
    import api.actions.deciding

    return api.actions.deciding.decide(
        store, number, made.choice,
        fields=made.fields, by=viewer, seal=seal, now=datetime.now(UTC),
    )  # fmt: skip


@router.get("/duplicates")
def duplicates(store: Store, viewer: ViewerDep, cell: Cell = None) -> list[Answer]:
    """Pairs of records that may be one person."""
    import api.actions.deciding

    return api.actions.deciding.duplicates(store, by=viewer, cell=cell)


@router.post("/merges")
def merge(store: Store, viewer: ViewerDep, seal: SealDep, pair: Pair) -> Answer:
    """Make one record of two; the answer's `id` undoes it."""
    import api.actions.deciding

    return api.actions.deciding.merge(
        store, keep=pair.keep, merged=pair.merged, by=viewer, seal=seal, now=datetime.now(UTC)
    )


@router.post("/merges/{number}/undo")
def undo_merge(store: Store, viewer: ViewerDep, number: Number) -> Answer:
    """Make two records again of one, exactly as both were."""
    import api.actions.deciding

    return api.actions.deciding.undo_merge(store, number, by=viewer, now=datetime.now(UTC))
