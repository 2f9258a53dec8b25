"""Codes: divisions, cells, components, resident ids. Each check gives a reason in words, or None.

Sources: GB/T 2260 and the statistical division codes (12 digits), the 15-digit unit grid,
GB 11643 (resident id). Local schemes are rows in the store, not rules here.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gis.terms import CellKind, DivisionLevel

if TYPE_CHECKING:
    import pandas as pd

PROVINCES = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46}
PROVINCES |= {50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82}
_LEVEL_WIDTHS = {
    DivisionLevel.PROVINCE: 2,
    DivisionLevel.PREFECTURE: 4,
    DivisionLevel.COUNTY: 6,
    DivisionLevel.TOWNSHIP: 9,
    DivisionLevel.VILLAGE: 12,
}
_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = np.array(list("10X98765432"))
_CHECK_DIGITS = np.array([1, 0, 10, 9, 8, 7, 6, 5, 4, 3, 2])


# Divisions


def pad_division(code: str) -> str:
    """Fill a short division code (2, 4, 6 or 9 digits) with zeros to its 12 digits."""
    return code.ljust(12, "0") if code.isdigit() and len(code) in {2, 4, 6, 9} else code


def division_level(code: str) -> DivisionLevel:
    """Tell the level of a 12-digit division code from the zeros that pad it."""
    for level, width in _LEVEL_WIDTHS.items():
        if not code[width:].strip("0"):
            return level
    return DivisionLevel.VILLAGE


def division_parent(code: str) -> str | None:
    """Give the 12-digit code of the next level up; None for a province.

    A level that is left out (`…00` inside) is skipped: the parent of a township that hangs on a
    county-level city is that city.
    """
    widths = list(_LEVEL_WIDTHS.values())
    own = _LEVEL_WIDTHS[division_level(code)]
    higher = [width for width in widths if width < own]
    return code[: higher[-1]].ljust(12, "0") if higher else None


def division_fault(code: str) -> str | None:
    """Say what is wrong with a 12-digit division code; None when it obeys the rule."""
    if not re.fullmatch(r"[0-9]{12}", code):
        return "a division code has 12 digits (2+2+2+3+3)"
    if int(code[:2]) not in PROVINCES:
        return f"no province has the prefix {code[:2]}"
    if code[6:9] != "000" and code[6] not in "012345":
        return f"a township's first digit is 0 to 5, not {code[6]}"
    if code[9:] != "000" and code[9] not in "012345":
        return f"a village's first digit is 0 to 5, not {code[9]}"
    if code[6:9] == "000" and code[9:] != "000" and code[4:6] == "00":
        return "a village needs a county or township above it"
    return None


# Cells


def cell_fault(code: str, kind: str) -> str | None:
    """Say what is wrong with a 15-, 17- or 18-digit cell code; other schemes are left alone."""
    if not re.fullmatch(r"[0-9]{15}|[0-9]{17,18}", code):
        return None
    if len(code) > 15 and kind != CellKind.MICRO:
        return f"a code of {len(code)} digits is a micro cell's, not {kind}"
    return None


def cell_community(code: str) -> str | None:
    """Read the community (12-digit division code) out of a 15- or 17/18-digit cell code."""
    return code[:12] if re.fullmatch(r"[0-9]{15}|[0-9]{17,18}", code) else None


# Components


def component_fault(code: str) -> str | None:
    """Say what is wrong with a component's 16-digit id; None when it obeys the rule."""
    if not re.fullmatch(r"[0-9]{16}", code):
        return "a component's id has 16 digits: 6 of the county, 4 of the class, 6 that count"
    if int(code[:2]) not in PROVINCES:
        return f"no province has the prefix {code[:2]}"
    if code[4:6] == "00":
        return f"{code[:6]} is no county"
    if code[10:] == "000000":
        return "the last 6 digits count from 000001"
    return None


def component_classes(codes: pd.Series) -> pd.Series:
    """Read the 4-digit class out of each component's id; missing where a code is none."""
    county = rf"(?:{'|'.join(map(str, sorted(PROVINCES)))})[0-9]{{2}}(?!00)[0-9]{{2}}"
    of_class = codes.str.extract(rf"^{county}([0-9]{{4}})(?!000000)[0-9]{{6}}$", expand=False)
    return of_class.astype("str")


# Residents


def resident_id_check(body: pd.Series) -> pd.Series:
    """Compute the GB 11643 check character of 17-digit bodies (vectorised)."""
    import pandas as pd

    return pd.Series(_ID_CHECKS[_check_at(id_digits(body, 17))], index=body.index, dtype="str")


def id_digits(ids: pd.Series, width: int = 18) -> npt.NDArray[np.uint8]:
    """The characters of ids that have all `width` ASCII ones, as numbers: n × width.

    A digit is its value; an X is 40.
    """
    import pyarrow as pa

    told = pa.array(ids, pa.large_string())
    told = told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told
    _, ends, content = told.buffers()
    if not len(told) or content is None:
        return np.empty((0, width), np.uint8)
    first = int(np.frombuffer(ends, "<i8")[told.offset])
    letters = np.frombuffer(content, np.uint8, len(told) * width, first)
    return letters.reshape(-1, width) - np.uint8(ord("0"))


def id_births(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.datetime64]:
    """The birth that ids tell, in days; not a date where theirs is none."""
    year, month, day = (digits[:, at:to] @ 10 ** np.arange(to - at)[::-1]
                        for at, to in ((6, 10), (10, 12), (12, 14)))  # fmt: skip
    is_month = (month >= 1) & (month <= 12) & (year >= 1)
    months = (np.where(is_month, (year - 1970) * 12 + month - 1, 0)).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    is_day = is_month & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(is_day, days, np.datetime64("NaT", "D"))


def _check_at(digits: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    return np.asarray(digits @ _ID_WEIGHTS % 11)


def resident_id_faults(ids: pd.Series, *, today: date) -> pd.Series:
    """Say for each 18-character resident id what is wrong with it, or "" when nothing is.

    Checked: shape, a real birth date not after `today`, the check character (GB 11643).
    The area prefix is a row of the division table, so it is not judged here.
    """
    import pandas as pd

    ids = ids.astype("str").str.upper()
    faults = pd.Series("", index=ids.index, dtype="str")
    shaped = ids.str.fullmatch(r"[0-9]{17}[0-9X]")
    faults[~shaped] = "a resident id has 17 digits and a check character"
    good = ids[shaped]
    if good.empty:
        return faults
    digits = id_digits(good)
    born = id_births(digits)
    known = (born >= np.datetime64("1800-01-01")) & (born <= np.datetime64(today, "D"))
    last = np.where(digits[:, 17] > 9, 10, digits[:, 17])
    wrong_check = last != _CHECK_DIGITS[_check_at(digits[:, :17])]
    faults[good.index[wrong_check]] = "the check character does not fit the 17 digits"
    faults[good.index[~known]] = "digits 7 to 14 are not a date of birth"
    return faults
