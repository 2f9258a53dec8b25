"""What is kept of whom a sheet names: mask, blind index and sealed value, column by column."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

import data.register_edit
import gis.privacy
from data.seal import Seal

SEALED = data.register_edit.SEALED
"""Fields of a person that are kept sealed, and how their three columns begin."""


def sealed(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Replace name, id_number and phone by what is kept of them: mask, blind index, sealed."""
    columns: dict[str, Any] = {}
    for field, stem in SEALED.items():
        told = frame[field].astype("str")
        values = _texts(told)
        columns[f"{stem}_mask"] = _MASKS[field](told).where(told.notna())
        known = _texts(gis.privacy.same_name(told)) if field == "name" else values
        columns[f"{stem}_index"] = seal.index(field, known)
        columns[f"{stem}_sealed"] = seal.seal(field, values)
    return frame.drop(columns=[*SEALED]).assign(**columns)


def _texts(values: pd.Series[str]) -> list[str | None]:
    """The texts of a column, None where there is none; Arrow lists them ten times as fast."""
    texts: list[str | None] = pa.array(values, pa.large_string(), from_pandas=True).to_pylist()
    return texts


_MASKS = {
    "name": gis.privacy.mask_names,
    "id_number": gis.privacy.mask_ids,
    "phone": gis.privacy.mask_phones,
}
