"""Facts of duty from the store: adjacency, shifts, leave, load, the list; a fixed number of
statements; sheets that come twice; what the row policies let change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from town import SEAL, TESTER, at, draw, found, inhabit, place

import data.db
import data.duty
import data.duty_edit
import data.duty_sheets
import data.grid
import data.locate
import data.members
import data.scope
import gis.duty
from api.actions.imports import Order, Report, import_file
from gis.access import Role, Scope, Viewer
from gis.duty_facts import Hours, Reason, Relation
from gis.errors import Conflict, NotAllowed, NotFound
from gis.terms import RecordKind

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)  # a Monday
COMMUNITY, STREET, COUNTY = "420106001001", "420106001000", "420106000000"


def run(db: Session, *statements: str) -> None:
    for statement in statements:
        db.execute(sa.text(statement))


def staffed(db: Session) -> None:
    """Cells ABCD in a row: 张三 works in A, 李四 backs him, 王五 in B, 赵六 in C."""
    inhabit(db)
    run(
        db,
        "INSERT INTO network_unit (code, name, kind, division_code, skills) VALUES "
        f"('C1', '桥头社区居委会', 'resident_committee', '{COMMUNITY}', '{{调解}}'),"
        f"('S1', '望江街道办事处', 'street_office', '{STREET}', '{{}}'),"
        f"('D1', '水务局', 'department', '{COUNTY}', '{{供水}}')",
        "INSERT INTO worker (code, name, phone) VALUES ('W1', '张三', '101'), ('W2', '李四', '102'),"
        " ('W3', '王五', '103'), ('W4', '赵六', '104')",
        "INSERT INTO post (cell_id, worker_id, role, valid_from) SELECT c.id, w.id, role, "
        "'2020-01-01' FROM (VALUES ('A', 'W1', 'grid_worker'), ('A', 'W2', 'backup'), "
        "('B', 'W3', 'grid_worker'), ('C', 'W4', 'grid_worker')) p (cell, worker, role) "
        "JOIN grid_cell c ON c.code = p.cell JOIN worker w ON w.code = p.worker",
        "UPDATE case_file SET kind = 'event', class_code = '0501'",
    )
    data.grid.number_areas(db)
    data.locate.refile(db)


def asked(db: Session, code: str = "c-new", when: datetime = NOW) -> gis.duty.Answer:
    number = db.scalar(sa.text("SELECT id FROM case_file WHERE code = :c"), {"c": code})
    return gis.duty.answer(*data.duty.gather(db, [number], at=when)[number])


def steps(answer: gis.duty.Answer) -> list[tuple[str | None, Relation, tuple[Reason, ...]]]:
    return [(step.who, step.relation, step.reasons) for step in answer.steps]


def test_the_own_worker_then_his_backup_then_the_cell_beside_it(db: Session) -> None:
    staffed(db)
    assert steps(asked(db)) == [("张三", Relation.OWN_CELL, ())]
    run(
        db,
        "INSERT INTO absence (worker_id, starts_at, ends_at) SELECT id, '2026-11-23', "
        "'2026-11-24' FROM worker WHERE code = 'W1'",
        "INSERT INTO shift (worker_id, weekday, starts, ends) SELECT id, 7, '22:00', '10:00' "
        "FROM worker WHERE code = 'W2'",
    )
    assert steps(asked(db)) == [
        ("张三", Relation.OWN_CELL, (Reason.ON_LEAVE,)),
        ("李四", Relation.BACKUP, (Reason.OFF_DUTY,)),
        ("王五", Relation.NEIGHBOUR, ()),
    ]
    night = asked(db, when=NOW.replace(hour=9, minute=59))
    assert night.chosen is not None
    assert night.chosen.who == "李四"


def test_load_capacity_skills_and_the_list_are_what_the_store_says(db: Session) -> None:
    staffed(db)
    run(
        db,
        "UPDATE worker SET capacity = 1 WHERE code = 'W1'",
        "UPDATE case_file SET worker_id = (SELECT id FROM worker WHERE code = 'W1'), "
        "state = 'handling' WHERE code = 'c-bc'",
        "UPDATE case_class SET skills = '{供水}' WHERE kind = 'event' AND code = '0501'",
        "UPDATE worker SET skills = '{供水}' WHERE code = 'W1'",
        "INSERT INTO responsibility (unit_id, side, kind, class_code, division_code, valid_to) "
        f"SELECT id, 'territory', 'event', '0501', '{COUNTY}', CAST(valid AS date) "
        "FROM network_unit, (VALUES ('2026-11-24')) one (valid) WHERE code = 'D1'",
    )
    answer = asked(db)
    assert steps(answer)[:2] == [
        ("张三", Relation.OWN_CELL, (Reason.AT_CAPACITY,)),
        ("李四", Relation.BACKUP, (Reason.SKILL_MISSING,)),
    ]
    assert answer.chosen is not None
    assert (answer.chosen.who, answer.chosen.relation) == ("水务局", Relation.DEPARTMENT)
    ended = asked(db, when=NOW.replace(day=24))
    assert ended.chosen is None
    assert ended.steps[-1].reasons == (Reason.NO_RESPONSIBILITY,)


def test_where_a_worker_just_was_is_the_case_he_moved_while_he_has_it(db: Session) -> None:
    staffed(db)
    run(
        db,
        "INSERT INTO account (login, name, role, worker_id) SELECT 'wang', '王五', 'worker', id "
        "FROM worker WHERE code = 'W3'",
        "UPDATE case_file SET worker_id = (SELECT id FROM worker WHERE code = 'W3'), "
        "state = 'dispatched' WHERE code = 'c-bc'",
        "INSERT INTO case_event (case_id, at, account, actor, move, source, target) "
        "SELECT f.id, '2026-11-23T09:50+08', a.id, 'wang', 'take', 'dispatched', 'handling' "
        "FROM case_file f, account a WHERE f.code = 'c-bc' AND a.login = 'wang'",
    )
    here = data.duty.cell_named(db, "B")
    (wang,) = data.duty.posted(db, {here.id: here}, at=NOW)[here.id]
    spot = at(2, 0.5)
    assert wang.person.seen is not None
    assert (wang.person.seen.spot, wang.person.load) == ((spot.x, spot.y), 1)
    assert wang.person.seen.at == datetime(2026, 11, 23, 1, 50, tzinfo=UTC)
    run(db, "UPDATE case_file SET state = 'feedback' WHERE code = 'c-bc'")
    (after,) = data.duty.posted(db, {here.id: here}, at=NOW)[here.id]
    assert (after.person.seen, after.person.load) == (None, 0)


def test_cells_beside_share_an_edge_or_a_corner_and_the_plan_in_force(db: Session) -> None:
    found(db, draw("ABC/DEF/GHI"))
    found(db, draw("XYZ/XYZ/XYZ"), plan="草案", state="draft")
    codes = dict(db.execute(sa.text("SELECT id, code FROM grid_cell")).all())
    ids = {code: number for number, code in codes.items()}
    beside = data.duty._beside(db, [ids["A"], ids["E"]])
    assert {codes[one]: "".join(codes[n] for n in some) for one, some in beside.items()} == {
        "A": "BDE",
        "E": "ABCDFGHI",
    }


def test_ten_cases_take_as_many_statements_as_one(db: Session) -> None:
    staffed(db)
    place(db, "case_file", {f"n{n}": at(n / 3, 0.3) for n in range(12)}, title="案")
    data.locate.refile(db)
    ids = list(db.scalars(sa.text("SELECT id FROM case_file ORDER BY id")))
    counted: list[str] = []

    def note(*told: object) -> None:
        counted.append(str(told[2]))

    connection = db.connection()
    numbers = []
    sa.event.listen(connection, "before_cursor_execute", note)
    for some in (ids[:1], ids):
        counted.clear()
        answers = data.duty.gather(db, some, at=NOW)
        assert list(answers) == some
        numbers.append(len(counted))
    sa.event.remove(connection, "before_cursor_execute", note)
    assert numbers == [11, 11]


def test_a_case_at_a_desk_is_asked_about_from_the_desk_s_division(db: Session) -> None:
    staffed(db)
    run(db, f"UPDATE case_file SET desk_code = '{STREET}' WHERE code = 'c-new'")
    answer = asked(db)
    assert steps(answer) == [
        (None, Relation.OWN_CELL, (Reason.CELL_UNSURE,)),
        (None, Relation.COMMUNITY, (Reason.NO_RESPONSIBILITY,)),
        ("望江街道办事处", Relation.STREET, ()),
    ]
    nowhere = asked(db, "c-null")
    assert nowhere.chosen is None


# By hand


def test_who_is_in_charge_of_one_street_changes_nothing_of_another(
    store: sa.Engine,
) -> None:
    with data.db.transaction(store) as db:
        staffed(db)
        low = db.scalar(sa.text("SELECT area_no FROM grid_cell WHERE code = 'C' AND area_no > 0"))
    viewer = Viewer(9, "one", "一", Role.DISPATCHER, Scope(low, low))
    with data.scope.transaction(store, viewer) as db:
        worker = data.duty_edit.worker_named(db, "W4")
        data.duty_edit.equip(db, worker["id"], skills=["消防"], capacity=3)
        shift = data.duty_edit.add_shift(db, worker["id"], Hours(1, time(8), time(12)))
        data.duty_edit.add_absence(db, worker["id"], NOW, NOW.replace(hour=12))
        with pytest.raises(NotFound, match="no worker in your charge has the code 'W1'"):
            data.duty_edit.worker_named(db, "W1")
        with pytest.raises(NotFound, match="no unit in your charge has the code 'C1'"):
            data.duty_edit.unit_in_charge(db, "C1")
        with pytest.raises(Conflict, match="begins already at 08:00"):
            data.duty_edit.add_shift(db, worker["id"], Hours(1, time(8), time(9)))
        with pytest.raises(Conflict, match="away already, until 2026-11-23 12:00"):
            data.duty_edit.add_absence(db, worker["id"], NOW, NOW.replace(hour=11))
    line = {"unit": "D1", "side": "owner", "kind": None, "class_code": None, "rank": 1,
            "valid_from": date(2026, 1, 1), "division": COMMUNITY}  # fmt: skip
    with pytest.raises(NotAllowed), data.scope.transaction(store, viewer) as db:
        data.duty_edit.add_responsibility(db, line)
    with data.db.transaction(store) as db:
        told = data.duty_edit.roster(db, "W4", now=NOW)
        assert (told["skills"], told["capacity"]) == (["消防"], 3)
        assert [one["id"] for one in told["shifts"]] == [shift]
        data.duty_edit.drop(db, "shift", shift)
        assert data.duty_edit.roster(db, "W4", now=NOW)["shifts"] == []
        number = data.duty_edit.add_responsibility(db, line)
        with pytest.raises(Conflict, match="says already"):
            data.duty_edit.add_responsibility(db, line)
        data.duty_edit.end_responsibility(db, number, date(2026, 11, 23))
        assert data.duty_edit.responsibilities(db, day=date(2026, 11, 23)) == []
        (before,) = data.duty_edit.responsibilities(db, day=date(2026, 11, 22))
        assert (before["unit"], before["division"]) == ("水务局", "桥头社区")


# Sheets


def bring(store: sa.Engine, kind: RecordKind, folder: Path, lines: str) -> Report:
    path = folder / f"{kind}.csv"
    path.write_text(lines)
    return import_file(store, Order(kind, path), seal=SEAL, by=TESTER, now=NOW)


def outcome(report: Report) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.refused


def faults(report: Report) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.reason) for one in report.faults.itertuples()]


def test_the_responsibility_list_comes_by_names_and_codes_and_twice_changes_nothing(
    store: sa.Engine, tmp_path: Path
) -> None:
    with data.db.transaction(store) as db:
        staffed(db)
        run(db, "INSERT INTO network_unit (code, name, kind) VALUES ('D2', '同名局', 'department'), "
                "('D3', '同名局', 'department')")  # fmt: skip
    lines = (
        "责任单位,属主属地,案卷类别,小类代码,区划代码,顺序\n"
        "水务局,属主,部件,0101,420106,\n"
        "D1,属地,事件,05,420106000000,2\n"
        "不存在局,属主,,,,\n"
        "同名局,属主,,,,\n"
        "D1,房东,,,,\n"
        "D1,属主,,9999,,\n"
        "水务局,属主,部件,0101,420106000000,\n"
    )
    report = bring(store, RecordKind.RESPONSIBILITIES, tmp_path, lines)
    assert outcome(report) == (2, 0, 0, 5)
    assert faults(report) == [
        (4, "unit", "there is no unit 单位 of that name"),
        (5, "unit", "unit 单位: several have that name; take the code"),
        (6, "side", "is none of owner 属主、territory 属地"),
        (7, "class_code", "there is no class of the catalogue 类别 of that name"),
        (8, "", "stands already in row 2"),
    ]
    again = bring(store, RecordKind.RESPONSIBILITIES, tmp_path, lines)
    assert outcome(again) == (0, 0, 2, 5)
    other = bring(
        store, RecordKind.RESPONSIBILITIES, tmp_path, lines.replace("000000,2", "000000,1")
    )
    assert outcome(other)[:3] == (0, 1, 1)


def test_a_day_that_is_none_is_a_fault_also_where_no_other_day_stands(
    store: sa.Engine, tmp_path: Path
) -> None:
    lines = "责任单位编码,属主属地,生效日期,失效日期\nU1,属地,2026-13-01,\n"
    report = bring(store, RecordKind.RESPONSIBILITIES, tmp_path, lines)
    assert faults(report) == [(2, "valid_from", "a date such as 2026-03-01 is expected")]


def test_shifts_and_leave_come_as_clerks_write_them(store: sa.Engine, tmp_path: Path) -> None:
    with data.db.transaction(store) as db:
        staffed(db)
    shifts = "工号,星期,上班时间,下班时间\nW1,周一至周五,8:30,17时30分\nW1,周六、周日,22:00,6:00\nW9,周八,25:00,8:00\n"
    report = bring(store, RecordKind.SHIFTS, tmp_path, shifts)
    assert outcome(report) == (7, 0, 0, 1)
    assert {fault[1] for fault in faults(report)} == {"weekday", "starts"}
    assert outcome(bring(store, RecordKind.SHIFTS, tmp_path, shifts)) == (0, 0, 7, 1)
    leave = "工号,开始,结束\nW1,2026-11-23,2026-11-23\nW2,2026-11-23 08:00,2026-11-23 12:00\nW1,2026-12-02,2026-12-01\n"
    report = bring(store, RecordKind.ABSENCES, tmp_path, leave)
    assert outcome(report) == (2, 0, 0, 1)
    assert faults(report) == [(4, "ends_at", "ends before it begins")]
    assert outcome(bring(store, RecordKind.ABSENCES, tmp_path, leave)) == (0, 0, 2, 1)
    with data.db.transaction(store) as db:
        told = data.duty_edit.roster(db, "W1", now=NOW)
        (away,) = told["absences"]
        assert [away[name].astimezone(ZONE) for name in ("starts_at", "ends_at")] == [
            datetime(2026, 11, day, tzinfo=ZONE) for day in (23, 24)
        ]
        assert [(one["weekday"], f"{one['starts']:%H:%M}") for one in told["shifts"]] == [
            *((day, "08:30") for day in range(1, 6)),
            (6, "22:00"),
            (7, "22:00"),
        ]


MEMBERS = (
    "编号,所属队伍,姓名,电话,特长,服务时间,网格\n"
    "M1,C1,隗双报,13600001234,水电维修、心理疏导,周六 9:00-12:00；周日 14:00-17:00,A\n"
    ",桥头社区居委会,蔺双报,13600005678,陪伴,周一至周五 18:00-20:00,D\n"
    "M3,C1,,13600009999,,,A\n"
    "M4,C1,甲,12,,随时,Q\n"
)


def test_members_are_sealed_placed_in_their_cell_and_come_twice_unchanged(
    store: sa.Engine, tmp_path: Path
) -> None:
    with data.db.transaction(store) as db:
        staffed(db)
    report = bring(store, RecordKind.MEMBERS, tmp_path, MEMBERS)
    assert outcome(report) == (2, 0, 0, 2)
    assert {fault[:2] for fault in faults(report)} == {
        (4, "name"), (5, "phone"), (5, "times")
    }  # fmt: skip
    assert outcome(bring(store, RecordKind.MEMBERS, tmp_path, MEMBERS)) == (0, 0, 2, 2)
    later = MEMBERS.replace("9:00-12:00", "9:00-11:00").replace("陪伴", "陪伴、理发")
    assert outcome(bring(store, RecordKind.MEMBERS, tmp_path, later)) == (0, 2, 0, 2)
    with data.db.transaction(store) as db:
        data.locate.refile(db)  # the place was kept, not only the cell
        listed = {one["code"]: one for one in data.members.listed(db)}
        wei = listed.pop("M1")
        assert (wei["name"], wei["phone"], wei["cell"]) == ("隗**", "136****1234", "A")
        assert wei["times"] == [
            {"weekday": 6, "starts": "09:00", "ends": "11:00"},
            {"weekday": 7, "starts": "14:00", "ends": "17:00"},
        ]
        (lin,) = listed.values()
        assert (lin["skills"], lin["cell"], len(lin["times"])) == (["陪伴", "理发"], "D", 5)
        assert data.members.opened(db, wei["id"], seal=SEAL) == {
            "name": "隗双报",
            "phone": "13600001234",
        }
        dump = str(db.execute(sa.text("SELECT m.*, h.* FROM member m, open_hours h")).all())
        assert not [mark for mark in ("双报", "13600001234", "13600005678") if mark in dump]


def test_members_are_seen_by_those_in_charge_of_where_they_live(
    store: sa.Engine, tmp_path: Path
) -> None:
    with data.db.transaction(store) as db:
        staffed(db)
        low = db.scalar(sa.text("SELECT area_no FROM grid_cell WHERE code = 'D' AND area_no > 0"))
    bring(store, RecordKind.MEMBERS, tmp_path, MEMBERS)
    with data.db.transaction(store) as db:
        foreign = db.scalar(sa.text("SELECT id FROM member WHERE code = 'M1'"))
        assert data.members.opened(db, foreign, seal=SEAL)["name"] == "隗双报"
    viewer = Viewer(9, "one", "一", Role.LEADER, Scope(low, low))
    with data.scope.transaction(store, viewer) as db:
        (only,) = data.members.listed(db)
        assert (only["name"], only["cell"]) == ("蔺**", "D")
        with pytest.raises(NotFound):
            data.members.opened(db, foreign, seal=SEAL)
        data.members.withdraw(db, only["id"])
        assert data.members.listed(db) == []


# The demo town


def test_in_the_demo_town_every_case_finds_somebody_and_every_rung_is_used(
    town: sa.Engine,
) -> None:
    now = datetime(2026, 11, 22, 22, 0, tzinfo=ZONE)  # a Sunday, late
    with data.db.transaction(town) as db:
        cases = list(db.scalars(sa.text("SELECT id FROM case_file WHERE cell_id IS NOT NULL")))
        inquiries = data.duty.gather(db, cases, at=now)
        (misplaced,) = db.execute(
            sa.text(
                "SELECT count(*) FROM member m LEFT JOIN grid_cell c ON c.id = m.cell_id "
                "WHERE c.id IS NULL OR m.area_no <> c.area_no OR NOT ST_Covers(c.geom, m.geom)"
            )
        ).one()
    answers = [gis.duty.answer(*one) for one in inquiries.values()]
    assert len(answers) == len(cases) > 2_900
    chosen = [answer.chosen for answer in answers]
    assert None not in chosen
    assert {one.relation for one in chosen if one} == set(Relation) - {Relation.STREET}
    assert {reason for answer in answers for step in answer.steps for reason in step.reasons} >= {
        Reason.OFF_DUTY,
        Reason.ON_LEAVE,
        Reason.NOBODY_POSTED,
    }
    assert misplaced == 0
