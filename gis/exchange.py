"""交换: components by their 16-digit ids and cases by 4-digit classes, as cities hand them on.

A GeoPackage of two layers, `components` and `cases`, both of points.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

import gis.codes
from gis import rows
from gis.errors import BadInput
from gis.terms import ClassKind

COMPONENTS, CASES = "components", "cases"
COLUMNS = {
    COMPONENTS: (
        "code", "class_code", "name", "category", "address", "valid_from", "valid_to",
    ),
    CASES: (
        "code", "kind", "class_code", "title", "state", "reported_at", "due_at", "closed_at",
        "cell_code",
    ),
}  # fmt: skip
"""What each layer has. Instants are ISO 8601 with their offset, exact to the microsecond."""
COMPONENT_ID, CLASS = "^[0-9]{16}$", "^[0-9]{4}$"


def completed(frame: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Give classes that were kept as numbers their zeros back: 113 is 0113.

    Raises:
        BadInput: the layer has no column `code`.
    """
    if "code" not in frame:
        told = ", ".join(frame.columns[:20]) or "none"
        raise BadInput(f"the layer {layer} has no column code; it has {told}", field="code")
    if "class_code" not in frame:
        return frame
    number = frame["class_code"].str.extract(r"^\s*([0-9]{1,4})(?:\.0)?\s*$", expand=False)
    return frame.assign(class_code=number.str.zfill(4).fillna(frame["class_code"]))


def codeless(frame: pd.DataFrame) -> pd.DataFrame:
    """Faults of rows that have no code to be known by."""
    told = frame["code"].str.strip()
    reasons = pd.Series("is missing", index=frame.index).where(told.isna() | (told == ""))
    return _faults(frame, reasons, "code")


def component_faults(frame: pd.DataFrame, counties: Collection[str]) -> pd.DataFrame:
    """Faults of components: an id that is none, a class that is not the one in the id.

    `counties` are those of the store, by 6 digits: they are some, also in an invented town.
    """
    code = frame["code"]
    is_id = code.str.fullmatch(COMPONENT_ID[1:-1])
    of_id = code.str[6:10].where(is_id)
    told = frame.get("class_code", of_id)
    is_ours = is_id & code.str[:6].isin(list(counties)) & ~code.str.endswith("000000")
    reasons = code.map(gis.codes.component_fault).mask(is_ours)
    reasons = reasons.fillna(
        (told.notna() & of_id.notna() & (told != of_id)).map(
            {True: "says another class than class_code", False: None}
        )
    )
    return _faults(frame, reasons, "code")


def case_faults(
    frame: pd.DataFrame, kinds: pd.Series, catalogue: Mapping[str, str]
) -> pd.DataFrame:
    """Faults of cases: a class that the catalogue has not; `kinds` are those that were told.

    `catalogue` has the names by service code, event-0113.
    """
    service = kinds.fillna("") + "-" + frame["class_code"].fillna("")
    reasons = service.map(
        lambda one: None if one in catalogue else "the catalogue has no such class"
    )
    reasons = reasons.mask(
        ~frame["class_code"].str.fullmatch(CLASS[1:-1], na=False), "a class has 4 digits"
    )
    reasons = reasons.mask(~kinds.isin(list(ClassKind)), f"kind is none of {', '.join(ClassKind)}")
    return _faults(frame.assign(class_code=service), reasons, "class_code")


def _faults(frame: pd.DataFrame, reasons: pd.Series, field: str) -> pd.DataFrame:
    at = reasons.notna()
    if not at.any():
        return rows.no_faults()
    return pd.DataFrame(
        {
            "row": frame.index[at],
            "field": field,
            "value": frame.loc[at, field].fillna("").to_numpy(),
            "reason": reasons[at].to_numpy(),
        }
    )
