"""模板: what a sheet of each kind looks like before anybody filled it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gis import (
    calendar_sheet,
    care_sheet,
    case_sheet,
    catalogue,
    community_sheet,
    duty_sheet,
    facilities,
    grid,
    kinds,
    register,
)
from gis.prepare import EXAMPLE_BEGINS
from gis.rows import Field
from gis.terms import RecordKind


@dataclass(frozen=True)
class Column:
    """A column to fill in: its header, the words it takes, what stands in the example."""

    header: str
    field: str
    required: bool
    choices: tuple[str, ...]
    example: str


_LON = Column("经度", "lon", False, (), "114.305")
_LAT = Column("纬度", "lat", False, (), "30.592")
_WKT = Column(
    "WKT", "wkt", True, (), "POLYGON((114.30 30.59,114.31 30.59,114.31 30.60,114.30 30.59))"
)
_PLACES = {
    RecordKind.CELLS: (_WKT,),
    RecordKind.BUILDINGS: (_LON, _LAT),
    RecordKind.FACILITIES: (_LON, _LAT),
    RecordKind.CASES: (_LON, _LAT),
}
_EXAMPLES: dict[RecordKind, dict[str, str]] = {
    RecordKind.CELLS: {
        "code": "990101001001001", "name": "桥头社区第一网格", "kind": "基础网格",
        "division_code": "990101001001", "households_declared": "320",
        "valid_from": "2026-01-01",
    },
    RecordKind.DIVISIONS: {
        "code": "420106001001", "name": "桥头社区", "level": "社区（村）",
        "parent_code": "420106001000",
    },
    RecordKind.BUILDINGS: {
        "code": "990101-b1", "name": "1栋", "address": "桥头路1号", "floors": "18",
    },
    RecordKind.RESIDENTS: {
        "name": "张三", "id_number": "990101198003070010", "sex": "男", "birth_date": "1980-03-07",
        "phone": "13800000000", "relation": "户主", "residence": "人户一致", "floating": "否",
        "building_code": "990101-b1", "address": "桥头路1号", "dwelling": "302", "household": "1",
    },
    RecordKind.FACILITIES: {
        "code": "990101-f1", "name": "桥头社区卫生站", "kind": "服务", "category": "医疗",
        "address": "桥头路2号",
    },
    RecordKind.CASES: {
        "code": "990101-c1", "title": "路面积水", "state": "待受理",
        "reported_at": "2026-03-01 08:30", "address": "桥头路1号", "description": "雨后积水",
    },
    RecordKind.CATALOGUE: {
        "system": "cn", "kind": "事件", "major_name": "市容环境", "code": "0199",
        "name": "共享单车淤积", "filing": "占用盲道", "limit": "4", "clock": "工作时",
        "closing": "摆放整齐、恢复通行",
        "unit_kinds": "部门、街道办事处",
    },
    RecordKind.CALENDAR: {"day": "2027-01-01", "kind": "法定节假日", "name": "元旦"},
    RecordKind.RESPONSIBILITIES: {
        "unit": "D99010103", "side": "属主", "kind": "部件", "class_code": "0101",
        "division": "990101000000", "rank": "1", "valid_from": "2026-01-01",
    },
    RecordKind.SHIFTS: {
        "worker": "W000001", "weekday": "周一至周五", "starts": "08:30", "ends": "17:30",
    },
    RecordKind.ABSENCES: {
        "worker": "W000001", "starts_at": "2026-03-02", "ends_at": "2026-03-04",
    },
    RecordKind.MEMBERS: {
        "code": "M990101-1", "unit": "V990101001001", "name": "张三", "phone": "13800000000",
        "skills": "水电维修、心理疏导", "times": "周六 09:00-12:00；周日 14:00-17:00",
        "cell": "990101001001001",
    },
    RecordKind.CARE: {
        "id_number": "990101194003070012", "name": "张三", "building_code": "990101-b1",
        "address": "桥头路1号", "dwelling": "302", "category": "残疾人", "level": "重点",
        "grade": "2", "since": "2026-01-01",
    },
    RecordKind.GUIDES: {
        "title": "居住证办理", "kind": "办事指南", "body": "到社区登记满半年后办理，当场受理。",
        "materials": "本人身份证、租房合同", "place": "桥头社区服务大厅",
        "hours": "Mo-Fr 08:30-12:00,14:00-17:30; PH off", "phone": "027-80000000",
        "division": "420106001001",
    },
}  # fmt: skip
"""Invented; 990101 is no division of the country."""


def columns(kind: RecordKind) -> tuple[Column, ...]:
    """The columns of the template of a kind, in the order a clerk fills them in."""
    example = _EXAMPLES[kind]
    told = [
        Column(
            one.label or one.headers[0],
            one.name,
            one.required,
            kinds.choices(one.parse),
            example.get(one.name, ""),
        )
        for one in _fields(kind)
        if one.headers
    ]
    first = told[0]
    marked = Column(
        first.header, first.field, first.required, first.choices, EXAMPLE_BEGINS + first.example
    )
    return (marked, *told[1:], *_PLACES.get(kind, ()))


def _fields(kind: RecordKind) -> tuple[Field, ...]:
    return {
        RecordKind.CELLS: grid.CELLS,
        RecordKind.DIVISIONS: grid.divisions(local_codes=False),
        RecordKind.BUILDINGS: register.BUILDINGS,
        RecordKind.RESIDENTS: register.residents(date.max),
        RecordKind.FACILITIES: facilities.FIELDS,
        RecordKind.CASES: case_sheet.fields("Asia/Shanghai"),
        RecordKind.CATALOGUE: catalogue.FIELDS,
        RecordKind.CALENDAR: calendar_sheet.FIELDS,
        RecordKind.CARE: care_sheet.fields(date.max),
        RecordKind.GUIDES: community_sheet.FIELDS,
        **{one: duty_sheet.fields(one, "Asia/Shanghai") for one in duty_sheet.KINDS},
    }[kind]


def instructions(kind: RecordKind) -> tuple[str, ...]:
    """What the second sheet of the template says."""
    lines = [
        f"{kind.label}模板 Template: {kind.value}",
        "一行一条，从第 3 行填起；示例行可以留着，不会导入。",
        "One record a row, below the example; the example itself is never imported.",
        "带 * 的列必填。Columns marked * are required.",
        "日期写成 2026-03-01。Dates as 2026-03-01.",
        "空格不会清掉已有的内容。A blank never erases what the register has.",
    ]
    if kind == RecordKind.RESIDENTS:
        lines += [
            "住址：填楼栋编码或地址，再填房号；一套房多户时填户号。",
            "A home is a building code or an address, and the dwelling's number.",
            "身份证号按 GB 11643 校验；没有证号的，按姓名、出生日期、住房人工确认。",
        ]
    if kind in _PLACES:
        lines += [
            "坐标要说明基准：wangge import … --datum wgs84（或 cgcs2000、gcj02、bd09）。",
            "Say the datum of coordinates when importing.",
        ]
    return (*lines, f"导入 Import: ./wangge import {kind.value} 文件.xlsx")
