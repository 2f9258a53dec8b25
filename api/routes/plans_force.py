"""网格方案 over HTTP: compared, published on a day, taken out as files, looked back at."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

import gis.dials
from api.deps import SealDep, SettingsDep, Store, Streams, ViewerDep
from api.routes.export import MEDIA
from api.routes.plans import DONE, Answer, Codes, Name, Today, answer, listed

router = APIRouter(tags=["plans"])
Day = Annotated[date, Field(ge=gis.dials.FIRST_DAY, le=gis.dials.LAST_DAY)]
Other = Annotated[str, Query(alias="with", max_length=200, description="name of another plan")]


@router.get("/plans/{name:path}/compare")
def compare(
    store: Store,
    viewer: ViewerDep,
    today: Today,
    name: Name,
    other: Other,
    communities: Codes = "",
) -> Response:
    """A plan held against another, the earlier: what differs, what moves, from whom to whom."""
    import api.actions.plans_compare

    named = listed(communities)
    found = api.actions.plans_compare.compared(
        store, other, name, by=viewer, today=today, communities=named
    )
    return answer(found)


@router.get("/plans/{name:path}/hand-over.xlsx")
def hand_over(
    store: Store,
    viewer: ViewerDep,
    today: Today,
    name: Name,
    other: Other,
    communities: Codes = "",
) -> Response:
    """What gets another worker, place by place; who takes it is journalled."""
    import api.actions.plans

    found = api.actions.plans.compared(
        store, other, name, by=viewer, today=today, closely=True, communities=listed(communities)
    )
    folder = tempfile.TemporaryDirectory(prefix="wangge-hand-over-")
    path = Path(folder.name) / "hand-over.xlsx"
    try:
        api.actions.plans.write_hand_overs(store, found, path, by=viewer)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type=MEDIA[".xlsx"],
        headers={
            "Content-Disposition": 'attachment; filename="hand-over.xlsx"',
            "Cache-Control": "private, no-store",
        },
        background=BackgroundTask(folder.cleanup),
    )


@router.get("/plans/{name:path}/consequences")
def consequences(store: Store, viewer: ViewerDep, today: Today, name: Name) -> Answer:
    """What publishing a draft today would do, or why it would be refused."""
    import api.actions.plans_page

    return api.actions.plans_page.coming(store, name, by=viewer, today=today)


class PublishOn(BaseModel):
    """The day on which a draft comes into force, null takes that back; and its version, as seen."""

    on: Day | None
    seen: Annotated[int, Field(ge=0, lt=2**31)] | None = None


@router.put("/plans/{name:path}/publish_on", status_code=DONE)
def publish_on(
    store: Store, viewer: ViewerDep, today: Today, name: Name, asked: PublishOn
) -> Response:
    """Tell the day; the process beside the server publishes, today within seconds."""
    import api.actions.plans

    api.actions.plans.publish_on(store, name, asked.on, by=viewer, today=today, seen=asked.seen)
    return Response(status_code=DONE)


@router.get("/plans/{name:path}/export")
def export(
    store: Store,
    settings: SettingsDep,
    viewer: ViewerDep,
    seal: SealDep,
    streams: Streams,
    name: Name,
    suffix: Annotated[str, Query(max_length=12)] = ".geojson",
    on: Annotated[Day | None, Query()] = None,
) -> Response:
    """The cells of a plan, exactly, as a file; on a day, those it had then."""
    from api.routes.export import export

    kind = f"cells.{suffix.removeprefix('.')}"
    return export(store, settings, viewer, seal, streams, kind, plan=name, as_of=on)


@router.get("/plans/{name:path}")
def about(store: Store, viewer: ViewerDep, today: Today, name: Name) -> Answer:
    """A plan in a few words: of what, since when, version, edits; `today` where the town is."""
    import api.actions.plans_page

    return api.actions.plans_page.about(store, name, by=viewer) | {"today": today}


@router.delete("/plans/{name:path}", status_code=DONE)
def drop(store: Store, viewer: ViewerDep, name: Name) -> Response:
    """Give a draft up."""
    import api.actions.plans

    api.actions.plans.drop(store, name, by=viewer)
    return Response(status_code=DONE)


@router.get("/cell-on")
def cell_on(
    store: Store,
    viewer: ViewerDep,
    place: Annotated[str, Query(min_length=1, max_length=64, description="lon,lat or a code")],
    on: Annotated[Day, Query()],
) -> Answer:
    """Which cell a place was in on a day, who answered for it, and what became of it since."""
    import api.actions.plans

    return api.actions.plans.cell_on(store, place, on, by=viewer)
