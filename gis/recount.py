"""Numbers per cell that somebody brings, given by the cells of another day.

What is added up is shared out exactly: a column is counted in whole units of its last decimal, so
its total is the same before and after. Rates and averages cannot be added up: bring what they are
made of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
import pandas as pd

from gis import grid, kinds, lineage, rows
from gis.errors import BadInput
from gis.lineage import Lineage, Weight
from gis.rows import Field
from gis.terms import Refusal

MOST = 1e9
"""Numbers up to here are shared out without loss."""
_DECIMALS = 4
_LEFT_OUT = ("name", "kind", "division_code", "parent_code", "valid_from", "valid_to")


@dataclass(frozen=True, eq=False)
class Recounted:
    """Numbers by code of the cells of another day; "" has what no cell holds.

    totals: by column, before and after.
    """

    numbers: pd.DataFrame
    totals: pd.DataFrame


def read(
    frame: pd.DataFrame, cells: Collection[str], *, day: date, broken: Sequence[Refusal] = ()
) -> pd.DataFrame:
    """Read rows of text, by row number, as numbers by code of a cell of `cells`, those of `day`.

    `broken` are rows that could not be read. What a sheet of cells tells besides (names, kinds,
    divisions) is left out; every other column is numbers, rounded to four decimals.

    Raises:
        BadInput: with all `faults` (row, field, value, reason): codes that are missing, unknown or
        there twice, and what is no number. Or no column is of codes, or none of numbers.
    """
    fields, mapping = _fields(list(frame.columns))
    if len(fields) < 2:
        raise BadInput(f"no column of numbers; the file has: {', '.join(frame.columns) or 'none'}")
    cleaned = rows.clean(frame, fields, mapping=mapping)
    codes = frame[next(name for name, field in mapping.items() if field == "code")].str.strip()
    unread = pd.DataFrame([asdict(one) for one in broken], columns=list(rows.no_faults()))
    again, unknown = rows.repeated(codes, "code"), _unknown(codes, cells, day)
    faults = pd.concat([unread, cleaned.faults, again, unknown])
    if len(faults):
        raise _refused(faults.sort_values("row", kind="stable"))
    if cleaned.frame.empty:
        raise BadInput("the file has no rows")
    return cleaned.frame.set_index("code").round(_DECIMALS)


def _fields(columns: list[str]) -> tuple[tuple[Field, ...], dict[str, str]]:
    """The code and the numbers, and which column is which."""
    known = tuple(one for one in grid.CELLS if one.name in {"code", *_LEFT_OUT})
    told = rows.recognise(columns, known, {})
    code = Field("code", known[0].headers, kinds.code, required=True)
    numbers = [name for name in columns if name not in told]
    parse = kinds.number(-MOST, MOST)
    fields = [Field(name, (), parse, required=True) for name in numbers]
    of_code = {name: field for name, field in told.items() if field == "code"}
    return (code, *fields), of_code | dict(zip(numbers, numbers, strict=True))


def _unknown(codes: pd.Series, cells: Collection[str], day: date) -> pd.DataFrame:
    wrong = codes[codes.notna() & (codes != "") & ~codes.isin(list(cells))]
    reason = f"is no cell of {day}"
    return pd.DataFrame({"row": wrong.index, "field": "code", "value": wrong, "reason": reason})


def _refused(faults: pd.DataFrame) -> BadInput:
    lines = [
        f"row {fault.row}, {fault.field}: {fault.value!r} {fault.reason}"
        for fault in faults.itertuples()
    ]
    return BadInput("\n".join([*lines, "nothing was recounted"]), faults=faults.to_dict("records"))


def recount(numbers: pd.DataFrame, change: Lineage, *, weight: Weight) -> Recounted:
    """Give numbers of the old cells as those of the new, by households or by ground.

    Only cells are told that something of the given ones went to.
    """
    decimals = {str(name): _decimals(numbers[name]) for name in numbers}
    units = pd.DataFrame({name: _units(numbers[name], places) for name, places in decimals.items()})
    reached = set(change.shares(units.index, weight)["child"])
    shared = lineage.recount(change, units, weight=weight)
    told = shared[shared.index.isin(reached)]
    ends = [_told(frame.sum().to_frame().T, decimals).iloc[0] for frame in (units, told)]
    totals = pd.DataFrame(dict(zip(("before", "after"), ends, strict=True)))
    return Recounted(_told(told, decimals), totals)


def _decimals(values: pd.Series) -> int:
    """How many decimals the values of a column have at most."""
    fits = (places for places in range(_DECIMALS) if (values.round(places) == values).all())
    return next(fits, _DECIMALS)


def _units(values: pd.Series, places: int) -> pd.Series:
    return pd.Series(np.rint(values * 10**places), index=values.index).astype(np.int64)


def _told(units: pd.DataFrame, decimals: dict[str, int]) -> pd.DataFrame:
    told = {
        name: units[name] / 10**places if places else units[name]
        for name, places in decimals.items()
    }
    return pd.DataFrame(told, index=units.index, dtype=object)
