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
    "line": "#22323c",
    "division": "#5a3d5c",
    "unknown": "#d3d5d6",
    "unknown_line": "#9aa3a8",
    "vacant": "#b3261e",
    "cell": "#faf8f3",
    "none": "#f7f6f2",
    "halo": "#ffffff",
    "selected": "#c2410c",
    "selected_ink": "#9a3412",
    "chosen": "#1b5f85",
    "street_ink": "#5d5647",
    "name_halo": "rgba(255, 255, 255, .88)",
    "crowd": "#2f4656",
    "of_cases": "#a3302b",
    "of_facilities": "#56636c",
}
"""What is drawn under and around the signs, by day. `cell` is one without a measure of its own,
`none` one with nothing open, `crowd` stands for several cases."""

DARK_GROUND = {
    "paper": "#12191e",
    "water": "#17384a",
    "green": "#1d3327",
    "road": "#33414a",
    "road_edge": "#0d1317",
    "building": "#2a353c",
    "building_edge": "#3b4850",
    "ink": "#d5dee3",
    "line": "#7d8d97",
    "division": "#a982ad",
    "unknown": "#262f35",
    "unknown_line": "#66747d",
    "vacant": "#ff9a8c",
    "cell": "#1a2329",
    "none": "#1f292f",
    "halo": "#0d1317",
    "selected": "#ffb547",
    "selected_ink": "#ffc877",
    "chosen": "#6db7dd",
    "street_ink": "#aeb9bf",
    "name_halo": "rgba(13, 19, 23, .85)",
    "crowd": "#48606f",
    "of_cases": "#ff9a8c",
    "of_facilities": "#98a6af",
}
"""The same by night."""

RAMPS = {
    "households": ("#e7f1f1", "#c1dee2", "#96c5d2", "#69a5b9", "#4c7f99"),
    "load": ("#f7eed6", "#eed6a6", "#e1b77b", "#c7905a", "#9d6d49"),
    "open_cases": ("#f9e8e0", "#f3c7b7", "#e6a08e", "#ce746c", "#a35361"),
}
"""From few to many, one hue each; pale enough that names and houses read on all of them."""

DARK_RAMPS = {
    "households": ("#1b2c34", "#214353", "#285b72", "#337892", "#4697b2"),
    "load": ("#2c2618", "#4a3a1d", "#6b5124", "#8f6a2e", "#b5893f"),
    "open_cases": ("#2f2120", "#512b29", "#773833", "#9f4a42", "#c96658"),
}
"""By night few is dark and many is bright."""

MEASURES = ("households", "load", "open_cases")
"""What the cells can be coloured by."""

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
        "dark": {"ground": DARK_GROUND, "ramps": DARK_RAMPS},
        "measures": MEASURES,
        "facilities": _legend(FACILITIES, hidden=(FacilityCategory.COMPONENT,)),
        "cases": _legend(CASES, hidden=ENDED_STATES),
    }
