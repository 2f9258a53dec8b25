"""The vocabulary: one English word per Chinese word of the trade.

Every enum member's value is what the database stores and the API answers;
`label` is what a Chinese screen shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A word of the trade with its Chinese label."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Datum(Labelled):
    """How a pair of degrees names a spot on the ground."""

    WGS84 = "wgs84", "WGS-84"
    CGCS2000 = "cgcs2000", "国家大地坐标系"
    GCJ02 = "gcj02", "火星坐标系（高德、腾讯）"
    BD09 = "bd09", "百度坐标系"


class RecordKind(Labelled):
    """What an import brings."""

    CELLS = "cells", "网格"
    DIVISIONS = "divisions", "行政区划"
    BUILDINGS = "buildings", "楼栋"
    RESIDENTS = "residents", "居民"
    FACILITIES = "facilities", "设施"
    CASES = "cases", "案卷"
    CATALOGUE = "catalogue", "类别目录"
    CALENDAR = "calendar", "工作日历"
    RESPONSIBILITIES = "responsibilities", "责任清单"
    SHIFTS = "shifts", "班次"
    ABSENCES = "absences", "请假"
    MEMBERS = "members", "双报到"
    CARE = "care", "关爱对象"
    GUIDES = "guides", "办事指南"


class CellKind(Labelled):
    """Kinds of 网格."""

    BASIC = "basic", "基础网格"
    DEDICATED = "dedicated", "专属网格"
    MICRO = "micro", "微网格"
    UNIT = "unit", "单元网格"


class PlanState(Labelled):
    """Life of a 网格方案; exactly one plan is published (in force) at a time."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class DivisionLevel(Labelled):
    """The five levels of 行政区划."""

    PROVINCE = "province", "省"
    PREFECTURE = "prefecture", "市"
    COUNTY = "county", "区县"
    TOWNSHIP = "township", "街道（乡镇）"
    VILLAGE = "village", "社区（村）"


class PostRole(Labelled):
    """Who answers for a cell."""

    GRID_LEADER = "grid_leader", "网格长"
    GRID_WORKER = "grid_worker", "网格员"
    BACKUP = "backup", "B角"


class UnitKind(Labelled):
    """Who can be called in when the cell cannot solve it."""

    DEPARTMENT = "department", "部门"
    STREET_OFFICE = "street_office", "街道办事处"
    RESIDENT_COMMITTEE = "resident_committee", "居委会"
    OWNERS_COMMITTEE = "owners_committee", "业委会"
    PROPERTY_COMPANY = "property_company", "物业企业"
    VOLUNTEER_TEAM = "volunteer_team", "志愿服务队"
    PARTY_GROUP = "party_group", "党员先锋队"
    REPORTING_UNIT = "reporting_unit", "报到单位"


class ClassKind(Labelled):
    """Components stand, events happen, service places serve."""

    COMPONENT = "component", "部件"
    EVENT = "event", "事件"
    SERVICE = "service", "服务"


class FacilityCategory(Labelled):
    """What a facility is to a resident; one colour each on the map."""

    COMPONENT = "component", "城市部件"
    COMMUNITY = "community", "社区服务"
    MEDICAL = "medical", "医疗"
    EDUCATION = "education", "教育"
    ELDER_CARE = "elder_care", "养老助残"
    CULTURE_SPORT = "culture_sport", "文体"
    COMMERCE = "commerce", "便民商业"
    TRANSPORT = "transport", "交通停车"
    SANITATION = "sanitation", "环卫"
    SAFETY = "safety", "消防应急"
    OTHER = "other", "其他"


class CaseState(Labelled):
    """Where a 案卷 stands on its way from report to evaluation."""

    REPORTED = "reported", "待受理"
    VERIFIED = "verified", "已核实"
    FILED = "filed", "已立案"
    DISPATCHED = "dispatched", "已派遣"
    HANDLING = "handling", "处置中"
    FEEDBACK = "feedback", "已反馈"
    INSPECTED = "inspected", "已核查"
    CLOSED = "closed", "已结案"
    EVALUATED = "evaluated", "已评价"
    SUSPENDED = "suspended", "挂账"
    VOID = "void", "作废"


ENDED_STATES = (CaseState.CLOSED, CaseState.EVALUATED, CaseState.VOID)
"""States in which nobody has to do anything more; all others are open."""
STANDING_STATES = (CaseState.INSPECTED, CaseState.SUSPENDED)
"""Open states in which no clock runs; what is inspected waits to be closed."""


class Clock(Labelled):
    """How the time of a limit runs; a work day is eight work hours."""

    URGENT_HOUR = "urgent_hour", "紧急工作时"
    WORK_HOUR = "work_hour", "工作时"
    WORK_DAY = "work_day", "工作日"
    NATURAL_DAY = "natural_day", "自然日"


class DayKind(Labelled):
    """The two exceptions of a working calendar."""

    HOLIDAY = "holiday", "法定节假日"
    WORKDAY = "workday", "调休工作日"


class Channel(Labelled):
    """Where a report came from."""

    PAGE = "page", "页面"
    API = "api", "接口"
    SHEET = "sheet", "表格"
    HOTLINE = "hotline", "热线"
    OPEN311 = "open311", "Open311"
    DESK = "desk", "受理台"


class WhistleKind(Labelled):
    """How urgently others are called in."""

    ROUTINE = "routine", "日常哨"
    TOUGH = "tough", "攻坚哨"
    EMERGENCY = "emergency", "应急哨"


class WhistleState(Labelled):
    """Life of a 吹哨; an emergency sounds before it is approved."""

    ASKED = "asked", "待审批"
    SOUNDING = "sounding", "吹哨中"
    MEETING = "meeting", "联席会商"
    CLOSED = "closed", "已收哨"
    REFUSED = "refused", "未批准"


class Part(Labelled):
    """What an invited party is to do."""

    LEAD = "lead", "主办"
    JOINT = "joint", "协办"


class PartyState(Labelled):
    """How far an invited party has come."""

    NAMED = "named", "待分哨"
    INVITED = "invited", "待应哨"
    CLAIMED = "claimed", "已应哨"
    DECLINED = "declined", "已拒绝"
    ARRIVED = "arrived", "已到场"
    FINISHED = "finished", "已完成"


class Move(Labelled):
    """What can happen to a 案卷; which of these when, `gis.cases` says."""

    REPORT = "report", "上报"
    BRING = "bring", "导入"
    SETTLE = "settle", "定格"
    VERIFY = "verify", "核实"
    FILE = "file", "立案"
    VOID = "void", "作废"
    RESTORE = "restore", "撤销作废"
    DISPATCH = "dispatch", "派遣"
    RECALL = "recall", "撤回派遣"
    TAKE = "take", "接单"
    ASSIGN = "assign", "指派"
    UNASSIGN = "unassign", "撤销指派"
    RETURN = "return", "回退"
    FEEDBACK = "feedback", "反馈"
    INSPECT = "inspect", "核查"
    REWORK = "rework", "返工"
    CLOSE = "close", "结案"
    FOLLOW = "follow", "随并案结案"
    EVALUATE = "evaluate", "评价"
    ASK_EXTENSION = "ask_extension", "申请延期"
    EXTEND = "extend", "准予延期"
    REFUSE_EXTENSION = "refuse_extension", "不予延期"
    SUSPEND = "suspend", "挂账"
    RESUME = "resume", "恢复计时"
    SUPERVISE = "supervise", "督办"
    APPEAL = "appeal", "申诉"
    UPHOLD = "uphold", "申诉成立"
    REJECT = "reject", "申诉驳回"
    JOIN = "join", "并案"
    PART = "part", "拆案"
    NOTE = "note", "备注"
    WARN = "warn", "临期预警"
    OVERDUE = "overdue", "超期"
    ESCALATE = "escalate", "升级上报"
    WHISTLE = "whistle", "吹哨"
    APPROVE = "approve", "准哨"
    REFUSE_WHISTLE = "refuse_whistle", "不予吹哨"
    INVITE = "invite", "分哨"
    CLAIM = "claim", "应哨"
    DECLINE = "decline", "拒哨"
    ARRIVE = "arrive", "到场"
    FINISH = "finish", "完成"
    MEET = "meet", "联席会商"
    RESOLVE = "resolve", "议定"
    FOLLOW_UP = "follow_up", "落实"
    RATE = "rate", "评哨"
    QUIET = "quiet", "收哨"
    LATE = "late", "应哨逾期"
    REFILE = "refile", "网格调整"


class BaseKind(Labelled):
    """The ground the map draws under the cells."""

    WATER = "water", "水系"
    GREEN = "green", "绿地"
    ROAD = "road", "道路"


Progress = Callable[[str, int, int | None], None]
"""How long work tells how far it is: (step in words, done, total or None)."""


def quiet(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Refusal:
    """One value of one row that was refused, and why.

    `row` counts as the clerk sees it: the line of the file, header included for tables;
    the feature's number from 1 for map files.
    """

    row: int
    field: str
    value: str
    reason: str
