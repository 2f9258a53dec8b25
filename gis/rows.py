"""Rows as clerks have them → rows as the store keeps them.

Headers are recognised in the forms that towns use; every value is checked by the column, never
by the row; every fault is collected with its row number, field, value and what was expected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis.errors import BadInput
from gis.kinds import Parse, plain


@dataclass(frozen=True)
class Field:
    """A column of the store that a file may bring."""

    name: str
    headers: tuple[str, ...]
    parse: Parse
    required: bool = False
    label: str = ""


@dataclass
class Cleaned:
    """Checked rows: `frame` holds the good ones, typed; `faults` every fault of the others.

    `faults` has the columns row, field, value, reason. `used` maps column → field.
    """

    frame: pd.DataFrame
    faults: pd.DataFrame
    used: dict[str, str]
    unused: list[str] = field(default_factory=list)


# Headers


def recognise(
    columns: list[str], fields: tuple[Field, ...], mapping: Mapping[str, str]
) -> dict[str, str]:
    """Match columns to fields: what `mapping` says first, then what the headers say.

    Raises:
        BadInput: a mapped column or field does not exist, or two columns claim one field.
    """
    used = _mapped(columns, fields, mapping)
    for one in fields:
        if one.name in used.values():
            continue
        names = [plain(one.name), *map(plain, one.headers)]
        fits = [(names.index(plain(c)), c) for c in columns if c not in used and plain(c) in names]
        if fits:
            used[min(fits)[1]] = one.name
    return used


def whole_names(columns: list[str], fields: tuple[Field, ...]) -> dict[str, str]:
    """Complete names that a DBF cut at ten bytes, where only one field has a header so begun."""
    whole: dict[str, str] = {}
    taken = set(recognise(columns, fields, {}).values())
    for column in columns:
        begun = plain(column)
        if len(begun) < 3 or len(column.encode()) < _CUT:
            continue
        fits = {
            one.name: header
            for one in fields
            for header in reversed(one.headers)
            if plain(header).startswith(begun) and plain(header) != begun
        }
        (name, header), *others = [*fits.items()] or [("", "")]
        if name and not others and name not in taken and header not in columns:
            whole[column] = header
            taken.add(name)
    return whole


_CUT = 9
"""Bytes that at least stay of a name that was cut at ten: three Chinese characters."""


def _mapped(
    columns: list[str], fields: tuple[Field, ...], mapping: Mapping[str, str]
) -> dict[str, str]:
    names = [one.name for one in fields]
    for column, name in mapping.items():
        if column not in columns:
            raise BadInput(
                f"--map {column}={name}: the file has no column {column!r}; "
                f"it has {', '.join(columns[:40])}",
                choices=columns,
            )
        if name not in names:
            raise BadInput(
                f"--map {column}={name}: no field {name!r}; fields are {', '.join(names)}",
                choices=names,
            )
    if len(set(mapping.values())) < len(mapping):
        raise BadInput(f"--map gives one field twice: {', '.join(sorted(mapping.values()))}")
    return dict(mapping)


# Cleaning


def clean(
    frame: pd.DataFrame,
    fields: tuple[Field, ...],
    *,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> Cleaned:
    """Check every value of `frame` (text, indexed by row number) against `fields`.

    `constants` gives a field the same value in every row. Fields that the file does not bring
    are absent from the answer.

    Raises:
        BadInput: a required field has no column; the sentence names both sides.
    """
    constants = constants or {}
    used = recognise(list(frame.columns), fields, mapping or {})
    _require(frame, fields, used, constants)
    columns: dict[str, pd.Series] = {}
    faults: list[pd.DataFrame] = []
    by_field = {name: column for column, name in used.items()}
    for one in fields:
        if one.name in constants:
            raw = pd.Series(constants[one.name], index=frame.index, dtype="str")
        elif one.name in by_field:
            raw = frame[by_field[one.name]]
        else:
            continue
        columns[one.name], fault = _clean_column(raw, one)
        faults.append(fault)
    gathered = pd.concat(faults).sort_values("row", kind="stable") if faults else no_faults()
    good = pd.DataFrame(columns, index=frame.index).drop(index=list(gathered["row"].unique()))
    unused = [column for column in frame.columns if column not in used]
    return Cleaned(good, gathered, used, unused)


def no_faults() -> pd.DataFrame:
    """An empty table of faults."""
    return pd.DataFrame(columns=["row", "field", "value", "reason"])


def _require(
    frame: pd.DataFrame,
    fields: tuple[Field, ...],
    used: Mapping[str, str],
    constants: Mapping[str, str],
) -> None:
    known = [one.name for one in fields]
    for name in constants:
        if name not in known:
            raise BadInput(f"--set {name}: no field {name!r}; fields are {', '.join(known)}")
    missing = [
        one
        for one in fields
        if one.required and one.name not in used.values() and one.name not in constants
    ]
    if missing:
        wanted = "; ".join(f"{one.name} ({'、'.join(one.headers[:4])})" for one in missing)
        raise BadInput(
            f"no column for {wanted}. The file has: {', '.join(frame.columns[:40]) or 'none'}. "
            "Name it with --map column=field.",
            missing=[one.name for one in missing],
            columns=list(frame.columns),
        )


def _clean_column(raw: pd.Series, one: Field) -> tuple[pd.Series, pd.DataFrame]:
    text = raw.str.strip()
    text = text.mask(text == "")
    bad_text = text.str.contains("\x00", regex=False, na=False)
    values, reasons = one.parse(text.mask(bad_text))
    reasons = reasons.mask(bad_text, "holds the character NUL")
    if one.required:
        reasons = reasons.mask((reasons == "") & values.isna(), "is missing")
    at = reasons.index[reasons != ""]
    fault = pd.DataFrame(
        {
            "row": at,
            "field": one.name,
            "value": _shown(text.loc[at]).to_numpy(),
            "reason": reasons.loc[at].to_numpy(),
        }
    )
    return values, fault


def _shown(values: pd.Series) -> pd.Series:
    return values.fillna("").str.replace("\x00", "�", regex=False).str.slice(0, 120)


# Rows known, rows refused


def repeated(values: pd.Series, name: str) -> pd.DataFrame:
    """Faults for codes that stand a second time in the file; the first one stays."""
    again = values.notna() & values.duplicated(keep="first")
    at = values.index[again]
    same = values[values.isin(values.loc[at])]
    first = pd.Series(same.index, index=same).groupby(level=0).first()
    reasons = [f"stands already in row {first[one]}" for one in values.loc[at]]
    return pd.DataFrame({"row": at, "field": name, "value": values.loc[at], "reason": reasons})


def content_codes(frame: pd.DataFrame, *, prefix: str, source: str) -> pd.Series:
    """Codes for rows that bring none: the same content gives the same code, also next time.

    Only within one `source` (the file's name): equal rows of two files are two things. Equal
    rows of one file are told apart by their count. 64 bits: among ten million rows the odds that
    two different ones meet are one in 300,000.
    """
    of_source = hashlib.blake2b(source.encode(), digest_size=8).digest()
    hashed = pd.util.hash_pandas_object(frame, index=False) ^ np.frombuffer(of_source, "<u8")[0]
    again = hashed.groupby(hashed).cumcount()
    codes_of = [
        f"{prefix}{one:016x}-{count}" if count else f"{prefix}{one:016x}"
        for one, count in zip(hashed.to_numpy(), again.to_numpy(), strict=True)
    ]
    return pd.Series(codes_of, index=frame.index, dtype="str")


def rounded_degrees(lon: pd.Series, lat: pd.Series) -> pd.DataFrame:
    """Coordinates as whole 1e-7 degrees (about a centimetre), for comparing."""
    both = np.column_stack([lon, lat])
    whole = np.where(np.isfinite(both), np.round(both * 1e7), -1).astype("int64")
    return pd.DataFrame(whole, index=lon.index, columns=["lon", "lat"])


SOURCE_COLUMN = "来源 source"
ERRORS_COLUMNS = ("行号 row", "字段 field", "值 value", "原因 reason", SOURCE_COLUMN)
"""What an errors file puts before the columns of the refused rows."""


def refused(
    frame: pd.DataFrame,
    shapes: npt.NDArray[np.object_] | None,
    faults: pd.DataFrame,
    *,
    source: str,
) -> pd.DataFrame:
    """Gather the refused rows as they came, one line each, with what was wrong before them.

    The geometry of a map file goes along as WKT in the file's own coordinate system, and the
    `source` too, so that the mended table can be imported with the same options and its rows are
    known as those of the first file.
    """
    told = faults.astype({"value": "str"}).groupby("row", sort=True).agg("; ".join)
    told = told.reset_index().assign(source=source).set_axis(list(ERRORS_COLUMNS), axis=1)
    original = frame.drop(columns=list(ERRORS_COLUMNS), errors="ignore")
    if shapes is not None:
        original = original.assign(wkt=shapely.to_wkt(shapes, rounding_precision=-1))
    return told.merge(original, how="left", left_on=ERRORS_COLUMNS[0], right_index=True)
