"""指标: what the numbers of a period say of an area, each with its formula in words.

An area is a cell, a community, a street or a department, never a person. A zero denominator makes
null, never 0 %. Areas stand in the order of their codes: nothing here is a ranking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gis.terms import Labelled

Counts = Mapping[str, float]
"""What was counted: the names are those of `Indicator.top` and `bottom`."""


class By(Labelled):
    """Whose numbers: one row for each."""

    CELL = "cell", "网格"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DEPARTMENT = "department", "部门"


class Measure(Labelled):
    """In what an indicator is told."""

    SHARE = "share", "比率"
    HOURS = "hours", "小时"
    POINTS = "points", "分"
    PER_HUNDRED = "per_hundred", "每百件"


@dataclass(frozen=True)
class Indicator:
    """One indicator: `top` through `bottom`, both counted, and the same in words."""

    key: str
    zh: str
    en: str
    top: str
    bottom: str
    formula_zh: str
    formula_en: str
    measure: Measure = Measure.SHARE

    def value(self, counts: Counts) -> float | None:
        """What the counts make of it; None where nothing could have been otherwise."""
        bottom = counts.get(self.bottom, 0)
        if not bottom:
            return None
        factor = 100 if self.measure is Measure.PER_HUNDRED else 1
        return round(factor * counts.get(self.top, 0) / bottom, 4)


INDICATORS = (
    Indicator(
        "filing", "立案率", "filed", "filed", "reported",
        "期内上报且已立案的案卷 ÷ 期内上报的案卷",
        "cases reported in the period and filed by its end ÷ cases reported in the period",
    ),
    Indicator(
        "handling", "处置率", "handled", "handled", "to_handle",
        "已处置 ÷ 应处置（处置时限在期内，或提前在期内处置）",
        "handled by the end ÷ to be handled (deadline inside the period, or handled earlier)",
    ),
    Indicator(
        "closing", "结案率", "closed", "closed", "to_close",
        "已结案 ÷ 应结案（处置时限在期内，或提前在期内结案）",
        "closed by the end ÷ to be closed (deadline inside the period, or closed earlier)",
    ),
    Indicator(
        "closing_on_time", "按期结案率", "closed on time", "on_time", "to_close",
        "结案且处置未超期 ÷ 应结案",
        "closed, and handled before the deadline ÷ to be closed",
    ),
    Indicator(
        "right_dispatch", "准确派遣率", "dispatched right", "right_first", "dispatches",
        "首次派遣且未被回退、撤回 ÷ 期内派遣次数",
        "first dispatches that were neither returned nor recalled ÷ dispatches in the period",
    ),
    Indicator(
        "rework", "返工率", "reworked", "reworked", "handled",
        "核查后返工过的案卷 ÷ 已处置",
        "cases sent back to work by an inspection ÷ handled",
    ),
    Indicator(
        "natural_hours", "平均处置时长（自然时）", "hours to handle", "natural_hours", "timed",
        "从派遣到反馈的自然小时合计 ÷ 已处置且有派遣时间的案卷",
        "hours by day and night from dispatch to feedback ÷ cases handled whose dispatch is known",
        Measure.HOURS,
    ),
    Indicator(
        "own_hours", "平均处置时长（计时）", "running hours to handle", "own_hours", "own_timed",
        "各案卷按自身时钟走过的小时合计（夜间、节假日、暂停不计，依其时钟）÷ 有时钟的已处置案卷",
        "hours that each case's own clock ran (nights, holidays and pauses as it has it) ÷ cases "
        "handled that have a clock",
        Measure.HOURS,
    ),
    Indicator(
        "response", "响应率", "claimed in time", "claimed_on_time", "to_claim",
        "按时应哨 ÷ 应应哨（应哨时限在期内，或提前答复）",
        "claimed in time ÷ called and to answer (deadline inside the period, or answered earlier)",
    ),
    Indicator(
        "arrival", "到场率", "arrived", "arrived", "to_arrive",
        "已到场 ÷ 已应哨且应到场（到场时限在期内，或提前到场）",
        "arrived ÷ claimed and to arrive (deadline inside the period, or arrived earlier)",
    ),
    Indicator(
        "solution", "解决率", "finished", "finished", "to_finish",
        "已完成 ÷ 已应哨且应完成（完成时限在期内，或提前完成）",
        "finished ÷ claimed and to finish (deadline inside the period, or finished earlier)",
    ),
    Indicator(
        "satisfaction", "满意度", "rating", "rating", "rated",
        "期内完成者的评哨得分平均（1至5分）",
        "average rating, 1 to 5, of those who finished in the period",
        Measure.POINTS,
    ),
    Indicator(
        "whistle_rate", "吹哨率", "whistles per 100 cases", "whistles", "reported",
        "期内吹哨次数（未批准的除外）÷ 期内上报的案卷 × 100；过高过低都应了解原因，不作排名",
        "whistles of the period that were not refused ÷ cases reported × 100; neither high nor low "
        "is good, and nobody is ranked by it",
        Measure.PER_HUNDRED,
    ),
)  # fmt: skip
"""All indicators. Cases whose appeal was upheld, and those joined to another, count nowhere."""

COUNTED = tuple(dict.fromkeys(name for one in INDICATORS for name in (one.top, one.bottom)))
"""The names of everything that is counted."""

_NOT_OF_A_DEPARTMENT = {"filing", "whistle_rate"}


def of(by: By) -> tuple[Indicator, ...]:
    """The indicators told of such areas: a case is reported in a place, to no department yet."""
    left_out = _NOT_OF_A_DEPARTMENT if by is By.DEPARTMENT else set()
    return tuple(one for one in INDICATORS if one.key not in left_out)


def values(counts: Counts, by: By) -> dict[str, float | None]:
    """Compute every indicator of an area by key."""
    return {one.key: one.value(counts) for one in of(by)}
