"""Care in the store: from sheets, visited, undone, merged, counted; and nothing outside a charge."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from test_data_register_identity import (
    CHILD,
    MAN,
    NOW,
    WOMAN,
    Bring,
    ask,
    bring,
    digest,
    in_charge,
    numbers,
    streets,
)  # fmt: skip
from town import SEAL, TESTER
from typer.testing import CliRunner

import api.actions.care as acts
import api.actions.register
import data.care
import data.db
import data.locate
import data.scope
from api.actions import deciding
from api.actions.care import Told
from api.actions.imports import Order, Report, import_file
from api.cli import app
from gis.access import Role, Viewer
from gis.errors import BadInput, Conflict, NotAllowed, NotFound
from gis.terms import RecordKind
from gis.terms_community import VisitChannel, VisitFinding

__all__ = ["bring", "streets"]
ZONE = "Asia/Shanghai"
PEOPLE = (
    f"张三,{WOMAN},13812341234,东街1号,101,1,户主", f"李四,{MAN},,东街1号,101,1,",
    "王五,,13900000000,西街9号,2,,", "赵六,,,西街9号,3,,", "赵六,,,西街9号,4,,",
)  # fmt: skip
HEAD = "身份证号,姓名,地址,房号,关爱类别,关爱等级,残疾等级,认定日期,终止日期\n"
ROWS = (
    f"{WOMAN},张三,,,独居老人,高风险,,2026-01-01,", f"{WOMAN},,,,残疾,,二级,,",
    ",王 五,西街9号,,低保户,每月,,,",
)  # fmt: skip
AT = Told(NOW - timedelta(hours=2), VisitChannel.DOOR, VisitFinding.WELL, "血压正常", "visit-001")
Care = Callable[..., Report]


@pytest.fixture
def care(bring: Bring, streets: sa.Engine, tmp_path: Path) -> Care:
    """Five residents in cells A and B; `care("…", by=…)` imports rows below `HEAD`."""
    bring(*PEOPLE)

    def run(*rows: str, by: Viewer = TESTER, now: datetime = NOW) -> Report:
        path = tmp_path / "care.csv"
        path.write_text(HEAD + "\n".join(rows) + "\n")
        return import_file(streets, Order(RecordKind.CARE, path), seal=SEAL, by=by, now=now)

    return run


def kept(store: sa.Engine) -> list[tuple[object, ...]]:
    return ask(
        store,
        "SELECT r.name_mask, k.category, k.level, k.grade, k.due_on, c.code FROM care_recipient k "
        "JOIN resident r ON r.id = k.resident_id JOIN grid_cell c ON c.area_no = k.area_no "
        "ORDER BY k.id",
    )


def counted(store: sa.Engine) -> dict[tuple[object, object], object]:
    rows = ask(store, "SELECT c.code, t.category, t.recipients FROM cell_care t "
               "JOIN grid_cell c ON c.id = t.cell_id")  # fmt: skip
    with data.db.transaction(store, keep=False) as db:
        assert data.locate.wrong_tallies(db) == 0
    return {(cell, category): n for cell, category, n in rows}


def number(store: sa.Engine, name: str) -> int:
    """The first row of care of somebody, by the mask of his name."""
    query = "SELECT min(k.id) FROM care_recipient k JOIN resident r ON r.id = k.resident_id "
    return int(str(ask(store, f"{query} WHERE r.name_mask = '{name}'")[0][0]))


# Sheets


def test_a_sheet_adds_changes_and_leaves(care: Care, streets: sa.Engine) -> None:
    assert numbers(care(*ROWS)) == (3, 0, 0, 0, 0)
    assert kept(streets) == [
        ("张*", "living_alone", "high", None, date(2026, 11, 29), "A"),
        ("张*", "disabled", "general", 2, date(2027, 2, 21), "A"),
        ("王*", "low_income", "key", None, date(2026, 12, 22), "B"),
    ]
    tally = {("A", "living_alone"): 1, ("A", "disabled"): 1, ("B", "low_income"): 1}
    assert counted(streets) == tally
    before = digest(streets, "care_recipient")
    assert numbers(care(*ROWS)) == (0, 0, 3, 0, 0)
    assert digest(streets, "care_recipient") == before
    assert numbers(care(ROWS[1].replace("残疾,", "残疾,高"), f"{WOMAN},,,,独居老人,,,,2026-11-20")) == (
        0, 2, 0, 0, 0,
    )  # fmt: skip
    assert [row[2:5] for row in kept(streets)[:2]] == [
        ("high", None, date(2026, 11, 29)), ("high", 2, date(2026, 11, 29)),
    ]  # fmt: skip
    assert counted(streets) == {("A", "disabled"): 1, ("B", "low_income"): 1}


def test_every_refusal_names_row_field_value_and_reason(care: Care, streets: sa.Engine) -> None:
    care(ROWS[0])
    report = care(
        *(f"{MAN},李四,,,低保,,,,", f"{MAN},,,,低保,,,,", f"{MAN},,,,低保户,,二级,,"),
        *(f"{CHILD},,,,孤儿,,,,", f"{WOMAN},李四,,,高龄,,,,", ",赵六,西街9号,,高龄,,,,"),
        *(",钱七,西街9号,,高龄,,,,", ",赵六,,,高龄,,,,", f"{WOMAN},,,,贫困,特高,五级,昨天,"),
        f"{WOMAN},,,,独居老人,,,,2025-12-31",
        f"{WOMAN},,,,低保,,,2026-02-01,2026-01-01",
    )
    assert numbers(report) == (1, 0, 0, 0, 10)
    told = [(one["row"], one["field"], one["value"], one["reason"][:34])
            for one in report.faults.to_dict("records")]  # fmt: skip
    assert told == [
        (3, "category", "low_income", "stands already in row 2 for the sam"[:34]),
        (4, "grade", "2", "only 残疾人 disabled have a grade"),
        (5, "id_number", CHILD, "nobody with this id is registered in your charge"[:34]),
        (6, "name", "李四", "the register knows this id by another name"[:34]),
        (7, "name", "赵六", "several of this name live there: tell"[:34]),
        (8, "name", "钱七", "nobody of this name lives there in"[:34]),
        (9, "id_number", "", "tells nobody: a resident id, or a name"[:34]),
        (10, "category", "贫困", "is none of low_income 低保、destitute"[:34]),
        (10, "level", "特高", "is none of high 高风险、key 重点、general 一般"[:34]),
        (10, "grade", "五级", "a whole number from 1 to 4 is expected"[:34]),
        (10, "since", "昨天", "a date such as 2026-03-01 is expected"[:34]),
        (11, "until", "2025-12-31", "ends before it begins, on 2026-01-01"[:34]),
        (12, "until", "2026-01-01", "ends before it begins"),
    ]


def test_a_sheet_finds_only_whom_its_bringer_is_in_charge_of(
    care: Care, streets: sa.Engine
) -> None:
    report = care(*ROWS, by=in_charge(streets, "A"))
    assert numbers(report) == (2, 0, 0, 0, 1)
    assert report.faults["reason"].tolist() == ["nobody of this name lives there in your charge"]
    assert counted(streets) == {("A", "living_alone"): 1, ("A", "disabled"): 1}


# Visits


def test_a_visit_is_told_once_and_serves_all_he_is_cared_for(
    care: Care, streets: sa.Engine
) -> None:
    care(*ROWS)
    one, by = number(streets, "张*"), in_charge(streets, "A", role=Role.WORKER)
    later = NOW + timedelta(days=8)
    (due,) = acts.due(streets, by=by, now=later, zone=ZONE)
    assert (due["categories"], due["level"], due["grade"], due["overdue_days"], due["last"]) == (
        ["disabled", "living_alone"], "high", 2, 1, None,
    )  # fmt: skip
    assert (due["name_mask"], due["address"], due["cell"]) == ("张*", "东街1号 101", "A")
    told = replace(AT, at=later, finding=VisitFinding.WATCH)
    first = acts.visit(streets, one, told, by=by, now=later, zone=ZONE)
    assert first["next_due_on"] == date(2026, 12, 7)
    assert acts.visit(streets, one, told, by=by, now=later, zone=ZONE) == first
    # what was done before and told later takes nothing back
    early = replace(AT, at=NOW, finding=VisitFinding.HELP, request_id="visit-002")
    assert acts.visit(streets, one, early, by=by, now=later, zone=ZONE)["next_due_on"] == date(
        2026, 12, 7
    )
    lines = acts.history(streets, one, by=by, now=later)
    assert [(x["finding"], x["words"], x["by"], x["can_undo"]) for x in lines] == [
        ("watch", "血压正常", "小王", True), ("help", "血压正常", "小王", True),
    ]  # fmt: skip
    assert ask(streets, "SELECT act, detail->>'channel' FROM journal WHERE act = 'visit'") == [
        ("visit", "door"), ("visit", "door"),
    ]  # fmt: skip
    assert [one["due_on"] for one in acts.due(streets, by=by, now=later, zone=ZONE, days=30)] == [
        date(2026, 12, 7)
    ]


def test_a_visit_is_undone_by_whoever_told_it_within_a_day(care: Care, streets: sa.Engine) -> None:
    care(*ROWS)
    one, by = number(streets, "张*"), in_charge(streets, "A", role=Role.WORKER)
    before = kept(streets)
    kept_as = acts.visit(
        streets, one, replace(AT, finding=VisitFinding.AWAY), by=by, now=NOW, zone=ZONE
    )
    assert kept_as["next_due_on"] == date(2026, 11, 24)
    said = {"now": NOW, "zone": ZONE}
    with pytest.raises(NotAllowed, match="somebody else"):
        acts.undo(streets, kept_as["visit"], by=replace(by, account=8), **said)
    with pytest.raises(NotAllowed, match="more than a day ago"):
        acts.undo(streets, kept_as["visit"], by=by, now=NOW + timedelta(days=2), zone=ZONE)
    undone = acts.undo(streets, kept_as["visit"], by=by, **said)
    assert undone["next_due_on"] == date(2026, 11, 29)
    assert acts.undo(streets, kept_as["visit"], by=by, **said) == undone
    assert kept(streets) == before
    (line,) = acts.history(streets, one, by=by, now=NOW)
    assert line["undone_at"] is not None
    assert not line["can_undo"]
    # the request id is spent: the same again is still the visit that was undone
    assert acts.visit(streets, one, replace(AT, finding=VisitFinding.AWAY), by=by, **said) == undone


def test_what_cannot_be_kept_is_refused_all_of_it(care: Care, streets: sa.Engine) -> None:
    care(*ROWS)
    one, other = number(streets, "张*"), number(streets, "王*")
    by = in_charge(streets, "A", "B", role=Role.WORKER)
    wrong = replace(AT, at=NOW + timedelta(days=1), words="\x07" + "长" * 1_001)
    with pytest.raises(BadInput, match="still to come") as told:
        acts.visit(streets, one, wrong, by=by, now=NOW, zone=ZONE)
    assert [fault["field"] for fault in told.value.facts["faults"]] == ["at", "words", "words"]
    old = replace(AT, at=NOW - timedelta(days=400))
    with pytest.raises(BadInput, match="more than a year ago"):
        acts.visit(streets, one, old, by=by, now=NOW, zone=ZONE)
    acts.visit(streets, one, AT, by=by, now=NOW, zone=ZONE)
    with pytest.raises(Conflict, match="of another visit"):
        acts.visit(streets, other, AT, by=by, now=NOW, zone=ZONE)


def test_nothing_is_seen_or_done_outside_of_a_charge(care: Care, streets: sa.Engine) -> None:
    care(*ROWS)
    one = number(streets, "张*")
    visit = acts.visit(streets, one, AT, by=TESTER, now=NOW, zone=ZONE)["visit"]
    other = in_charge(streets, "B", role=Role.WORKER)
    for act in (
        lambda: acts.visit(
            streets, one, replace(AT, request_id=None), by=other, now=NOW, zone=ZONE
        ),
        lambda: acts.visit(streets, one, AT, by=other, now=NOW, zone=ZONE),
        lambda: acts.undo(streets, visit, by=other, now=NOW, zone=ZONE),
        lambda: acts.history(streets, one, by=other, now=NOW),
    ):
        with pytest.raises(NotFound, match="in your charge"):
            act()
    assert [x["cell"] for x in acts.due(streets, by=other, now=NOW, zone=ZONE, days=99)] == ["B"]
    dispatcher = in_charge(streets, "A", role=Role.DISPATCHER)
    with pytest.raises(NotAllowed):
        acts.due(streets, by=dispatcher, now=NOW, zone=ZONE)
    with data.scope.transaction(streets, dispatcher, keep=False) as db:
        seen = [db.scalar(sa.text(f"SELECT count(*) FROM {table}"))
                for table in ("care_recipient", "visit", "cell_care")]  # fmt: skip
    assert seen == [0, 0, 2]


def test_whose_care_ends_on_a_day_to_come_is_counted_until_then(
    care: Care, streets: sa.Engine
) -> None:
    care(f"{WOMAN},,,,孕产妇,,,,2999-01-01")
    assert counted(streets) == {("A", "maternity"): 1}
    with data.db.transaction(streets) as db:
        data.care.count_on_a_new_day(db)
        # the day comes
        db.execute(sa.text("UPDATE care_recipient SET until = current_date"))
        data.care.count_on_a_new_day(db)
        assert data.locate.wrong_tallies(db) == 1
        db.execute(sa.text("UPDATE data_version SET version = 0 WHERE layer = 'care counted'"))
        data.care.count_on_a_new_day(db)
    assert counted(streets) == {}


# Who moves, goes, or was one with another


def test_care_follows_its_person(care: Care, bring: Bring, streets: sa.Engine) -> None:
    care(*ROWS)
    later = NOW + timedelta(days=1)
    bring(f"张三,{WOMAN},,西街9号,7,,户主", name="moved.csv", told_at=later, now=later)
    assert counted(streets) == {
        ("B", "living_alone"): 1, ("B", "disabled"): 1, ("B", "low_income"): 1,
    }  # fmt: skip
    one = number(streets, "王*")
    acts.visit(streets, one, AT, by=TESTER, now=NOW, zone=ZONE)
    (line,) = api.actions.register.find(streets, "王五", by=TESTER, seal=SEAL)["lines"]
    api.actions.register.leave(
        streets, line["id"], line["version"], reason="迁出本市", by=TESTER, seal=SEAL, now=later
    )
    assert counted(streets) == {("B", "living_alone"): 1, ("B", "disabled"): 1}
    assert ask(streets, "SELECT count(*) FROM visit") == [(0,)]


def test_merging_joins_care_and_visits_and_undoing_parts_them(
    care: Care, streets: sa.Engine
) -> None:
    care(",赵六,西街9号,3,高龄,高,,,", ",赵六,西街9号,4,高龄,,,,", ",赵六,西街9号,4,低保,,,,")
    keep, gone = (row[0] for row in ask(streets, "SELECT DISTINCT resident_id FROM care_recipient "
                                        "ORDER BY 1"))  # fmt: skip
    of_gone = ask(streets, f"SELECT max(id) FROM care_recipient WHERE resident_id = {gone}")[0][0]
    acts.visit(streets, int(str(of_gone)), AT, by=TESTER, now=NOW, zone=ZONE)
    before = digest(streets, "care_recipient", "visit", "cell_care")
    by = in_charge(streets, "B")
    done = deciding.merge(streets, keep=keep, merged=gone, by=by, seal=SEAL, now=NOW)
    assert ask(streets, "SELECT resident_id, category, level FROM care_recipient ORDER BY id") == [
        (keep, "advanced_age", "high"), (keep, "low_income", "general"),
    ]  # fmt: skip
    assert ask(streets, "SELECT resident_id FROM visit") == [(keep,)]
    assert counted(streets) == {("B", "advanced_age"): 1, ("B", "low_income"): 1}
    deciding.undo_merge(streets, done["id"], by=by, now=datetime(2026, 11, 23, tzinfo=UTC))
    assert digest(streets, "care_recipient", "visit", "cell_care") == before


def test_the_command_line_does_all_of_it(
    bring: Bring, streets: sa.Engine, empty_url: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bring(*PEOPLE)
    monkeypatch.setenv("WANGGE_DATABASE_URL", empty_url)
    monkeypatch.setenv("WANGGE_REGISTER_KEY", base64.b64encode(bytes(range(32))).decode())
    monkeypatch.setattr("api.running.stop_on_sigterm", lambda: None)

    def wangge(*words: str) -> str:
        result = CliRunner().invoke(app, words)
        if result.exception is not None:
            raise result.exception
        return result.output

    sheet, errors = tmp_path / "care.csv", tmp_path / "errors.csv"
    sheet.write_text(HEAD + "\n".join([*ROWS, f"{CHILD},,,,孤儿,,,,"]) + "\n")
    assert "1 refused" in wangge("import", "care", str(sheet), "--errors", str(errors))
    assert "nobody with this id" in errors.read_text(encoding="utf-8-sig")
    told = wangge("care", "due", "--area", "A")
    assert "高风险\t张*\tA\t东街1号 101\t残疾人、独居老人" in told
    one = told.split("\t")[0]
    assert wangge("care", "due", "--area", "A", "--days", "0") == ""
    kept = wangge("care", "visit", one, "help", "--channel", "call", "--words", "药快用完了")
    assert kept.startswith("visit 1 is kept; next due 下次走访 ")
    assert "电话或视频\t需要帮助" in wangge("care", "list", one)
    assert "counts no more" in wangge("care", "undo", "1")
    assert "已撤销 undone\n    药快用完了" in wangge("care", "list", one)
