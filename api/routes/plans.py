"""网格方案 over HTTP: drafts begun, edited and looked at; what the planning page stands on.

Shapes are GeoJSON in WGS-84 degrees. A write tells the version that the planner saw; with `keep`
false it changes nothing and answers the same. docs/plan-http.md tells all of it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi import Path as InPath
from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

import gis.reports
from api.deps import Drawings, SettingsDep, Store, ViewerDep

router = APIRouter(tags=["plans"])
Answer = dict[str, Any]
Name = Annotated[str, InPath(max_length=200, description="name of the plan")]


def _readable(text: str) -> str:
    if fault := gis.reports.unreadable(text):
        raise ValueError(f"it {fault}")
    return text


Code = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_readable)]
Text = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_readable)]
Codes = Annotated[str, Query(max_length=100_000, description="codes, with commas")]
MOST_CELLS = 5_000
DONE = 204


def _today(settings: SettingsDep) -> date:
    return settings.today()


Today = Annotated[date, Depends(_today)]


def listed(codes: str) -> list[str]:
    """Codes told with commas between them."""
    return [one for one in codes.split(",") if one]


def answer(told: Answer, status: int = 200) -> Response:
    """Shape an answer that holds features already written as JSON."""
    body = orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")


# Plans


@router.get("/plans")
def plans(store: Store, viewer: ViewerDep) -> Answer:
    """The plans, and the divisions one may begin a draft of; `everything`: of all at once."""
    import api.actions.plans_page

    return api.actions.plans_page.known(store, by=viewer)


class New(BaseModel):
    """A draft to begin: of a division or of everything, from the plan in force or another."""

    name: str
    area: Code | None = None
    source: Annotated[Text | None, Field(alias="from")] = None


@router.post("/plans", status_code=201)
def begin(store: Store, viewer: ViewerDep, asked: New) -> Answer:
    """Begin a draft with copies of the cells."""
    import api.actions.plans

    return api.actions.plans.begin(
        store, asked.name, area=asked.area, source=asked.source, by=viewer
    )


# One plan


@router.get("/plans/{name:path}/cells")
def cells(request: Request, store: Store, viewer: ViewerDep, today: Today, name: Name) -> Response:
    """The cells of a plan with their numbers, allowed range and worker, as GeoJSON."""
    import api.actions.plans_page

    held = request.headers.get("if-none-match", "").removeprefix("W/").strip('"')
    version, body = api.actions.plans_page.cells(store, name, by=viewer, today=today, held=held)
    headers = {"ETag": f'"{version}"', "Cache-Control": "private, no-cache"}
    if body is None:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/geo+json", headers=headers)


@router.get("/plans/{name:path}/units")
def units(
    store: Store,
    viewer: ViewerDep,
    name: Name,
    cells: Codes | None = None,
    bbox: Annotated[str | None, Query(max_length=200)] = None,
) -> Answer:
    """The buildings of cells, or in a box west,south,east,north, with who lives there."""
    import api.actions.plans_page
    import data.layers
    from data.plans_show import Where

    where = Where(
        None if cells is None else listed(cells),
        data.layers.read_box(bbox) if bbox else None,
    )
    return api.actions.plans_page.units(store, name, where, by=viewer)


@router.get("/plans/{name:path}/findings")
def findings(
    store: Store,
    viewer: ViewerDep,
    today: Today,
    name: Name,
    communities: Codes = "",
) -> Response:
    """What the check finds, each with its place, size and the repair it proposes."""
    import api.actions.plans_page

    named = listed(communities)
    found = api.actions.plans_page.findings(store, name, by=viewer, today=today, communities=named)
    return answer(found)


# Editing


class Change(BaseModel):
    """A change of a draft: the version that the planner saw."""

    seen: Annotated[int, Field(ge=0, lt=2**31)]
    keep: bool = True

    def step(self, viewer: ViewerDep, today: date) -> Any:
        """As the acts take it."""
        from api.actions.plans_page import Step

        return Step(viewer, today, self.seen, self.keep)


class Edit(Change):
    """One operation: its `kind` and fields, as GET /plans/{name}/findings tells repairs."""

    operation: dict[str, Any]


@router.post("/plans/{name:path}/edits")
def edit(store: Store, viewer: ViewerDep, today: Today, name: Name, asked: Edit) -> Response:
    """Split, merge, hand over, move a border …; what was born, ended, changed, and these cells."""
    import api.actions.plans_page

    step = asked.step(viewer, today)
    return answer(api.actions.plans_page.edit(store, name, asked.operation, step))


class Mend(Change):
    """Repairs to apply; without them, all that the check proposes, also for some communities."""

    repairs: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)] | None = None
    communities: Annotated[list[Code], Field(max_length=MOST_CELLS)] = []


@router.post("/plans/{name:path}/mend")
def mend(store: Store, viewer: ViewerDep, today: Today, name: Name, asked: Mend) -> Response:
    """Apply repairs as one edit; `left` tells of each that was refused, or that is none, why."""
    import api.actions.plans_page

    step = asked.step(viewer, today)
    return answer(
        api.actions.plans_page.mend(store, name, asked.repairs, step, communities=asked.communities)
    )


@router.post("/plans/{name:path}/undo")
def undo(store: Store, viewer: ViewerDep, today: Today, name: Name, asked: Change) -> Response:
    """Take back one's own last edit."""
    import api.actions.plans_page

    return answer(api.actions.plans_page.undo(store, name, asked.step(viewer, today)))


@router.post("/plans/{name:path}/redo")
def redo(store: Store, viewer: ViewerDep, today: Today, name: Name, asked: Change) -> Response:
    """Do again what one took back last."""
    import api.actions.plans_page

    return answer(api.actions.plans_page.redo(store, name, asked.step(viewer, today)))


class Made(Change):
    """How cells are to be made: workload as weights of columns, and a seed."""

    workload: dict[Code, Annotated[float, Field(ge=0, le=1e6)]] = {"households": 1.0}
    barriers: Annotated[list[Code], Field(max_length=10)] = []
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    def wish(self) -> Any:
        """As the acts take it."""
        from data.plans_draw import Wish

        return Wish(self.workload, self.barriers, self.seed)


Workload = Annotated[float, Field(ge=0, le=1e9)]


class Balance(Made):
    """The range every cell is to be in; of some cells only, or of all."""

    low: Workload
    high: Workload
    cells: Annotated[list[Code], Field(max_length=MOST_CELLS)] = []


@router.post("/plans/{name:path}/balance")
def balance(
    store: Store, viewer: ViewerDep, today: Today, drawings: Drawings, name: Name, asked: Balance
) -> Response:
    """Hand over as few households as can be until every cell is in the range."""
    import api.actions.plans_draw

    with drawings.holding():
        made = api.actions.plans_draw.balance_page(
            store, name, low=asked.low, high=asked.high, wish=asked.wish(), cells=asked.cells,
            step=asked.step(viewer, today),
        )  # fmt: skip
    return answer(made)


class Draw(Made):
    """The workload of a cell, by which share it may differ; of some communities, or of all."""

    target: Annotated[float, Field(gt=0, le=1e9)]
    tolerance: Annotated[float, Field(gt=0, le=1)] = 0.1
    communities: Annotated[list[Code], Field(max_length=MOST_CELLS)] = []


@router.post("/plans/{name:path}/draw")
def draw(
    store: Store, viewer: ViewerDep, today: Today, drawings: Drawings, name: Name, asked: Draw
) -> Response:
    """Draw the basic cells anew: contiguous, compact, of equal workload."""
    import api.actions.plans_draw

    with drawings.holding():
        made = api.actions.plans_draw.draw_page(
            store, name, target=asked.target, tolerance=asked.tolerance, wish=asked.wish(),
            communities=asked.communities, step=asked.step(viewer, today),
        )  # fmt: skip
    return answer(made)
