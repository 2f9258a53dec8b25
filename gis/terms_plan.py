"""The vocabulary of plans: what a check finds, what becomes of cells; as in `gis.terms`."""

from __future__ import annotations

from gis.terms import Labelled


class FindingKind(Labelled):
    """What can be wrong with a plan."""

    INVALID = "invalid", "图形无效"
    APART = "apart", "不连续"
    OVERLAP = "overlap", "重叠"
    GAP = "gap", "空隙"
    SLIVER = "sliver", "碎片"
    BEYOND = "beyond", "越出社区"
    COMMUNITY = "community", "所属社区不明"
    BUILDING_CUT = "building_cut", "楼栋被切"
    HOUSEHOLDS = "households", "户数超限"
    BARRIER = "barrier", "跨越阻隔"
    CODE = "code", "编码不合规"


class BarrierKind(Labelled):
    """What a cell should not lie across."""

    ROAD = "road", "主干道"
    RIVER = "river", "河流"
    RAILWAY = "railway", "铁路"


class LineageKind(Labelled):
    """How ground went from one cell to another (沿革)."""

    KEEP = "keep", "沿用"
    SPLIT = "split", "拆分"
    MERGE = "merge", "合并"
    ADJUST = "adjust", "调整"
    RECODE = "recode", "改编码"
    LEAVE = "leave", "划出"


class Fate(Labelled):
    """What becomes of a cell between two plans."""

    BORN = "born", "新设"
    ENDED = "ended", "撤销"
    CHANGED = "changed", "变更"
    KEPT = "kept", "不变"


class MovedKind(Labelled):
    """What goes from cell to cell, and from worker to worker."""

    HOUSEHOLDS = "households", "住户"
    CARE_RECIPIENTS = "care_recipients", "关爱对象"
    FACILITIES = "facilities", "设施"
    OPEN_CASES = "open_cases", "在办案卷"
