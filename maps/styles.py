"""One table of colours and signs; the browser gets it as values and draws by it.

Every ramp runs from light to dark in one hue, so it reads without colour vision. Facilities are
discs, cases are diamonds; each carries one character, so that no meaning hangs on hue alone.
White on every sign's colour has a contrast of at least 4.5.
"""

from __future__ import annotations

from dataclasses import dataclass

from gis.terms import ENDED_STATES, CaseState, FacilityCategory


@dataclass(frozen=True)
class Sign:
    """How a facility or a case is drawn, and what the legend calls it."""

    glyph: str
    colour: str
    english: str


GROUND = {
    "paper": "#f3f1ea",
    "water": "#bcd9e4",
    "green": "#d3e3c4",
    "road": "#ffffff",
    "road_edge": "#d8d2c4",
    "building": "#dcd5c8",
    "building_edge": "#c3baa9",
    "ink": "#22323c",
    "division": "#5a3d5c",
    "unknown": "#d3d5d6",
    "unknown_line": "#9aa3a8",
    "vacant": "#b3261e",
}

RAMPS = {
    "households": ("#e7f1f1", "#c1dee2", "#96c5d2", "#69a5b9", "#4c7f99"),
    "load": ("#f7eed6", "#eed6a6", "#e1b77b", "#c7905a", "#9d6d49"),
    "open_cases": ("#f9e8e0", "#f3c7b7", "#e6a08e", "#ce746c", "#a35361"),
}
"""From few to many, one hue each; pale enough that names and houses read on all of them."""

MEASURES = {
    "households": ("户数", "Households", "户"),
    "load": ("负荷", "Load", "户/人"),
    "open_cases": ("未结案", "Open cases", "件"),
}
"""What the cells can be coloured by: Chinese, English, unit."""

FACILITIES = {
    FacilityCategory.COMMUNITY: Sign("社", "#b3372b", "Community"),
    FacilityCategory.MEDICAL: Sign("医", "#c2255c", "Medical"),
    FacilityCategory.EDUCATION: Sign("学", "#3b5bdb", "Education"),
    FacilityCategory.ELDER_CARE: Sign("老", "#8a3ba8", "Elder care"),
    FacilityCategory.CULTURE_SPORT: Sign("文", "#0b7285", "Culture & sport"),
    FacilityCategory.COMMERCE: Sign("商", "#a34f00", "Shops"),
    FacilityCategory.TRANSPORT: Sign("车", "#1864ab", "Transport"),
    FacilityCategory.SANITATION: Sign("洁", "#2b7a3d", "Sanitation"),
    FacilityCategory.SAFETY: Sign("消", "#c02020", "Fire & safety"),
    FacilityCategory.COMPONENT: Sign("件", "#56636c", "City component"),
    FacilityCategory.OTHER: Sign("他", "#495057", "Other"),
}

CASES = {
    CaseState.REPORTED: Sign("报", "#b3261e", "Reported"),
    CaseState.VERIFIED: Sign("实", "#b3261e", "Verified"),
    CaseState.FILED: Sign("立", "#a34a00", "Filed"),
    CaseState.DISPATCHED: Sign("派", "#a34a00", "Dispatched"),
    CaseState.HANDLING: Sign("办", "#17618f", "Handling"),
    CaseState.FEEDBACK: Sign("馈", "#17618f", "Feedback"),
    CaseState.INSPECTED: Sign("查", "#17618f", "Inspected"),
    CaseState.SUSPENDED: Sign("挂", "#6b4596", "Suspended"),
    CaseState.CLOSED: Sign("结", "#5b6970", "Closed"),
    CaseState.EVALUATED: Sign("评", "#5b6970", "Evaluated"),
    CaseState.VOID: Sign("废", "#5b6970", "Void"),
}


def _legend(
    signs: dict[FacilityCategory, Sign] | dict[CaseState, Sign], hidden: tuple[str, ...]
) -> list[dict[str, object]]:
    return [
        {
            "key": word.value,
            "label": word.label,
            "english": sign.english,
            "glyph": sign.glyph,
            "colour": sign.colour,
            "shown": word not in hidden,
        }
        for word, sign in signs.items()
    ]


def table() -> dict[str, object]:
    """Return everything the browser draws by, as plain values.

    Lamps and manhole covers outnumber all else and ended cases need nobody: both start hidden.
    """
    return {
        "ground": GROUND,
        "ramps": RAMPS,
        "measures": [
            {"key": key, "label": label, "english": english, "unit": unit}
            for key, (label, english, unit) in MEASURES.items()
        ],
        "facilities": _legend(FACILITIES, hidden=(FacilityCategory.COMPONENT,)),
        "cases": _legend(CASES, hidden=ENDED_STATES),
    }
