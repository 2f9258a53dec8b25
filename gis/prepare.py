"""A sheet made ready for the store: rows checked, places in WGS-84, every refusal collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from gis import geometry, places, rows
from gis.errors import BadInput
from gis.places import Reference
from gis.rows import Field

Shapes = npt.NDArray[np.object_]
_OF_PLACE = ("lon", "lat", "wkt")
_CLOSING = (
    r"^(?:(?:合计|总计|小计)(?![\u4e00-\u9fff])|(?:制表|填表|审核)(?:人|员|单位|日期|时间)?(?:[:：]|$)"
    r"|备注[:：]|水印Watermark)"
)
"""How the rows begin that close a table: sums, signatures, the watermark of an export."""
_PERHAPS_CLOSING = r"^[合总小制填审备水示]"
CLOSING = "is a total or a signature, not a record"
EXAMPLE = "is the example of the template, not a record"
NO_RECORD = (CLOSING, EXAMPLE)
"""Why such rows are refused; nobody needs to mend them."""
EXAMPLE_BEGINS = "示例："


@dataclass
class Prepared:
    """Rows that may go in (`frame`, with `shapes` aligned), and every fault of the others."""

    frame: pd.DataFrame
    shapes: Shapes
    faults: pd.DataFrame
    has_places: bool
    notes: list[str] = field(default_factory=list)
    mended: list[tuple[int, float]] = field(default_factory=list)
    """Row and change of area (fraction) of outlines that were repaired."""
    used: dict[str, str] = field(default_factory=dict)
    """Column → field."""

    def refuse(self, faults: pd.DataFrame) -> None:
        """Take the rows of `faults` out."""
        if faults.empty:
            return
        self.faults = pd.concat([self.faults, faults])
        good = ~self.frame.index.isin(faults["row"])
        self.frame, self.shapes = self.frame[good], self.shapes[good]


def prepare(
    frame: pd.DataFrame,
    shapes: Shapes | None,
    crs: pyproj.CRS | None,
    *,
    fields: tuple[Field, ...],
    reference: Reference,
    mapping: Mapping[str, str],
    constants: Mapping[str, str],
    placed: bool = True,
) -> Prepared:
    """Check rows against `fields` and bring their places to WGS-84.

    `mapping` maps columns to fields, or to lon, lat, wkt. Without `placed` no place is missed.

    Raises:
        BadInput: the file as a whole cannot be understood (columns, coordinate system).
    """
    of_place = {column: name for column, name in mapping.items() if name in _OF_PLACE}
    of_fields = {column: name for column, name in mapping.items() if name not in _OF_PLACE}
    _known_columns(frame, of_place)
    found = places.place(frame, shapes, crs, reference=reference, mapping=of_place)
    rest = frame.drop(columns=[*found.columns, *of_place, *rows.ERRORS_COLUMNS], errors="ignore")
    cleaned = rows.clean(rest, fields, mapping=of_fields, constants=constants)
    notes = [*found.notes, *_told_columns(cleaned)]
    has_places = shapes is not None or bool(found.columns)
    if not has_places:
        _refuse_unknown(frame, cleaned, fields)
        notes += [_without_places(frame, reference)] if placed else []
    at_first = Prepared(
        pd.DataFrame(cleaned.frame), found.shapes[frame.index.isin(cleaned.frame.index)],
        cleaned.faults, has_places, notes, used=cleaned.used,
    )  # fmt: skip
    at_first.refuse(found.faults)
    if shapes is None:
        _refuse_closing(at_first, frame)
    return at_first


def _refuse_unknown(frame: pd.DataFrame, cleaned: rows.Cleaned, fields: tuple[Field, ...]) -> None:
    """A file without a place of which no column is understood is none of this kind."""
    if cleaned.used:
        return
    known = "; ".join(f"{one.name} ({'、'.join(one.headers[:3])})" for one in fields if one.headers)
    raise BadInput(
        f"no column was recognised. The file has: {', '.join(frame.columns[:40]) or 'none'}. "
        f"Known are {known}. Name columns with --map column=field."
    )


def _refuse_closing(prepared: Prepared, frame: pd.DataFrame) -> None:
    """Totals, signatures and a template's example are told as such, whatever else they lack."""
    told = frame.drop(columns=list(rows.ERRORS_COLUMNS), errors="ignore")
    first = pd.Series(None, index=frame.index, dtype="str")
    for column in told.columns:
        text = told[column].str.strip()
        first = first.fillna(text.mask(text == ""))
        if first.notna().all():
            break
    # few rows begin so: only those are looked at closely
    first = first[first.str.contains(_PERHAPS_CLOSING, regex=True, na=False)]
    first = first.str.replace(r"\s+", "", regex=True)
    is_example = first.str.startswith(EXAMPLE_BEGINS, na=False)
    at = first.index[first.str.contains(_CLOSING, regex=True, na=False) | is_example]
    reasons = is_example.loc[at].map({True: EXAMPLE, False: CLOSING})
    others = prepared.faults[~prepared.faults["row"].isin(at)]
    prepared.faults = others
    closing = {"row": at, "field": "", "value": first.loc[at].str.slice(0, 120), "reason": reasons}
    prepared.refuse(pd.DataFrame(closing))


def _without_places(frame: pd.DataFrame, reference: Reference) -> str:
    told = f"no column holds coordinates; the file has {', '.join(frame.columns[:30])}"
    if reference != Reference():
        raise BadInput(f"{told}. Name them: --map column=lon --map column=lat (or column=wkt).")
    return f"{told}. Name them with --map column=lon --map column=lat if it has any."


def _known_columns(frame: pd.DataFrame, mapping: Mapping[str, str]) -> None:
    unknown = {column: name for column, name in mapping.items() if column not in frame.columns}
    if unknown:
        rows.recognise(list(frame.columns), (), unknown)


def _told_columns(cleaned: rows.Cleaned) -> list[str]:
    told = [", ".join(f"{column} → {name}" for column, name in cleaned.used.items())]
    lines = [f"columns read: {told[0]}"] if cleaned.used else []
    if cleaned.unused:
        lines.append(f"columns not used: {', '.join(cleaned.unused[:30])}")
    return lines


def outlines(prepared: Prepared, *, required: bool = True) -> None:
    """Make the polygons sound; rows whose polygon cannot be saved are refused, in words.

    Without `required` a row may come without any.
    """
    given = ~shapely.is_missing(prepared.shapes)
    index = prepared.frame.index
    repaired = geometry.repair_polygons(prepared.shapes)
    prepared.shapes = repaired.shapes
    prepared.mended = [
        (int(index[at]), float(change))
        for at, change in zip(repaired.mended, repaired.area_change, strict=True)
    ]
    at = [one for one in sorted(repaired.faults) if required or given[one]]
    prepared.refuse(
        pd.DataFrame(
            {
                "row": index[at],
                "field": "geometry",
                "value": "",
                "reason": [repaired.faults[one] for one in at],
            }
        )
    )


def as_points(shapes: Shapes) -> Shapes:
    """A point for every shape, None where there is none.

    A point stays; an outline or a line is stood for by a point on it.
    """
    points = shapes.copy()
    points[shapely.is_empty(points)] = None
    other = ~shapely.is_missing(points) & (shapely.get_type_id(points) != 0)
    sound = other.copy()
    sound[other] = geometry.is_sound(points[other])
    points[sound] = shapely.point_on_surface(points[sound])
    points[other & ~sound] = shapely.centroid(points[other & ~sound])
    return points


def _content(frame: pd.DataFrame, shapes: Shapes) -> pd.DataFrame:
    """All that a row says, its place to a centimetre, its code left out."""
    points = as_points(shapes)
    lon = pd.Series(shapely.get_x(points), index=frame.index)
    lat = pd.Series(shapely.get_y(points), index=frame.index)
    values = frame.drop(columns="code", errors="ignore").astype("str")
    return pd.concat([values, rows.rounded_degrees(lon, lat)], axis=1)


def with_codes(prepared: Prepared, *, prefix: str, source: str) -> None:
    """Give rows without a code one that their content decides, and refuse repeated codes."""
    frame = prepared.frame
    given = frame["code"] if "code" in frame else pd.Series(None, index=frame.index, dtype="str")
    if given.isna().any():
        told = _content(frame, prepared.shapes)[given.isna()]
        given = given.fillna(rows.content_codes(told, prefix=prefix, source=source))
        prepared.notes.append(
            f"rows without a code are known by their content and the source {source!r}: "
            "a row mended later comes as a new one"
        )
    prepared.frame = frame.assign(code=given)
    prepared.refuse(rows.repeated(prepared.frame["code"], "code"))
