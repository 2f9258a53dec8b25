"""Exports under scope: who takes what out, what leaves of people, and what the journal tells."""

import json
import zipfile
from datetime import UTC, datetime

import geopandas as gpd
import pandas as pd
import pyarrow.parquet
import pyogrio
import pytest
import sqlalchemy as sa
from exporting import TABLES, TODAY, column, export, features, lines_of_table
from town import MARKED, SEAL, TESTER, draw, found

import api.actions.exports
import data.db
import data.exports
import data.grid
from api.actions.exports import Shape, Taking, export_persons
from data.exports import KINDS, Wanted
from data.files.write import SUFFIXES
from gis.access import ANYBODY, LAST_AREA, Role, Scope, Viewer
from gis.errors import BadInput, NotAllowed, NotFound


def viewer(store, role, *codes):
    """Somebody in charge of these cells."""
    with data.db.transaction(store) as db:
        areas = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE code = ANY(:codes) ORDER BY area_no"),
            {"codes": list(codes)},
        ).all()
    return Viewer(5, "wang", "王", role, Scope(1, LAST_AREA, tuple(areas)))


def test_records_leave_from_the_viewers_cells_only(shared_town, tmp_path):
    leader = viewer(shared_town, Role.LEADER, "A")
    for kind, codes in [("cases", ["c-new", "c-done"]), ("dwellings", ["h1 101", "h1 102"])]:
        assert list(column(shared_town, tmp_path, kind, by=leader)) == codes
        assert column(shared_town, tmp_path, kind, by=viewer(shared_town, Role.LEADER, "D")) == {}
    assert len(column(shared_town, tmp_path, "facilities", by=ANYBODY)) == 6
    assert list(column(shared_town, tmp_path, "cells", "name", by=ANYBODY)) == list("ABCD")


@pytest.mark.parametrize(
    ("kind", "role", "right"),
    [
        ("cases", None, "cases"),
        ("cases", Role.WORKER, "export"),
        ("cases", Role.PLANNER, "cases"),
        ("dwellings", Role.WORKER, "export"),
        ("residents", Role.LEADER, "export_persons"),
        ("residents", Role.PLANNER, "persons"),
    ],
)
def test_who_may_not_take_a_kind_out_is_told_which_right_it_takes(
    shared_town, tmp_path, kind, role, right
):
    sentence = f"{kind} are exported only by whoever has the right {right}"
    with pytest.raises(NotAllowed, match=sentence):
        export(shared_town, tmp_path, kind, by=viewer(shared_town, role, "A"))
    assert list(tmp_path.iterdir()) == []


def told(store, folder, by, **wanted):
    """Code → counts and what is hidden, of the statistics that `by` gets."""
    names = ("households", "residents", "open_cases")
    path, _ = export(store, folder, "statistics", by=by, **wanted)
    return {
        one["properties"]["code"]: tuple(one["properties"][name] for name in names)
        for one in features(path)
    }


def test_small_numbers_are_for_those_in_charge(shared_town, tmp_path):
    none = (None, None, None)
    assert told(shared_town, tmp_path, TESTER) == {
        "A": (2, 3, 1), "B": (0, 0, 1), "C": (2, 2, 0), "D": (0, 0, 0),
    }  # fmt: skip
    assert told(shared_town, tmp_path, ANYBODY) == dict.fromkeys("ABCD", none), "one block of four"
    seen = told(shared_town, tmp_path, viewer(shared_town, Role.PLANNER, "A", "B"))
    assert (seen["A"], seen["B"], seen["C"][:2]) == ((2, 3, 1), (0, 0, 1), (None, None))
    path, _ = export(shared_town, tmp_path, "statistics", by=ANYBODY)
    hidden = {one["properties"]["code"]: one["properties"]["hidden"] for one in features(path)}
    assert hidden["A"] == "dwellings,households,residents,cases,open_cases"


def test_by_another_plan_or_day_numbers_are_only_for_whoever_has_all_the_ground(
    shared_town, tmp_path
):
    nothing = (None, None, None)
    anew = told(shared_town, tmp_path, TESTER, plan="草案")
    assert anew == {"P": (2, 2, 1), "Q": (2, 3, 1)}
    for by in (ANYBODY, viewer(shared_town, Role.LEADER, "A", "C")):
        assert told(shared_town, tmp_path, by, plan="草案") == {"P": nothing, "Q": nothing}
    planner = viewer(shared_town, Role.PLANNER, "A", "C")
    on_day = told(shared_town, tmp_path, planner, as_of=TODAY)
    assert (on_day["A"], on_day["C"][:2]) == ((2, 3, 1), (2, 2))
    assert on_day["B"] == on_day["D"] == nothing
    assert told(shared_town, tmp_path, ANYBODY, as_of=TODAY)["D"] == nothing


def test_a_draft_cell_over_own_ground_is_counted_for_its_planner(small_town, tmp_path):
    with data.db.transaction(small_town) as db:
        db.execute(
            sa.text("UPDATE grid_cell SET division_code = '420106001001' WHERE code IN ('P', 'Q')")
        )
        data.grid.number_areas(db)
        areas = db.scalars(
            sa.text("SELECT area_no FROM grid_cell WHERE code IN ('A', 'B', 'P', 'Q')")
        ).all()
    planner = Viewer(5, "p", "p", Role.PLANNER, Scope(1, LAST_AREA, tuple(areas)))
    seen = told(small_town, tmp_path, planner, plan="草案")
    assert seen["Q"][:2] == (2, 3), "all of it stands on A and B"
    assert seen["P"] == (None, None, None), "it stands on C and D"


def test_statistics_by_community_and_street(shared_town, tmp_path):
    path, count = export(shared_town, tmp_path, "statistics", wanted_by="community")
    rows = {one["properties"]["code"]: one["properties"] for one in features(path)}
    assert count == 3
    assert {code: (row["name"], row["cells"], row["residents"]) for code, row in rows.items()} == {
        "420106001001": ("桥头社区", 2, 3), "420106001002": ("柳岸社区", 1, 2),
        "420106002001": ("湖滨社区", 1, 0),
    }  # fmt: skip
    path, _ = export(shared_town, tmp_path, "statistics", wanted_by="street", suffix=".csv")
    rows = {line["code"]: line for line in lines_of_table(path)}
    assert {code: (row["name"], row["cells"], row["residents"]) for code, row in rows.items()} == {
        "420106001000": ("望江街道", "3", "5"), "420106002000": ("临湖街道", "1", "0"),
    }  # fmt: skip
    path, _ = export(shared_town, tmp_path, "statistics", wanted_by="street", by=ANYBODY)
    street = next(one["properties"] for one in features(path))
    assert (street["residents"], street["hidden_residents"], street["facilities"]) == (None, 3, 3)
    with pytest.raises(BadInput, match="cells are not counted by street; statistics are"):
        Wanted("cells", by="street")
    with pytest.raises(BadInput, match="by is 'house'; choose from cell, community, street"):
        Wanted("statistics", by="house")


def test_an_export_cut_off_is_journalled_all_the_same(small_town, monkeypatch):
    monkeypatch.setattr(data.exports, "CHUNK", 1)
    pieces = api.actions.exports.stream(
        small_town, Wanted("cases"), ".csv", Shape(), by=TESTER, today=TODAY, reason="巡查"
    )
    next(pieces)
    pieces.close()
    with data.db.transaction(small_town) as db:
        line = db.execute(sa.text("SELECT subject, detail FROM journal")).one()
    assert (line.subject, line.detail["cut_off"], line.detail["reason"]) == ("cases", True, "巡查")
    assert line.detail["rows"] < 4


def test_an_export_leaves_one_line_in_the_journal_and_a_refused_one_none(store, tmp_path):
    with data.db.transaction(store) as db:
        found(db, draw("AB"))
    export(store, tmp_path, "cells", area="A", reason="年报")
    export(store, tmp_path, "statistics", suffix=".xlsx")
    with pytest.raises(NotFound):
        export(store, tmp_path, "cells", area="Z")
    with data.db.transaction(store) as db:
        lines = db.execute(sa.text("SELECT actor, act, subject, detail FROM journal ORDER BY id"))
        assert [tuple(line) for line in lines] == [
            (
                "test",
                "export",
                "cells",
                {"area": "A", "rows": 1, "scope": "everything", "reason": "年报"},
            ),
            (
                "test",
                "export",
                "statistics",
                {"area": None, "rows": 2, "scope": "everything", "reason": None},
            ),
        ]


# People


def everything_in(path):
    """The bytes of a file and, if it is a zip, of all that is in it."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_residents_leave_in_no_file_but_as_counts(shared_town, tmp_path, suffix):
    with data.db.transaction(shared_town) as db:
        assert (
            db.scalar(sa.text("SELECT count(*) FROM resident WHERE phone_mask = '139****4321'"))
            == 5
        )
    for kind in KINDS:
        for number, wanted in enumerate([{}, {"plan": "草案"}, {"area": "A"}]):
            path, _ = export(
                shared_town, tmp_path, kind, name=f"{kind}{number}", suffix=suffix, **wanted
            )
            if suffix == ".parquet":
                pyarrow.parquet.write_table(
                    pyarrow.parquet.read_table(path), path, compression=None, use_dictionary=False
                )
            for content in everything_in(path):
                for mark in MARKED:
                    assert mark.encode() not in content
    residents = column(shared_town, tmp_path, "statistics", "residents")
    assert residents == {"A": 3, "B": 0, "C": 2, "D": 0}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_residents_leave_between_two_watermarks(shared_town, tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    now = datetime(2026, 11, 22, 1, tzinfo=UTC)
    wanted = Wanted("residents", area="C")
    for unmasked in (False, True):
        taking = Taking("核对名册", now, unmasked)
        count = export_persons(shared_town, wanted, path, Shape(), taking, by=TESTER, seal=SEAL)
        assert (count, path.stat().st_mode & 0o777) == (2, 0o600)
        frame = _residents_of(path, suffix)
        assert list(frame["phone"])[1:-1] == [MARKED[2] if unmasked else "139****4321"] * 2
        assert frame["name"].iloc[0] == frame["name"].iloc[-1]
        assert frame["name"].iloc[0].startswith("水印 Watermark ")
        assert frame["address"].iloc[-1] == (
            "test 2026-11-22T09:00:00+08:00; area C, charge everything; 2 rows; reason: 核对名册"
        )


def _residents_of(path, suffix):
    if suffix in TABLES:
        return pd.DataFrame(lines_of_table(path))
    if suffix == ".geojson":
        return pd.DataFrame([one["properties"] for one in features(path)])
    if suffix == ".geojsonl":
        lines = path.read_text().splitlines()
        return pd.DataFrame([json.loads(one)["properties"] for one in lines])
    return gpd.read_parquet(path) if suffix == ".parquet" else pyogrio.read_dataframe(path)


@pytest.mark.parametrize("reason", ["", "   ", "abc"])
def test_without_a_reason_nobody_leaves(shared_town, tmp_path, reason):
    taking = Taking(reason, datetime.now(UTC))
    with pytest.raises(BadInput, match="say why people are taken out"):
        export_persons(
            shared_town,
            Wanted("residents"),
            tmp_path / "o.csv",
            Shape(),
            taking,
            by=TESTER,
            seal=SEAL,
        )
    assert list(tmp_path.iterdir()) == []
