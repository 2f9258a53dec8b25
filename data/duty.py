"""责任 in the store: all that is needed to say who answers, for one case or ten thousand.

Eleven statements in all, however many cases: none is asked per case, per cell or per worker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from data.locate import IN_FORCE
from gis.duty_facts import (
    Area,
    Asked,
    Facts,
    Hours,
    Person,
    Posted,
    Responsibility,
    Seen,
    Side,
    Spot,
    Unit,
)
from gis.errors import NotFound
from gis.terms import ClassKind, DivisionLevel, PostRole, UnitKind

Inquiry = tuple[Asked, Facts]
"""What `gis.duty.answer` asks."""

OFFICES = (str(UnitKind.RESIDENT_COMMITTEE), str(UnitKind.STREET_OFFICE))
"""Units that answer for their division where the list names nobody."""

VALID = "{0}.valid_from <= :day AND ({0}.valid_to IS NULL OR {0}.valid_to > :day)"
"""Which rows count on a day; on the day they end they no longer do."""
PERIOD = "nullif({0}.valid_from, '-infinity') AS valid_from, {0}.valid_to"


def gather(db: Session, cases: Sequence[int], *, at: datetime) -> dict[int, Inquiry]:
    """Gather what says who answers for these cases at a moment, by the wall clock (aware).

    Cases that the viewer may not see are left out.
    """
    asked = _rows(db, _CASES, ids=list(cases))
    beside = _beside(db, {one["cell_id"] for one in asked if one["cell_id"]})
    ground = _Ground(at)
    ground.cells = cells(db, {*beside, *(n for some in beside.values() for n in some)})
    ground.posts = posted(db, ground.cells, at=at)
    ground.areas = _areas(db, {code for one in asked if (code := ground.division(one))}, at)
    classes = {one["class_code"] for one in asked if one["class_code"]}
    ground.duties, ground.offices = _units(db, ground.areas, classes, at)
    return {one["id"]: (ground.asked(one), ground.facts(one, beside)) for one in asked}


@dataclass
class _Ground:
    """What many cases share, put together once for each cell and each chain of divisions."""

    at: datetime
    cells: Mapping[int, Cell] = field(default_factory=dict)
    posts: Mapping[int, Sequence[Posted]] = field(default_factory=dict)
    areas: Mapping[str, tuple[Area, ...]] = field(default_factory=dict)
    duties: Mapping[str | None, Sequence[Responsibility]] = field(default_factory=dict)
    offices: Mapping[str | None, Sequence[Unit]] = field(default_factory=dict)
    _facts: dict[tuple[int | None, str | None], Facts] = field(default_factory=dict)

    def cell(self, case: Mapping[str, Any]) -> Cell | None:
        """The cell of a case, once it is sure."""
        return self.cells.get(case["cell_id"]) if case["desk_code"] is None else None

    def division(self, case: Mapping[str, Any]) -> str | None:
        """The smallest division that surely holds a case: its cell's, or its duty desk's."""
        cell = self.cell(case)
        return cell.division if cell else case["desk_code"]

    def asked(self, case: Mapping[str, Any]) -> Asked:
        cell = self.cell(case)
        spot = cell.centre if cell else None
        if case["lon"] is not None:
            spot = (case["lon"], case["lat"])
        return Asked(
            self.at,
            ClassKind(case["kind"]),
            case["class_code"],
            frozenset(case["skills"] or ()),
            frozenset(case["unit_kinds"] or ()),
            case["is_urgent"],
            spot,
            cell.code if cell else None,
            self.areas.get(self.division(case) or "", ()),
        )

    def facts(self, case: Mapping[str, Any], beside: Mapping[int, Sequence[int]]) -> Facts:
        cell, division = self.cell(case), self.division(case)
        number = case["cell_id"] if cell else None
        if (number, division) not in self._facts:
            codes = [area.code for area in self.areas.get(division or "", ())]
            neighbours = beside.get(number, ()) if number else ()
            self._facts[number, division] = Facts(
                self.posts.get(number, ()) if number else (),
                [post for one in neighbours for post in self.posts.get(one, ())],
                [duty for code in (*codes, None) for duty in self.duties.get(code, ())],
                [unit for code in codes for unit in self.offices.get(code, ())],
            )
        return self._facts[number, division]


def _rows(db: Session, query: str, **values: Any) -> list[dict[str, Any]]:
    found = db.execute(sa.text(query), values)
    names = list(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found.all()]  # a third of mappings()


def _grouped(rows: Iterable[Mapping[str, Any]], key: str) -> dict[Any, list[Mapping[str, Any]]]:
    groups: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


# A case brought by a sheet may not say whether its class is that of a component or of an event:
# then the one named like the case, else the event
_CASES = """
    SELECT f.id, f.class_code, f.desk_code, f.cell_id, ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat,
           coalesce(f.kind, k.kind, 'event') AS kind, k.skills,
           coalesce(n.clock = 'urgent_hour', false) AS is_urgent, n.unit_kinds
    FROM case_file f LEFT JOIN case_condition n ON n.id = f.condition_id
    LEFT JOIN LATERAL (
        SELECT c.kind, c.skills FROM case_class c
        WHERE c.code = f.class_code AND (f.kind IS NULL OR c.kind = f.kind)
        ORDER BY c.id = n.class_id DESC NULLS LAST, c.name = f.title DESC, c.kind <> 'event', c.id
        LIMIT 1
    ) k ON true
    WHERE f.id = ANY (:ids) ORDER BY f.id
"""


# Cells


@dataclass(frozen=True)
class Cell:
    """A cell as duty knows it."""

    id: int
    code: str
    name: str
    division: str | None
    centre: Spot


_CELLS = """
    SELECT id, code, name, division_code, ST_X(ST_Centroid(geom)) AS lon,
           ST_Y(ST_Centroid(geom)) AS lat
    FROM grid_cell WHERE id = ANY (:ids)
"""


def cells(db: Session, ids: Iterable[int]) -> dict[int, Cell]:
    """Read cells by their numbers."""
    return {
        one["id"]: Cell(
            one["id"], one["code"], one["name"], one["division_code"], (one["lon"], one["lat"])
        )
        for one in _rows(db, _CELLS, ids=sorted(ids))
    }


def cell_named(db: Session, code: str) -> Cell:
    """Read the cell in force with that code.

    Raises:
        NotFound: there is none.
    """
    query = f"SELECT id FROM grid_cell WHERE code = :code AND {IN_FORCE}"
    number = db.scalar(sa.text(query), {"code": code})
    if number is None:
        raise NotFound(f"no cell in force has the code {code!r}", field="code", value=code)
    return cells(db, [number])[number]


# Touching in one point counts: what matters is who is near. The index finds by the box.
_BESIDE = f"""
    WITH own AS MATERIALIZED (SELECT id AS own_id, geom AS own_geom FROM grid_cell
                              WHERE id = ANY (:ids))
    SELECT own_id, array_agg(id ORDER BY id) FILTER (WHERE id <> own_id) AS beside
    FROM own JOIN grid_cell ON geom && own_geom AND ST_Intersects(geom, own_geom)
    WHERE {IN_FORCE} GROUP BY own_id
"""


def _beside(db: Session, ids: Iterable[int]) -> dict[int, list[int]]:
    """The cells in force beside each cell."""
    return {one["own_id"]: one["beside"] or [] for one in _rows(db, _BESIDE, ids=sorted(ids))}


_AREAS = f"""
    WITH RECURSIVE up AS (
        SELECT d.code AS begun, d.code, d.name, d.level, d.parent_code, 0 AS height
        FROM division d WHERE d.code = ANY (:codes) AND {VALID.format("d")}
        UNION ALL
        SELECT up.begun, d.code, d.name, d.level, d.parent_code, up.height + 1
        FROM up JOIN division d ON d.code = up.parent_code AND {VALID.format("d")}
        WHERE up.height < 8
    )
    SELECT * FROM up ORDER BY begun, height
"""


def _areas(db: Session, codes: Iterable[str], at: datetime) -> dict[str, tuple[Area, ...]]:
    """Each division with those above it, the smallest first."""
    found = _grouped(_rows(db, _AREAS, codes=sorted(codes), day=at.date()), "begun")
    return {
        code: tuple(Area(one["code"], one["name"], DivisionLevel(one["level"])) for one in chain)
        for code, chain in found.items()
    }


# Persons

_POSTS = f"""
    SELECT p.cell_id, p.role, w.id, w.code, w.name, w.phone, w.skills, w.capacity
    FROM post p JOIN worker w ON w.id = p.worker_id
    WHERE p.cell_id = ANY (:cells) AND {VALID.format("p")}
    ORDER BY p.cell_id, w.code COLLATE "C", p.role
"""
_SHIFTS = f"""
    SELECT s.worker_id, s.weekday, s.starts, s.ends, {PERIOD.format("s")}
    FROM shift s WHERE s.worker_id = ANY (:workers)
"""
_ABSENCES = """
    SELECT worker_id, starts_at, ends_at FROM absence
    WHERE worker_id = ANY (:workers) AND starts_at <= :at AND ends_at > :at
"""
_STANDING = "SELECT * FROM worker_standing(:workers)"


def posted(db: Session, cells: Mapping[int, Cell], *, at: datetime) -> dict[int, list[Posted]]:
    """Who has which post in these cells on that day, with shifts, leave, load and last place."""
    rows = _rows(db, _POSTS, cells=list(cells), day=at.date())
    workers = sorted({row["id"] for row in rows})
    shifts = _grouped(_rows(db, _SHIFTS, workers=workers), "worker_id")
    leave = _grouped(_rows(db, _ABSENCES, workers=workers, at=at), "worker_id")
    standing = {one["worker_id"]: one for one in _rows(db, _STANDING, workers=workers)}
    people = {
        row["id"]: _person(row, shifts[row["id"]], leave[row["id"]], standing[row["id"]])
        for row in {row["id"]: row for row in rows}.values()
    }
    posts: dict[int, list[Posted]] = defaultdict(list)
    for row in rows:
        cell = cells[row["cell_id"]]
        role = PostRole(row["role"])
        posts[cell.id].append(Posted(people[row["id"]], role, cell.code, cell.name, cell.centre))
    return posts


def _person(
    row: Mapping[str, Any],
    shifts: Sequence[Mapping[str, Any]],
    leave: Sequence[Mapping[str, Any]],
    standing: Mapping[str, Any],
) -> Person:
    seen = standing["seen_at"] and Seen((standing["lon"], standing["lat"]), standing["seen_at"])
    return Person(
        row["id"],
        row["code"],
        row["name"],
        row["phone"],
        frozenset(row["skills"]),
        row["capacity"],
        standing["load"],
        tuple(_hours(one) for one in shifts),
        tuple((one["starts_at"], one["ends_at"]) for one in leave),
        seen,
    )


def _hours(row: Mapping[str, Any]) -> Hours:
    period = (row.get("valid_from"), row.get("valid_to"))
    return _span(row["weekday"], row["starts"], row["ends"], *period)


_span = lru_cache(maxsize=10_000)(Hours)
"""Most people work the same hours: one value for all of them."""


# Units

_DUTIES = f"""
    SELECT r.unit_id, r.side, r.kind, r.class_code, r.division_code, r.rank, {PERIOD.format("r")}
    FROM responsibility r
    WHERE (r.division_code IS NULL OR r.division_code = ANY (:areas))
      AND (r.class_code IS NULL OR r.class_code = ANY (:classes)) AND {VALID.format("r")}
    ORDER BY r.id
"""
_UNITS = """
    SELECT id, code, name, kind, division_code, skills FROM network_unit
    WHERE id = ANY (:units) OR (kind = ANY (:offices) AND division_code = ANY (:areas))
    ORDER BY code COLLATE "C"
"""
_HOURS = "SELECT unit_id, weekday, starts, ends FROM open_hours WHERE unit_id = ANY (:units)"

_Listed = tuple[dict[str | None, list[Responsibility]], dict[str | None, list[Unit]]]


def _units(
    db: Session, areas: Mapping[str, tuple[Area, ...]], classes: Iterable[str], at: datetime
) -> _Listed:
    """Lines of the list and offices by their division."""
    codes = sorted({area.code for chain in areas.values() for area in chain})
    wanted = sorted({part for code in classes for part in (code, code[:2])})
    lines = _rows(db, _DUTIES, areas=codes, classes=wanted, day=at.date())
    named = sorted({line["unit_id"] for line in lines})
    found = _rows(db, _UNITS, units=named, offices=list(OFFICES), areas=codes)
    hours = _grouped(_rows(db, _HOURS, units=[one["id"] for one in found]), "unit_id")
    units = {one["id"]: _unit(one, hours[one["id"]]) for one in found}
    duties: dict[str | None, list[Responsibility]] = defaultdict(list)
    for line in lines:
        duties[line["division_code"]].append(_duty(line, units[line["unit_id"]]))
    offices: dict[str | None, list[Unit]] = defaultdict(list)
    for unit in units.values():
        if unit.kind in OFFICES:
            offices[unit.division].append(unit)
    return duties, offices


def _unit(row: Mapping[str, Any], hours: Sequence[Mapping[str, Any]]) -> Unit:
    return Unit(
        row["id"],
        row["code"],
        row["name"],
        UnitKind(row["kind"]),
        row["division_code"],
        frozenset(row["skills"]),
        tuple(_hours(one) for one in hours),
    )


def _duty(line: Mapping[str, Any], unit: Unit) -> Responsibility:
    return Responsibility(
        unit,
        Side(line["side"]),
        line["kind"] and ClassKind(line["kind"]),
        line["class_code"],
        line["division_code"],
        line["rank"],
        line["valid_from"],
        line["valid_to"],
    )
