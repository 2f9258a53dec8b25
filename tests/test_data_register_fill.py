"""An empty register is filled straight: the same people, homes and questions as compared row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from town import SEAL, TESTER, draw, found, place
from town import at as spot

import data.db
import data.demo.people
import data.grid
import data.locate
import data.register_fill
from api.actions.imports import Order, Report, import_file
from gis.places import Reference
from gis.terms import Datum, RecordKind

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HEAD = "姓名,身份证号,电话,楼栋编码,地址,房号,户号,流动人口,流入日期,人户状态,性别,经度,纬度\n"
EMPTIED = "TRUNCATE resident, household, dwelling, decision, sheet, sheet_row, building CASCADE"
PEOPLE = """
    SELECT r.name_mask, encode(r.name_index, 'hex'), r.id_mask, encode(r.id_index, 'hex'),
           r.phone_mask, encode(r.phone_index, 'hex'), r.sex, r.birth_date, r.relation, r.residence,
           r.floating, r.floating_since, r.floating_until, r.told_at, r.told::text, r.version,
           r.area_no, h.number, h.area_no, d.number, d.own_place, d.geom::text, d.cell_id, d.area_no,
           b.code, b.address, b.geom::text, b.cell_id
    FROM resident r JOIN household h ON h.id = r.household_id
    JOIN dwelling d ON d.id = h.dwelling_id JOIN building b ON b.id = d.building_id
"""
ASKED = """
    SELECT d.kind, d.row, d.reason, d.shown::text, d.told_at, encode(r.name_index, 'hex'),
           encode(r.id_index, 'hex')
    FROM decision d JOIN resident r ON r.id = d.resident_id
"""
COUNTS = """
    SELECT (SELECT count(*) FROM building), (SELECT count(*) FROM dwelling),
           (SELECT count(*) FROM household), (SELECT count(*) FROM resident)
"""
TALLY = "SELECT cell_id, buildings, dwellings, households, residents FROM cell_tally"


def ask(store: sa.Engine, question: str) -> list[str]:
    with data.db.transaction(store, keep=False) as db:
        return sorted(str(tuple(row)) for row in db.execute(sa.text(question)))


@pytest.fixture
def streets(store: sa.Engine) -> sa.Engine:
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
        data.grid.number_areas(db)
    return store


def built(store: sa.Engine) -> None:
    """Two buildings that are there before any sheet, one of them outside all cells."""
    with data.db.transaction(store) as db:
        place(db, "building", {"B1": spot(0.5, 0.5)}, address="东街1号")
        place(db, "building", {"B9": spot(9, 9)}, address="远街9号")
        data.locate.refile(db)


def rows(count: int, seed: int) -> str:
    """A sheet as clerks send it: blanks, one person twice, homes told in three ways."""
    rng = np.random.default_rng(seed)
    people = data.demo.people.People(date(2026, 1, 1), [990101], seed)
    folk = people.chunk(np.full(count, 1, np.int8), np.zeros(count, np.int64))
    ids, phones = folk["id_number"].to_pylist(), folk["phone"].to_pylist()
    lines: list[str] = []
    for at in range(count):
        if lines and rng.random() < 0.15:
            again = lines[rng.integers(len(lines))].split(",")
            if rng.random() < 0.6:
                again[rng.choice([2, 4, 5, 6])] = rng.choice(["13900001111", "东街1号", "", "7"])
            lines.append(",".join(again))
            continue
        house = int(rng.integers(6))
        homes = [
            ("", "东街1号"),
            ("B1", ""),
            ("B9", ""),
            ("N1", "新街1号"),
            ("", "新街1号"),
            ("N2", ""),
        ]
        where = spot(rng.uniform(0, 2.2), rng.uniform(0, 1))
        lon, lat = (where.x, where.y) if rng.random() < 0.5 else ("", "")
        # without an id one name is one person: which of two namesakes a row repeats nobody knows
        known = rng.random() < 0.7
        name = f"{rng.choice(['张三', '李四', '王 五'])}{at % 40 if known else 1000 + at}"
        floating = rng.choice(["是", "否", ""])
        lines.append(
            ",".join(
                str(one) for one in (
                    name, ids[at] if known else "",
                    (phones[at] or "") if rng.random() < 0.6 else "", *homes[house],
                    rng.choice(["101", "102", "201", ""]), rng.choice(["1", "2", ""]), floating,
                    "2020-03-01" if floating == "是" else "", rng.choice(["人户一致", "分离", ""]), "", lon, lat,
                )
            )
        )  # fmt: skip
    return HEAD + "\n".join(lines) + "\n"


def brought(store: sa.Engine, path: Path) -> tuple[Report, list[list[str]]]:
    with data.db.transaction(store) as db:
        db.execute(sa.text(EMPTIED))
    built(store)
    order = Order(RecordKind.RESIDENTS, path, Reference(datum=Datum.WGS84))
    report = import_file(store, order, seal=SEAL, by=TESTER, now=NOW)
    return report, [ask(store, question) for question in (PEOPLE, ASKED, COUNTS, TALLY)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_filling_leaves_what_comparing_leaves(
    seed: int, streets: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(rows(400, seed))
    compared, as_compared = brought(streets, path)
    monkeypatch.setattr(data.register_fill, "LEAST", 1)
    monkeypatch.setattr(data.register_fill, "CHUNK", 100)
    filled, as_filled = brought(streets, path)
    assert compared.decisions, "the sheet holds somebody twice who differs"
    assert as_filled == as_compared
    told = (
        "added",
        "changed",
        "unchanged",
        "decisions",
        "refused",
        "outside",
        "without_coordinates",
    )
    assert [getattr(filled, one) for one in told] == [getattr(compared, one) for one in told]
    assert filled.notes == compared.notes


def test_after_filling_the_same_sheet_changes_nothing_and_new_rows_are_numbered_on(
    streets: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.register_fill, "LEAST", 1)
    path = tmp_path / "a.csv"
    path.write_text(rows(100, 4))
    _, before = brought(streets, path)
    indexes = (
        "SELECT indexdef FROM pg_indexes WHERE tablename IN ('resident', 'household', 'dwelling')"
    )
    keys = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text IN ('resident', 'household', 'dwelling')"
    assert len(ask(streets, indexes)) >= 12
    assert len(ask(streets, keys)) >= 9
    order = Order(RecordKind.RESIDENTS, path, Reference(datum=Datum.WGS84))
    again = import_file(streets, order, seal=SEAL, by=TESTER, now=NOW)
    assert (again.added, again.changed, again.decisions) == (0, 0, 0)
    assert ask(streets, PEOPLE) == before[0]
    path.write_text(HEAD + "赵六,,,,北街3号,1,,,,,,,\n")
    assert (
        import_file(
            streets,
            Order(RecordKind.RESIDENTS, path, Reference(datum=Datum.WGS84)),
            seal=SEAL,
            by=TESTER,
            now=NOW,
        ).added
        == 1
    )
