"""The catalogue in the store: there from the start, a city's own on top, the calendar beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import SEAL, TESTER

import api.actions.catalogue
import data.calendar
import data.catalogue
import data.db
import data.defaults
from api.actions.imports import Order, Report, import_file
from gis.case_clock import Limit
from gis.catalogue import Basis, CaseClass
from gis.errors import BadInput, NotFound
from gis.terms import Clock, RecordKind, UnitKind

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEAD = "类型,大类名称,小类代码,小类名称,立案条件,处置时限,计时方式,结案条件,责任单位类别,所需技能"
LOCAL = f"""{HEAD}
事件,市容环境,0199,共享单车淤积,占用盲道,4,工作时,摆放整齐,部门、街道办事处,
事件,市容环境,0199,共享单车淤积,占用绿地,1个工作日,,清理完毕,,
事件,市容环境,0198,屋顶堆物,有坠落危险,2,紧急工作时,清理完毕,街道办事处,"高空,绳""索\\"
"""


def bring(
    store: sa.Engine,
    folder: Path,
    text: str,
    kind: RecordKind = RecordKind.CATALOGUE,
    **said: object,
) -> Report:
    path = folder / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return import_file(store, Order(kind, path, **said), seal=SEAL, by=TESTER, now=NOW)  # type: ignore[arg-type]


def outcome(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.refused


def version(store: sa.Engine, layer: str = "catalogue") -> int:
    query = sa.text("SELECT coalesce(max(version), 0) FROM data_version WHERE layer = :layer")
    with data.db.transaction(store) as db:
        return int(db.scalar(query, {"layer": layer}))


def the_class(db: Session, code: str, **said: str) -> CaseClass:
    (found,) = data.catalogue.classes(db, code=code, **said)
    return found


# From the start


def test_an_empty_store_has_the_public_catalogue(db: Session) -> None:
    found = data.catalogue.classes(db)
    rows = list(data.defaults.public_rows())
    assert len(found) == len({(one["system"], one["kind"], one["code"]) for one in rows})
    assert sum(len(one.conditions) for one in found) == len(rows)
    assert all(one.conditions for one in found)
    assert not any(one.is_local for one in found)
    cover = the_class(db, "0101", kind="component")
    assert (cover.name, cover.major_name, cover.system) == ("上水井盖", "公用设施", "cn")
    assert [(one.number, one.limit) for one in cover.conditions] == [
        (1, Limit(2, Clock.URGENT_HOUR)),
        (2, Limit(4, Clock.WORK_HOUR)),
        (3, Limit(2, Clock.WORK_DAY)),
        (4, Limit(5, Clock.WORK_DAY)),
    ]
    dispute = the_class(db, "0103", system="community")
    assert dispute.skills == ("调解",)
    assert dispute.conditions[0].unit_kinds == (
        UnitKind.RESIDENT_COMMITTEE,
        UnitKind.OWNERS_COMMITTEE,
        UnitKind.PROPERTY_COMPANY,
    )


def test_a_citys_changes_stay_when_the_schema_is_made_ready_again(store: sa.Engine) -> None:
    with data.db.transaction(store) as db:
        db.execute(sa.text("UPDATE case_class SET name = '井盖' WHERE name = '上水井盖'"))
        db.execute(sa.text("UPDATE case_condition SET amount = 1 WHERE filing = '满溢'"))
        db.execute(sa.text("DELETE FROM case_class WHERE name = '路灯'"))
        before = data.catalogue.classes(db)
    data.db.migrate(store)
    with data.db.transaction(store) as db:
        after = data.catalogue.classes(db)
    lamp = [one for one in after if one.name == "路灯"]
    assert (len(lamp), len(lamp[0].conditions)) == (1, 3)
    assert [one for one in after if one.name != "路灯"] == before
    assert version(store) == 2
    data.db.migrate(store)
    assert version(store) == 2


# A city's own


def test_local_classes_come_from_a_sheet_and_the_same_sheet_again_changes_nothing(
    store: sa.Engine, tmp_path: Path
) -> None:
    report = bring(store, tmp_path, LOCAL)
    assert outcome(report) == (3, 0, 0, 0)
    assert "classes: 2 added, 0 changed" in report.notes
    assert not [note for note in report.notes if "coordinates" in note]
    with data.db.transaction(store) as db:
        bikes = the_class(db, "0199")
        roof = the_class(db, "0198")
    assert (bikes.is_local, roof.is_local, bikes.system, bikes.major_code) == (
        True,
        True,
        "cn",
        "01",
    )
    assert [(one.number, one.filing, one.limit, one.basis) for one in bikes.conditions] == [
        (1, "占用盲道", Limit(4, Clock.WORK_HOUR), Basis.OWN),
        (2, "占用绿地", Limit(1, Clock.WORK_DAY), Basis.OWN),
    ]
    assert roof.skills == ("高空", '绳"索\\')
    at = version(store)
    assert outcome(bring(store, tmp_path, LOCAL)) == (0, 0, 3, 0)
    assert version(store) == at


def test_a_sheet_changes_what_it_names_and_leaves_the_rest(
    store: sa.Engine, tmp_path: Path
) -> None:
    sheet = f"{HEAD}\n事件,突发事件,0506,道路积水,其他影响通行的积水,2,紧急工作时,积水排除,,\n"
    sheet += "事件,突发事件,0506,道路积水,地下通道积水,1,紧急工作时,积水排除,部门,\n"
    with data.db.transaction(store) as db:
        first, second = the_class(db, "0506", kind="event").conditions
    assert outcome(bring(store, tmp_path, sheet)) == (1, 1, 0, 0)
    with data.db.transaction(store) as db:
        puddle = the_class(db, "0506", kind="event")
    assert puddle.conditions[0] == first
    changed, added = puddle.conditions[1:]
    assert (changed.id, changed.number, changed.limit, changed.basis, changed.unit_kinds) == (
        second.id, 2, Limit(2, Clock.URGENT_HOUR), Basis.OWN, second.unit_kinds,
    )  # fmt: skip
    assert (added.number, added.filing) == (3, "地下通道积水")


def test_wrong_rows_are_refused_and_nothing_is_half_written(
    store: sa.Engine, tmp_path: Path
) -> None:
    report = bring(store, tmp_path, LOCAL + "事件,市容环境,0197,狗粪,未清,2天,,清理,,\n")
    assert outcome(report) == (3, 0, 0, 1)
    assert report.faults[["row", "field", "value"]].values.tolist() == [[5, "limit", "2天"]]
    with data.db.transaction(store) as db:
        assert data.catalogue.classes(db, code="0197") == []


def test_a_try_and_a_system_of_its_own(store: sa.Engine, tmp_path: Path) -> None:
    sheet = "kind,major_code,major_name,code,name,filing,limit,clock,closing\n"
    sheet += "event,S,Streets,PHF,Pothole,reported,7,natural_day,filled\n"
    chicago = {"constants": {"system": "chicago"}}
    assert outcome(bring(store, tmp_path, sheet, dry_run=True, **chicago)) == (1, 0, 0, 0)
    with data.db.transaction(store) as db:
        assert data.catalogue.classes(db, code="PHF") == []
    bring(store, tmp_path, sheet, **chicago)
    with data.db.transaction(store) as db:
        pothole = the_class(db, "PHF")
    assert (pothole.system, pothole.kind, pothole.is_local) == ("chicago", "event", False)


def test_what_is_written_out_comes_back_unchanged(store: sa.Engine, tmp_path: Path) -> None:
    bring(store, tmp_path, LOCAL)
    found = api.actions.catalogue.classes(store, None, system=None, by=TESTER)
    table = api.actions.catalogue.as_table(found)
    assert tuple(table.columns) == api.actions.catalogue.HEADERS
    count = len(list(data.defaults.public_rows())) + 3
    assert outcome(bring(store, tmp_path, table.to_csv(index=False))) == (0, 0, count, 0)
    assert api.actions.catalogue.classes(store, None, system=None, by=TESTER) == found
    with pytest.raises(NotFound, match=r"no class 'cn 7777'; its systems are cn, community"):
        api.actions.catalogue.classes(store, "7777", system="cn", by=TESTER)


# The calendar


def test_days_come_from_a_sheet(store: sa.Engine, tmp_path: Path) -> None:
    sheet = "日期,类型,名称\n2031-01-01,法定节假日,元旦\n2031/1/4,补班,元旦调休\n"
    assert outcome(bring(store, tmp_path, sheet, RecordKind.CALENDAR)) == (2, 0, 0, 0)
    at = version(store, "calendar")
    assert outcome(bring(store, tmp_path, sheet, RecordKind.CALENDAR)) == (0, 0, 2, 0)
    assert version(store, "calendar") == at
    other = sheet.replace("元旦调休", "调休") + "2031-01-01,休,元旦\n2031-13-01,休,x\n"
    report = bring(store, tmp_path, other, RecordKind.CALENDAR)
    assert outcome(report) == (0, 1, 1, 2)
    assert sorted(report.faults["row"]) == [4, 5]
    days, _ = api.actions.catalogue.calendar(store, 2031, by=TESTER)
    assert days == [
        {"day": date(2031, 1, 1), "kind": "holiday", "name": "元旦"},
        {"day": date(2031, 1, 4), "kind": "workday", "name": "调休"},
    ]


def told(store: sa.Engine) -> list[tuple[object, ...]]:
    _, periods = api.actions.catalogue.calendar(store, 2026, by=TESTER)
    return [
        (one.weekday, one.begins.hour, one.ends.hour, one.valid_from, one.valid_to)
        for one in periods
        if one.weekday in {5, 6}
    ]


def test_hours_of_work_change_from_a_day_on(store: sa.Engine) -> None:
    summer, autumn = date(2027, 5, 1), date(2027, 10, 1)
    set_periods = api.actions.catalogue.set_periods
    set_periods(store, [5, 6], [(time(8), time(11))], since=summer, by=TESTER)
    set_periods(store, [6], [], since=autumn, by=TESTER)
    expected = [
        (5, 8, 12, None, summer),
        (5, 14, 18, None, summer),
        (5, 8, 11, summer, None),
        (6, 8, 11, summer, autumn),
    ]
    assert told(store) == expected
    set_periods(store, [6], [(time(9), time(12))], since=autumn, by=TESTER)
    assert told(store) == [*expected, (6, 9, 12, autumn, None)]
    with pytest.raises(BadInput, match="overlap"):
        set_periods(
            store, [6], [(time(8), time(11)), (time(10), time(12))], since=summer, by=TESTER
        )
    assert told(store) == [*expected, (6, 9, 12, autumn, None)]


def test_some_weekday_has_hours_of_work(store: sa.Engine) -> None:
    with pytest.raises(BadInput, match="no weekday would have hours"):
        api.actions.catalogue.set_periods(
            store, [1, 2, 3, 4, 5], [], since=date(1970, 1, 1), by=TESTER
        )
