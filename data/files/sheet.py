"""What reading gives: rows as the clerk sees them, with places where the file has them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from gis.terms import Refusal


@dataclass
class Sheet:
    """Rows of a file, all values as text.

    `frame` is indexed by row number as the clerk sees it (a table's header is row 1; a map
    file's first feature is 1). `shapes` are shapely geometries aligned with it, in `crs`,
    or None for a plain table. `crs` is None when the file does not say.
    """

    frame: pd.DataFrame
    format: str
    shapes: npt.NDArray[np.object_] | None = None
    crs: pyproj.CRS | None = None
    notes: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    broken: dict[int, list[str]] = field(default_factory=dict)
    """The cells of rows that do not fit the header, by row number."""

    @property
    def as_it_came(self) -> pd.DataFrame:
        """All rows, those that do not fit the header too; cells too many have columns of their own.

        For telling what was refused, never for importing.
        """
        if not self.broken:
            return self.frame
        names = list(self.frame.columns)
        longest = max(map(len, self.broken.values()))
        names += [f"column {place + 1}" for place in range(len(names), longest)]
        rows = {
            number: dict(zip(names, cells, strict=False)) for number, cells in self.broken.items()
        }
        broken = pd.DataFrame.from_dict(rows, orient="index")
        return pd.concat([self.frame, broken]).sort_index(kind="stable")


def as_text(values: pd.Series) -> pd.Series:
    """Write any column as text: whole floats without .0, dates as ISO, nothing as missing."""
    if pd.api.types.is_bool_dtype(values):
        return values.map({True: "true", False: "false"}).astype("str")
    if pd.api.types.is_integer_dtype(values):
        return values.astype("Int64").astype("str")
    if pd.api.types.is_float_dtype(values):
        return _floats_as_text(values)
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.map(lambda at: at.isoformat(), na_action="ignore").astype("str")
    if isinstance(values.dtype, pd.StringDtype):
        return values
    return values.map(_any_as_text, na_action="ignore").astype("str")


def _floats_as_text(values: pd.Series) -> pd.Series:
    finite = values[np.isfinite(values)]
    if (finite == np.floor(finite)).all() and (finite.abs() < 2**53).all() and len(finite):
        whole = values.where(np.isfinite(values))
        return whole.astype("Int64").astype("str")
    return values.map(lambda number: format(number, ".17g"), na_action="ignore").astype("str")


def _any_as_text(value: object) -> object:
    if isinstance(value, (list, dict, np.ndarray)):
        return str(value.tolist() if isinstance(value, np.ndarray) else value)
    return str(value)
