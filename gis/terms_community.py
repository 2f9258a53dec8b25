"""The vocabulary of care, of the community and of emergencies; as in `gis.terms`."""

from __future__ import annotations

from gis.terms import Labelled


class CareCategory(Labelled):
    """Kinds of 关爱对象. Categories of public security are not kept."""

    LOW_INCOME = "low_income", "低保"
    DESTITUTE = "destitute", "特困供养"
    NEAR_POOR = "near_poor", "低收入"
    EMPTY_NEST = "empty_nest", "空巢老人"
    LIVING_ALONE = "living_alone", "独居老人"
    ELDERLY_LEFT = "elderly_left", "留守老人"
    ADVANCED_AGE = "advanced_age", "高龄老人"
    DISABLED_ELDER = "disabled_elder", "失能失智"
    ONE_CHILD_LOST = "one_child_lost", "计生特殊家庭"
    DISABLED = "disabled", "残疾人"
    CHILD_LEFT = "child_left", "留守儿童"
    CHILD_IN_NEED = "child_in_need", "困境儿童"
    ORPHAN = "orphan", "孤儿"
    WOMAN_LEFT = "woman_left", "留守妇女"
    ILL = "ill", "重病慢病"
    MATERNITY = "maternity", "孕产妇"
    VETERAN = "veteran", "退役军人"
    JOBLESS = "jobless", "就业困难"


class CareLevel(Labelled):
    """How closely somebody is cared for: weekly, monthly, every quarter."""

    HIGH = "high", "高风险"
    KEY = "key", "重点"
    GENERAL = "general", "一般"


class VisitChannel(Labelled):
    """How a 走访 was made; all seven count."""

    DOOR = "door", "上门"
    MESSAGE = "message", "即时消息"
    CALL = "call", "电话或视频"
    VOLUNTEER = "volunteer", "结对志愿者"
    NEIGHBOUR = "neighbour", "亲属邻里"
    SENSOR = "sensor", "设备预警"
    HOTLINE = "hotline", "热线"


class VisitFinding(Labelled):
    """What a 走访 found."""

    WELL = "well", "平安"
    WATCH = "watch", "需要关注"
    HELP = "help", "需要帮助"
    AWAY = "away", "没见到人"


class Audience(Labelled):
    """Whom a 通知公告 is for."""

    PUBLIC = "public", "居民"
    STAFF = "staff", "网格员"


class GuideKind(Labelled):
    """What a page of help tells: an office's service, or somebody useful."""

    SERVICE = "service", "办事指南"
    CONVENIENCE = "convenience", "便民服务"


class PollOf(Labelled):
    """Whose one vote it is."""

    HOUSEHOLD = "household", "每户一票"
    RESIDENT = "resident", "每人一票"


class Adviser(Labelled):
    """Whom a resident consults."""

    CADRE = "cadre", "社区干部"
    PARTY_MEMBER = "party_member", "辖区党员"


class AskState(Labelled):
    """How far a question or an application of a resident has come."""

    WAITING = "waiting", "待答复"
    ANSWERED = "answered", "已答复"
    DECLINED = "declined", "未受理"


class CouncilKind(Labelled):
    """Kinds of 议事会议."""

    HEARING = "hearing", "听证会"
    COORDINATION = "coordination", "协调会"
    REVIEW = "review", "评议会"
    JOINT = "joint", "联席会议"


class DecisionState(Labelled):
    """What became of a decision."""

    OPEN = "open", "办理中"
    DONE = "done", "已落实"
    DROPPED = "dropped", "未落实"


class CollectionKind(Labelled):
    """Why people of an area are gathered for a time."""

    FLOOD = "flood", "防汛"
    LOCKDOWN = "lockdown", "封控"
    OUTAGE = "outage", "停水停电"
    EVACUATION = "evacuation", "转移安置"
    OTHER = "other", "其他应急"


class Called(Labelled):
    """What came of calling somebody."""

    REACHED = "reached", "已联系"
    UNREACHED = "unreached", "未联系上"
    NEEDS_HELP = "needs_help", "需要帮助"
    MOVED = "moved", "已转移"
