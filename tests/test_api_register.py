"""Sheets as nobody would write them: no crash, every refused row told, nothing half written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import SEAL, TESTER, draw, found, place
from town import at as spot

import data.db
import data.grid
import data.locate
from api.actions import upload
from gis.access import Role, Scope, Viewer
from gis.errors import WanggeError

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
IDS = ["11010519491231002X", "440524188001010014", "99010120150303001X", "110105194912310021"]
HEADERS = [
    "姓名", "姓名*", "身份证号", "证件号码", "电话", "手机", "地址", "现住址", "楼栋编码", "房号", "户号",
    "性别", "出生日期", "流动人口", "人户状态", "流入日期", "流出日期", "与户主关系", "备注", "",
    "row", "行号 row", "twice_of", "area_no", "name", "经度",
]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from([
        *IDS, "张三", "李四", "张 三", "１３８１２３４１２３４", "13812341234", "东街1号", "西街9号", "b1", "b9", "101",
        "1", "男", "女", "是", "否", "人户一致", "分离", "1980-03-07", "2999-01-01", "31.12.1949", "45413",
        "", " ", "合计", "示例：张三", "=1+1", "\\x00", "NULL", "nan", "'", '"', "\\N", "\\\\x00", "%s", ":id",
    ]),
    st.text(max_size=12),
)  # fmt: skip
ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-8", "utf-16", "big5"]


LIKELY = {
    "姓名": ["张三", "李四", "张 三"], "身份证号": ["", *IDS], "地址": ["东街1号", "西街9号", "南街3号"],
    "房号": ["", "101", "102"], "电话": ["", "13812341234", "027-88881234", "12"],
    "出生日期": ["", "1980-03-07", "1949/12/31"], "流动人口": ["", "是", "否"],
}  # fmt: skip


@st.composite
def sheets(draw_: st.DrawFn) -> bytes:
    """Rows as clerks have them, some of whose cells, columns and ends are anything."""
    likely = draw_(st.booleans()) or draw_(st.booleans())
    headers = list(LIKELY) if likely else []
    headers += draw_(st.lists(st.sampled_from(HEADERS), min_size=not likely, max_size=4))
    cells = [st.sampled_from(LIKELY[name]) if name in LIKELY else CELLS for name in headers]
    rows = [list(row) for row in draw_(st.lists(st.tuples(*cells), max_size=8))]
    for row in rows:
        if draw_(st.integers(0, 5)) == 0:
            row[draw_(st.integers(0, len(row) - 1))] = draw_(CELLS)
        if draw_(st.integers(0, 9)) == 0:
            row.append("1")
    rows += draw_(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    glue = draw_(st.sampled_from([",", "\t", ";"]))
    lines = [glue.join(headers), *(glue.join(row) for row in rows)]
    text = draw_(st.sampled_from(["\n", "\r\n"])).join(lines)
    return text.encode(draw_(st.sampled_from(ENCODINGS)), errors="replace")


@pytest.fixture(scope="module")
def streets(cluster: object, empty_template: str) -> Iterator[sa.Engine]:
    """One store for all sheets: two cells, each with a building."""
    import conftest

    engine = data.db.engine(conftest._template(cluster, "odd_sheets", empty_template))
    with data.db.transaction(engine) as db:
        found(db, draw("AB"))
        place(db, "building", {"b1": spot(0.5, 0.5)}, address="东街1号")
        place(db, "building", {"b2": spot(1.5, 0.5)}, address="西街9号")
        data.grid.number_areas(db)
        data.locate.refile(db)
    yield engine
    engine.dispose()


def leader(store: sa.Engine) -> Viewer:
    with data.db.transaction(store, keep=False) as db:
        area = db.scalar(sa.text("SELECT area_no FROM grid_cell WHERE code = 'A'"))
    return Viewer(7, "w7", "小王", Role.LEADER, Scope(area, area))


def digest(store: sa.Engine, *, but: str = "") -> object:
    tables = (
        "resident",
        "household",
        "dwelling",
        "building",
        "decision",
        "sheet_row",
        "journal",
        "sheet",
    )
    parts = [
        f"(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {name} t)"
        for name in tables
        if name != but
    ]
    with data.db.transaction(store, keep=False) as db:
        return tuple(db.execute(sa.text(f"SELECT {', '.join(parts)}")).one())


def tried(store: sa.Engine, file: Path, **said: object) -> dict[str, object] | str:
    """The report, or the sentence that refuses the file as a whole."""
    try:
        return upload.upload(store, file, **said)
    except WanggeError as refused:
        return str(refused)


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(content=sheets(), as_operator=st.booleans(), dry_run=st.booleans())
def test_no_sheet_crashes_and_every_row_is_accounted_for(
    streets: sa.Engine, content: bytes, as_operator: bool, dry_run: bool
) -> None:
    by = TESTER if as_operator else leader(streets)
    before, kept = digest(streets), digest(streets, but="journal")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        file.write_bytes(content)
        said = {"name": "x.csv", "by": by, "seal": SEAL, "now": NOW}
        told = tried(streets, file, dry_run=dry_run, **said)
        if isinstance(told, str):
            assert digest(streets) == before
            return
        accounted = told["added"] + told["changed"] + told["unchanged"] + told["refused"]
        assert accounted <= told["rows"] <= accounted + told["decisions"]
        assert (told["refused"] == 0) == (told["faults"] == [])
        if dry_run:
            assert digest(streets, but="journal") == kept
            return
        again = upload.upload(streets, file, **said)
    assert (again["added"], again["changed"], again["decisions"]) == (0, 0, 0)
    assert again["refused"] == told["refused"]
    with data.db.transaction(streets, keep=False) as db:
        assert data.locate.wrong_tallies(db) == 0
        outside = "SELECT count(*) FROM resident r JOIN household h ON h.id = r.household_id JOIN dwelling d ON d.id = h.dwelling_id WHERE (r.area_no, h.area_no) IS DISTINCT FROM (d.area_no, d.area_no)"  # fmt: skip
        assert db.scalar(sa.text(outside)) == 0


def test_real_messy_files_are_refused_in_words_or_taken(streets: sa.Engine, real: Path) -> None:
    files = sorted(path for path in (real / "messy").rglob("*") if path.is_file())
    assert len(files) > 10
    for path in files:
        for by in (TESTER, leader(streets)):
            before = digest(streets)
            told = tried(streets, path, name=path.name, by=by, seal=SEAL, now=NOW)
            if isinstance(told, str):
                assert digest(streets) == before
            else:
                assert told["rows"] == told["added"] + told["unchanged"] + told["refused"]
