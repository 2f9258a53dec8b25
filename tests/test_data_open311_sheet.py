"""Another city's GeoReport becomes cases: each id once, its latest state, known classes only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from test_data_cases import NOW
from town import SEAL, TESTER, at, inhabit

import api.actions.open311_import as acts
import data.case_sheet
import data.db
import data.grid
import data.locate
import data.open311_sheet
from api.actions.open311_import import Foreign
from api.actions.sheets import Report, write_refused
from gis.errors import BadInput, NotFound, TooLarge

SPOT = at(0.5, 0.5)


def settle(db: Any) -> None:
    inhabit(db)
    db.execute(sa.text("DELETE FROM case_file"))
    data.grid.number_areas(db)
    data.locate.refile(db)


@pytest.fixture(scope="module")
def ground(settled: Callable[..., str]) -> str:
    return settled(settle)


def one(number: str, status: str = "open", updated: str = "2020-01-02T00:00:00-05:00",
        **more: Any) -> dict[str, Any]:  # fmt: skip
    return {
        "service_request_id": number,
        "status": status,
        "service_name": "Sidewalk Not Shoveled",
        "service_code": "4f38920f",
        "description": "There is a river of ice",
        "requested_datetime": "2020-01-01T15:35:11-05:00",
        "updated_datetime": updated,
        "address": "13 Anderson St",
        "lat": SPOT.y,
        "long": SPOT.x,
        "media_url": "https://x.example/a.jpg",
        **more,
    }


def bring(store: sa.Engine, path: Path, **told: Any) -> Report:
    sheet = data.open311_sheet.read(path)
    told = {"classes": {"4f38920f": "event-0507"}, **told}
    return acts.bring(store, sheet, Foreign(path, "boston.gov", **told), seal=SEAL, by=TESTER,
                      now=NOW)  # fmt: skip


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps(rows))
    return path


def numbers(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.refused


def cases(store: sa.Engine) -> dict[str, tuple[Any, ...]]:
    with data.db.transaction(store) as db:
        rows = db.execute(
            sa.text(
                "SELECT f.code, f.kind, class_code, title, state, closed_at IS NOT NULL, c.code"
                " FROM case_file f LEFT JOIN grid_cell c ON c.id = f.cell_id ORDER BY f.code"
            )
        )
        assert data.case_sheet.untrue(db) == 0
        return {row[0]: tuple(row[1:]) for row in rows}


def test_each_id_is_one_case_with_its_later_state(store: sa.Engine, tmp_path: Path) -> None:
    write(tmp_path / "a.json", one("1"), one("2", "closed", "2020-01-05T00:00:00-05:00"))
    write(tmp_path / "b.json", one("1", "closed", "2020-01-03T00:00:00-05:00"), one("2"), one("3"))
    report = bring(store, tmp_path)
    assert numbers(report) == (3, 0, 0, 0)
    assert report.rows == 5
    assert "2 requests came again" in " ".join(report.notes)
    title = "Sidewalk Not Shoveled"
    assert cases(store) == {
        "boston.gov:1": ("event", "0507", title, "closed", True, "A"),
        "boston.gov:2": ("event", "0507", title, "closed", True, "A"),
        "boston.gov:3": ("event", "0507", title, "reported", False, "A"),
    }
    before = cases(store)
    assert numbers(bring(store, tmp_path)) == (0, 0, 3, 0)
    assert cases(store) == before
    (tmp_path / "c.json").write_text(json.dumps([one("3", "closed", "2020-02-01T00:00:00-05:00")]))
    assert numbers(bring(store, tmp_path)) == (0, 1, 2, 0)
    assert cases(store)["boston.gov:3"][3:5] == ("closed", True)


def test_xml_says_the_same(store: sa.Engine, tmp_path: Path) -> None:
    fields = "".join(
        f"<{name}>{value}</{name}>" for name, value in one("1").items() if name != "media_url"
    )
    path = tmp_path / "a.xml"
    path.write_text(f"<service_requests><request>{fields}</request></service_requests>")
    assert numbers(bring(store, path)) == (1, 0, 0, 0)
    write(tmp_path / "a.json", one("1"))
    assert numbers(bring(store, tmp_path / "a.json")) == (0, 0, 1, 0)
    path.write_text(
        path.read_text().replace(">", ' xmlns="http://wiki.open311.org/GeoReport_v2">', 1)
    )
    assert numbers(bring(store, path)) == (0, 0, 1, 0)


def test_a_service_that_nobody_placed_is_refused_by_name(store: sa.Engine, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json", one("1"), one("2", service_code="x", service_name="Needle"),
        one(""), one("4", status="lost"), one("5", requested_datetime="soon"),
        one("6", service_code="event-0113", service_name="道路破损"),
    )  # fmt: skip
    report = bring(store, path)
    assert numbers(report) == (2, 0, 0, 4)
    told = {(row.row, row.field): row.value for row in report.faults.itertuples()}
    assert told[2, "service_code"] == "Needle (x)"
    assert {row for row, _ in told} == {2, 3, 4, 5}
    assert report.notes == ["1 requests of 'Needle' (x) have no class here"]
    assert write_refused(report, tmp_path / "refused.csv") == 4
    assert "Needle" in (tmp_path / "refused.csv").read_text()
    report = bring(store, path, other="event-0110", dry_run=True)
    assert numbers(report) == (1, 0, 2, 3)
    assert len(cases(store)) == 2
    assert numbers(bring(store, path, classes={})) == (0, 0, 1, 5)
    with pytest.raises(BadInput, match="no such class"):
        bring(store, path, other="event-9999")
    wrong = bring(store, path, classes={"4f38920f": "event-9999"})
    assert "catalogue has not" in " ".join(wrong.faults["reason"])


def test_classes_are_proposed_and_read_back(store: sa.Engine, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json", one("1"), one("2"), one("3", service_code="n", service_name="Needle"),
        one("4", service_code="z", service_name="道路破损了"),
        one("5", service_code="component-0137", service_name="x"),
    )  # fmt: skip
    table = acts.propose(store, data.open311_sheet.read(path), by=TESTER)
    assert table.to_dict("split")["data"] == [
        ["4f38920f", "Sidewalk Not Shoveled", 2, "event-0507", "道路积雪结冰"],
        ["component-0137", "x", 1, "component-0137", "路灯"],
        ["n", "Needle", 1, "", ""],
        ["z", "道路破损了", 1, "event-0113", "道路破损"],
    ]
    table.to_csv(tmp_path / "classes.csv", index=False)
    assert data.open311_sheet.read_classes(tmp_path / "classes.csv") == {
        "4f38920f": "event-0507", "Sidewalk Not Shoveled": "event-0507",
        "component-0137": "component-0137", "x": "component-0137",
        "z": "event-0113", "道路破损了": "event-0113",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.xml", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><service_requests>"
                  "<request><a>&e;</a></request></service_requests>", BadInput),
        ("a.xml", "<errors/>", BadInput),
        ("a.xml", "<service_requests/>", BadInput),
        ("a.xml", "<service", BadInput),
        ("a.json", "{}", BadInput),
    ],
)  # fmt: skip
def test_what_is_no_georeport_is_refused(
    tmp_path: Path, name: str, text: str, error: type[Exception]
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error):
        data.open311_sheet.read(tmp_path / name)


def test_folders_and_sources_are_named_right(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        data.open311_sheet.read(tmp_path)
    for source in ("", "a b", "波士顿", "x" * 60):
        with pytest.raises(BadInput):
            data.open311_sheet.check_source(source)
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(data.open311_sheet.MOST_CLASSES + 1)
    with pytest.raises(TooLarge):
        data.open311_sheet.read_classes(tmp_path / "big.csv")


def test_six_thousand_real_requests(store: sa.Engine, real: Path) -> None:
    folder = real / "open311" / "boston_georeport_sidewalk"
    classes = {"4f38920fe75084437f00018d": "event-0507"}
    report = bring(store, folder, classes=classes)
    assert (report.rows, *numbers(report)) == (6000, 5948, 0, 0, 2)
    assert "50 requests came again" in " ".join(report.notes)
    assert set(report.faults["reason"]) == {"is missing"}  # two were submitted and got no id
    assert report.outside == 5948
    states = [told[3] for told in cases(store).values()]
    assert {state: states.count(state) for state in set(states)}["reported"] < 60
    assert numbers(bring(store, folder, classes=classes)) == (0, 0, 5948, 2)
