"""Masks: what is shown of a person unless one person is unmasked for a reason that is written down.

A mask keeps what tells two rows of a list apart and gives the rest away to nobody.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

SMALLEST_COUNT = 5
"""Counts of persons below this are told to nobody outside the cell."""


def same_name(values: pd.Series) -> pd.Series:
    """Fold names for comparing: width, case and blanks do not tell people apart."""
    text = values.astype("str")
    odd = text[~text.str.fullmatch(_FOLDED, na=True).astype(bool)]
    folded = pd.Series([*map(fold_name, odd.tolist())], index=odd.index, dtype="str")
    return text.where(~text.index.isin(odd.index), folded.reindex(text.index)) if len(odd) else text


_FOLDED = "[\u4e00-\u9fff]+"
"""Plain Chinese characters are folded already, and nearly every name is of these."""


def fold_name(name: str) -> str:
    """Fold one name for comparing."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def mask_names(values: pd.Series) -> pd.Series:
    """张三 → 张*, 欧阳小明 → 欧***: the first character, a star for each other."""
    text = values.astype("str")
    others = (text.str.len() - 1).clip(lower=1, upper=3).fillna(1).to_numpy(dtype=int)
    return text.str[:1] + pd.Series(_STARS[others], index=values.index, dtype="str")


_STARS = np.array(["", "*", "**", "***"], dtype=object)


def mask_phones(values: pd.Series) -> pd.Series:
    """13812341234 → 138****1234; of a short number only the last two digits stay."""
    text = values.astype("str")
    short = "****" + text.str[-2:]
    return (text.str[:3] + "****" + text.str[-4:]).where(text.str.len() >= 11, short)


def mask_ids(values: pd.Series) -> pd.Series:
    """420102199001011234 → 4201************34: the birth date is hidden too."""
    text = values.astype("str")
    return text.str[:4] + "************" + text.str[-2:]


def mask_birth(year: int | None) -> str | None:
    """1949-12-31 → 1949-**-**."""
    return None if year is None else f"{year:04d}-**-**"
