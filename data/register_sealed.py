"""What is kept of whom a sheet names: mask, blind index and sealed value, column by column."""

from __future__ import annotations

from typing import Any

import pandas as pd

import data.register_edit
import gis.privacy
from data.seal import Seal

SEALED = data.register_edit.SEALED
"""Fields of a person that are kept sealed, and how their three columns begin."""


def sealed(frame: pd.DataFrame, seal: Seal) -> pd.DataFrame:
    """Replace name, id_number and phone by what is kept of them: mask, blind index, sealed."""
    columns: dict[str, Any] = {}
    for field, stem in SEALED.items():
        values = frame[field].astype("object").where(frame[field].notna(), None)
        columns[f"{stem}_mask"] = _MASKS[field](frame[field]).where(frame[field].notna())
        known = values
        if field == "name":
            known = gis.privacy.same_name(frame[field]).astype("object").where(values.notna(), None)
        columns[f"{stem}_index"] = seal.index(field, known)
        columns[f"{stem}_sealed"] = seal.seal(field, values)
    return frame.drop(columns=[*SEALED]).assign(**columns)


_MASKS = {
    "name": gis.privacy.mask_names,
    "id_number": gis.privacy.mask_ids,
    "phone": gis.privacy.mask_phones,
}
