"""Collections of OGC API Features: what each one tells of whom, as SQL.

Who sees which rows the row policies decide; which collections there are for whom, their rights.
Residents are no collection: people leave the store only as counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

import data.plan_cells
import data.scope
from data.ogc_cql import DAY, MOMENT, NUMBER, TEXT
from data.tiles import HIDDEN, HOUSEHOLDS, TALLIES, known
from gis.access import Right, Viewer
from gis.errors import NotFound
from gis.terms import CaseState, CellKind, DivisionLevel, FacilityCategory

DRAFT = "plan-"
"""How the collections of drafts begin; the plan's number follows."""


@dataclass(frozen=True)
class Property:
    """A property of features: its kind of value, what it says, the words it may be."""

    kind: str
    title: str
    is_whole: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """Features of one kind: `rows` is their SQL, with an id, the properties and a `geom`; `near`
    is how the index leads to those of them, called t, that may meet a box."""

    name: str
    title: str
    about: str
    shape: str
    rows: str
    properties: Mapping[str, Property]
    near: str = "t.geom && {box}"
    time: tuple[str, str] | None = None
    right: Right | None = None
    edited_by: Right | None = None
    tiles: str | None = None
    plan: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, str]:
        """Of which kind the values of each property are."""
        return {name: one.kind for name, one in self.properties.items()}


def _text(title: str, *choices: str) -> Property:
    return Property(TEXT, title, choices=choices)


def _whole(title: str) -> Property:
    return Property(NUMBER, title, is_whole=True)


_CODE, _NAME, _ADDRESS = _text("编码 · code"), _text("名称 · name"), _text("地址 · address")
_CELL_KIND = _text("网格类型 · kind", *CellKind)
_COMMUNITY_CODE = _text("社区代码 · code of the community")
_AREA = Property(NUMBER, "面积（平方米）· area in square metres")
_DECLARED = _whole("登记户数 · households declared")

_CELLS = f"""
    SELECT c.id, 0::bigint AS version, c.code, c.name, c.kind, c.division_code,
           (SELECT d.name FROM division d WHERE d.code = c.division_code
            AND d.valid_from <= current_date AND (d.valid_to IS NULL OR d.valid_to > current_date)
            ORDER BY d.valid_from DESC LIMIT 1) AS community,
           {HOUSEHOLDS} AS households, coalesce({known("facilities")}, 0) AS facilities,
           {known("open_cases")} AS open_cases, {HIDDEN} AS hidden,
           round(c.area_m2::numeric, 1)::float8 AS area_m2, c.geom
    FROM grid_cell c {TALLIES}
    WHERE {data.plan_cells.fitting(data.plan_cells.IN_CHOSEN, {"plan": None, "day": None})}
"""
_DRAFTED = f"""
    SELECT c.id, c.version::bigint AS version, c.code, c.name, c.kind, c.division_code,
           c.households_declared, round(c.area_m2::numeric, 1)::float8 AS area_m2,
           c.geom
    FROM grid_cell c WHERE {data.plan_cells.held_by("%(plan_id)s::bigint")}
"""
_STANDS = "(f.valid_to IS NULL OR f.valid_to > current_date)"
_FACILITIES = f"""
    SELECT f.id, (extract(epoch FROM f.changed_at) * 1000000)::bigint AS version, f.code, f.name,
           f.kind, f.category, f.class_code, f.address, f.phone, f.hours, f.valid_from, f.valid_to,
           c.code AS cell, f.geom
    FROM facility f LEFT JOIN grid_cell c ON c.id = f.cell_id WHERE {_STANDS}
"""
_BUILDINGS = """
    SELECT b.id, 0::bigint AS version, b.code, b.name, b.address, b.floors, c.code AS cell,
           coalesce(b.footprint, b.geom) AS geom, b.geom AS place
    FROM building b LEFT JOIN grid_cell c ON c.id = b.cell_id
"""
_DIVISIONS = """
    SELECT d.id, 0::bigint AS version, d.code, d.name, d.level, d.parent_code,
           d.geom
    FROM division d
    WHERE d.valid_from <= current_date AND (d.valid_to IS NULL OR d.valid_to > current_date)
"""
_CASES = """
    SELECT p.id, 0::bigint AS version, p.code, p.title, p.state, p.class_code, p.reported_at,
           p.due_at, p.closed_at, c.code AS cell, p.geom, p.cell_id
    FROM case_file p LEFT JOIN grid_cell c ON c.id = p.cell_id
"""

_PUBLIC = (
    Collection(
        "cells", "网格 · Cells", "The cells of the plan in force, with what is counted in each.",
        "multipolygon", _CELLS,
        {
            "code": _CODE, "name": _NAME, "kind": _CELL_KIND,
            "division_code": _COMMUNITY_CODE, "community": _text("社区 · community"),
            "households": _whole("户数 · households"), "facilities": _whole("设施数 · facilities"),
            "open_cases": _whole("未结案卷数 · open cases"),
            "hidden": _text("不公开的数字 · numbers kept from the viewer"), "area_m2": _AREA,
        },
        tiles="cells",
    ),
    Collection(
        "facilities", "设施 · Facilities", "Places that serve people, and components of the city.",
        "point", _FACILITIES,
        {
            "code": _CODE, "name": _NAME,
            "kind": _text("性质 · kind", "component", "service"),
            "category": _text("类别 · category", *FacilityCategory),
            "class_code": _text("部件代码 · class"), "address": _ADDRESS,
            "phone": _text("电话 · telephone"), "hours": _text("开放时间 · opening hours"),
            "valid_from": Property(DAY, "启用日期 · first day"),
            "valid_to": Property(DAY, "停用日期 · first day on which it is no more"),
            "cell": _text("网格编码 · code of its cell"),
        },
        time=("valid_from", "valid_to"), edited_by=Right.COMMUNITY, tiles="facilities",
    ),
    Collection(
        "buildings", "楼栋 · Buildings", "Buildings: their outlines, or where they stand.",
        "any", _BUILDINGS,
        {
            "code": _CODE, "name": _NAME, "address": _ADDRESS, "floors": _whole("层数 · floors"),
            "cell": _text("网格编码 · code of its cell"),
        },
        near="t.place && ST_Expand({box}, 0.002)", tiles="buildings",
    ),
    Collection(
        "divisions", "行政区划 · Divisions", "Communities, streets and what is above them.",
        "multipolygon", _DIVISIONS,
        {
            "code": _CODE, "name": _NAME, "level": _text("级别 · level", *DivisionLevel),
            "parent_code": _text("上级代码 · code of the division above"),
        },
        tiles="divisions",
    ),
    Collection(
        "cases", "案卷 · Cases", "What was reported, as far as it is the viewer's.",
        "point", _CASES,
        {
            "code": _CODE, "title": _text("标题 · title"),
            "state": _text("状态 · state", *CaseState),
            "class_code": _text("小类代码 · class"),
            "reported_at": Property(MOMENT, "上报时间 · reported"),
            "due_at": Property(MOMENT, "时限 · due"),
            "closed_at": Property(MOMENT, "结案时间 · closed"),
            "cell": _text("网格编码 · code of its cell"),
        },
        near=data.scope.in_view("{box}", "t."),
        time=("reported_at", "reported_at"), right=Right.CASES, tiles="cases",
    ),
)  # fmt: skip
_BY_NAME = {one.name: one for one in _PUBLIC}
_DRAFT_PROPERTIES = {
    "code": _CODE, "name": _NAME, "kind": _CELL_KIND, "division_code": _COMMUNITY_CODE,
    "households_declared": _DECLARED, "area_m2": _AREA,
}  # fmt: skip


def _of_draft(number: int, name: str) -> Collection:
    return Collection(
        f"{DRAFT}{number}", f"{name} · draft of cells",
        "The cells of a draft: what planners change here is in force once it is published.",
        "multipolygon", _DRAFTED, _DRAFT_PROPERTIES, edited_by=Right.PLAN,
        plan=name, values={"plan_id": number},
    )  # fmt: skip


_DRAFTS = "SELECT id, name FROM grid_plan WHERE state = 'draft' ORDER BY id"


async def of(connection: psycopg.AsyncConnection[Any], viewer: Viewer) -> dict[str, Collection]:
    """The collections that a viewer may ask, by name."""
    found = [one for one in _PUBLIC if one.right is None or viewer.may(one.right)]
    if viewer.may(Right.PLAN):
        rows = await (await connection.execute(_DRAFTS)).fetchall()
        found += [_of_draft(*row) for row in rows]
    return {one.name: one for one in found}


async def one_of(connection: psycopg.AsyncConnection[Any], viewer: Viewer, name: str) -> Collection:
    """A collection by its name.

    Raises:
        NotFound: the viewer has none of that name.
    """
    found = _BY_NAME.get(name)
    if found is not None and (found.right is None or viewer.may(found.right)):
        return found
    every = await of(connection, viewer)
    if name not in every:
        raise NotFound(
            f"there is no collection {name!r:.80}; choose from {', '.join(every)}",
            value=name[:80], choices=list(every),
        )  # fmt: skip
    return every[name]


def time_of(collection: Collection) -> str:
    """The kind of the time of features: days or moments."""
    assert collection.time is not None
    return collection.properties[collection.time[0]].kind


# Where the town is

_EXTENT = f"""
    SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b)
    FROM (SELECT ST_Extent(c.geom) AS b FROM grid_cell c
          WHERE {data.plan_cells.fitting(data.plan_cells.IN_CHOSEN, {"plan": None, "day": None})}
         ) one WHERE b IS NOT NULL
"""
Bounds = tuple[float, float, float, float]
CHINA: Bounds = (73.0, 17.0, 136.0, 54.0)
"""Where a town without cells is."""


async def extent(connection: psycopg.AsyncConnection[Any]) -> Bounds:
    """West, south, east, north of the cells in force, with a margin of a twentieth."""
    row = await (await connection.execute(_EXTENT)).fetchone()
    if row is None:
        return CHINA
    west, south, east, north = row
    margin = max(east - west, north - south, 0.01) / 20
    box = (west - margin, south - margin, east + margin, north + margin)
    return (round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4))
