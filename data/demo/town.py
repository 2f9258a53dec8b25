"""A whole town as rows: the themes put together, table by table, chunk by chunk.

Pure: the same size, seed and day give the same rows, to the byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely
from numpy.typing import NDArray

from data.demo import (
    areas,
    buildings,
    care,
    cells,
    duty,
    facilities,
    features,
    ground,
    incidents,
    layout,
    network,
    people,
)
from data.demo.columns import ewkb, ids, multi, phones, points
from data.demo.sizes import TOWNS
from gis.terms import Progress, quiet

_UTC_OFFSET = np.timedelta64(8, "h")
_A_WEEK, _NEVER = np.timedelta64(7 * 24 * 60, "m"), np.datetime64("NaT", "m")


@dataclass(frozen=True)
class Batch:
    """Rows for one table, in the order of its keys."""

    table: str
    rows: pa.Table

    def csv(self) -> bytes:
        """Write the rows as PostgreSQL's CSV reads them: nothing between commas is null."""
        sink = pa.BufferOutputStream()
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        pyarrow.csv.write_csv(self.rows, sink, options)
        return bytes(sink.getvalue())


@dataclass(frozen=True)
class Town:
    """Everything of a town but its people."""

    layout: layout.Layout
    ground: ground.Ground
    cells: cells.Cells
    buildings: buildings.Buildings
    network: network.Network


def plan(size: str, seed: int) -> Town:
    """Plan and build a town of that size."""
    drawn = layout.draw(TOWNS[size], seed)
    bent = ground.shape(TOWNS[size], seed)
    grid = cells.draw(drawn, bent, seed)
    built = buildings.raise_all(grid, bent, drawn.roads, TOWNS[size].households, seed)
    return Town(drawn, bent, grid, built, network.staff(drawn, grid, built.households, seed))


def batches(size: str, *, seed: int, now: datetime, progress: Progress = quiet) -> Iterator[Batch]:
    """Make all rows of a town, parents before children."""
    progress("planning the town", 0, None)
    town, today = plan(size, seed), now.date()
    yield Batch("division", areas.divisions(town.layout, town.cells, today))
    yield Batch("grid_plan", areas.plan(today))
    yield Batch("grid_cell", areas.grid_cells(town.cells, town.buildings.households, seed, today))
    under = features.draw(town.layout, town.ground, town.cells, seed)
    yield Batch("base_feature", areas.base_features(under))
    yield from _network(town, seed, today)
    yield Batch("building", _buildings(town))
    yield from _people(town, seed, today, progress)
    progress("placing facilities", 0, 1)
    yield Batch("facility", _facilities(town, seed, today))
    progress("letting cases happen", 0, 1)
    yield Batch("case_file", _cases(town, seed, now))


def digest(size: str, *, seed: int, now: datetime) -> str:
    """Give one SHA-256 over all rows of a town."""
    total = hashlib.sha256()
    for batch in batches(size, seed=seed, now=now):
        total.update(batch.table.encode())
        total.update(batch.csv())
    return total.hexdigest()


# Tables


def _network(town: Town, seed: int, today: date) -> Iterator[Batch]:
    yield Batch("network_unit", _units(town, seed))
    yield Batch("worker", _workers(town.network, seed))
    yield Batch("post", _posts(town.network, today))
    for table, rows in duty.tables(town.layout, town.cells, town.network, seed, today):
        yield Batch(table, rows)


def _units(town: Town, seed: int) -> pa.Table:
    units = town.network.units
    code, name, kind, division, parent, phone, skills = zip(*units, strict=True)
    return pa.table(
        {
            "id": ids(len(code)),
            "code": code,
            "name": name,
            "kind": kind,
            "division_code": division,
            "parent_code": parent,
            "phone": phones(phone),
            "skills": ["{" + ",".join(some) + "}" for some in skills],
            "geom": duty.unit_places(town.cells, town.network, seed),
        }
    )


def _workers(founded: network.Network, seed: int) -> pa.Table:
    code, name, phone, unit = zip(*founded.workers, strict=True)
    columns = {"code": code, "name": name, "phone": phones(phone), "unit_id": unit}
    return pa.table({"id": ids(len(code)), **columns, **duty.abilities(founded, seed)})


def _posts(founded: network.Network, today: date) -> pa.Table:
    cell, worker, role = zip(*founded.posts, strict=True)
    start = [date(today.year, 1, 1)] * len(cell)
    columns = {"cell_id": cell, "worker_id": worker, "role": role, "valid_from": start}
    return pa.table({"id": ids(len(cell)), **columns})


def _buildings(town: Town) -> pa.Table:
    built, count = town.buildings, len(town.buildings.names)
    home = [town.layout.communities[i].code for i in town.cells.community[built.cell]]
    _, group = np.unique(home, return_inverse=True)
    order = np.argsort(group, kind="stable")
    number = np.empty(count, np.int64)
    number[order] = buildings.within(np.bincount(group)) + 1
    outlines = np.asarray(shapely.polygons(ground.degrees(built.corners)))
    return pa.table(
        {
            "id": ids(count),
            "code": pa.array([f"{c}{n:05d}" for c, n in zip(home, number.tolist(), strict=True)]),
            "name": pa.array(built.names),
            "address": pa.array(built.addresses),
            "floors": pa.array(built.floors),
            "footprint": ewkb(multi(outlines)),
            "geom": points(built.centre),
            "cell_id": pa.array(built.cell + 1),
        }
    )


def _people(town: Town, seed: int, today: date, progress: Progress) -> Iterator[Batch]:
    """Make homes, households and people in chunks."""
    built, size = town.buildings, town.layout.size
    homes = people.settle(built, built.households, size.residents, seed)
    counties = sorted(town.layout.counties)
    of_community = [counties.index(c.code[:6]) for c in town.layout.communities]
    county = np.array(of_community)[town.cells.community][built.cell]
    crowd = people.People(today, [int(code) for code in counties], seed)
    area = areas.area_numbers(town.cells)[built.cell]
    places, before, cared = points(built.centre), 0, care.Care(today, seed)
    for here, living in people.chunks(homes):
        yield Batch("dwelling", _dwellings(built, homes, here, places, area))
        home = homes.household_home[living]
        folk = crowd.chunk(homes.sizes[living], county[homes.building[home]])
        lives = area[homes.building[home]]
        yield Batch("household", _households(homes, living, lives))
        yield Batch("resident", _residents(folk, living.start, before, lives))
        for table, rows in cared.chunk(folk, before, lives):
            yield Batch(table, rows)
        before += len(folk["name"])
        progress("settling people", before, size.residents)


def _dwellings(
    built: buildings.Buildings,
    homes: people.Homes,
    here: slice,
    places: pa.Array,
    area: ground.Ints,
) -> pa.Table:
    """List homes, already filed: to file a million afterwards is to write them all again."""
    building = homes.building[here]
    return pa.table(
        {
            "id": pa.array(np.arange(here.start, here.stop) + 1),
            "building_id": pa.array(building + 1),
            "number": people.home_numbers(built, building, homes.within_building[here]),
            "geom": places.take(pa.array(building)),
            "cell_id": pa.array(built.cell[building] + 1),
            "area_no": pa.array(area[building]),
        }
    )


def _households(homes: people.Homes, living: slice, area: ground.Ints) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(np.arange(living.start, living.stop) + 1),
            "dwelling_id": pa.array(homes.household_home[living] + 1),
            "number": pa.array(homes.household_number[living]).cast(pa.string()),
            "area_no": pa.array(area),
        }
    )


def _residents(
    folk: dict[str, Any], first_household: int, before: int, area: ground.Ints
) -> pa.Table:
    number = before + np.arange(len(folk["name"])) + 1
    household = folk["household"] + first_household + 1
    columns = {name: column for name, column in folk.items() if name != "household"}
    numbers = {"id": number, "household_id": household, "area_no": area[folk["household"]]}
    return pa.table({name: pa.array(of) for name, of in numbers.items()} | columns)


def _facilities(town: Town, seed: int, today: date) -> pa.Table:
    found = facilities.place_all(town.layout, town.ground, town.cells, town.buildings, seed)
    own = ("code", "name", "kind", "category", "class_code", "address")
    return pa.table(
        {
            "id": ids(len(found)),
            **{name: pa.array([getattr(f, name) for f in found], pa.string()) for name in own},
            "phone": phones([f.phone for f in found]),
            "valid_from": [date(today.year - 2, 6, 1)] * len(found),
            "geom": points(np.array([f.place for f in found])),
        }
    )


def _cases(town: Town, seed: int, now: datetime) -> pa.Table:
    happened = incidents.happen(town.layout, town.ground, town.buildings, now, seed)
    kinds = [incidents.CLASSES[i] for i in happened.kinds]
    components = incidents.COMPONENTS
    in_a_week = np.datetime64(now.date(), "m") + _A_WEEK
    awaited = np.where(happened.states == "suspended", in_a_week, _NEVER)
    return pa.table(
        {
            "id": ids(len(kinds)),
            "code": pa.array(happened.codes),
            "title": pa.array([k[1] for k in kinds]),
            "class_code": pa.array([k[0] for k in kinds]),
            "kind": pa.array(["component" if k[0] in components else "event" for k in kinds]),
            "state": pa.array(happened.states),
            "reported_at": _instants(happened.reported),
            "due_at": _instants(happened.due),
            "closed_at": _instants(happened.closed),
            "filed_at": _instants(happened.filed),
            "dispatched_at": _instants(happened.dispatched),
            "handled_at": _instants(happened.handled),
            "stood": pa.array(np.full(len(kinds), "dispatched"), mask=np.isnat(awaited)),
            "suspended_until": _instants(awaited),
            "address": pa.array(happened.addresses),
            "description": pa.array([k[5] for k in kinds]),
            "accuracy_m": pa.array(happened.accuracy, from_pandas=True),
            "unit_id": _responders(town, happened, [k[4] for k in kinds]),
            "geom": points(happened.places),
        }
    )


def _instants(local: NDArray[np.datetime64]) -> pa.Array:
    """Turn local times (UTC+8) into instants."""
    return pa.array((local - _UTC_OFFSET).astype("datetime64[s]"), pa.timestamp("s", "UTC"))


def _responders(town: Town, happened: incidents.Cases, trades: list[str]) -> pa.Array:
    """Give each dispatched case to the department of its county that knows the trade."""
    roadside = facilities.Roadside(town.layout, town.ground)
    places = np.nan_to_num(happened.places)
    home = roadside.community(town.cells, town.buildings, places)
    counties = [c.code[:6] for c in town.layout.communities]
    units = [town.network.department[counties[c], t] for c, t in zip(home, trades, strict=True)]
    return pa.array(np.array(units), mask=~happened.with_unit)
