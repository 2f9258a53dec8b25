"""导出: a file of cells, facilities, cases, dwellings, statistics or residents, in any format.

What leaves is what the viewer may see; people leave by a right of their own, for a reason, with a
watermark that says who took them, and only after the journal has kept it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyproj
import shapely
import sqlalchemy as sa
from sqlalchemy.orm import Session

import data.db
import data.exports
import data.files.read
import data.files.write
import data.journal
import data.scope
import gis.headings
from data.exports import PERSONS, Wanted
from data.seal import Seal
from gis import coordinates
from gis.access import Right, Viewer
from gis.errors import BadInput, NotAllowed
from gis.terms import Datum, Progress, RecordKind, quiet

WGS84 = coordinates.system_of(Datum.WGS84)
DEMANDS = {
    "cases": (Right.CASES, Right.EXPORT),
    "dwellings": (Right.EXPORT,),
    PERSONS: (Right.PERSONS, Right.EXPORT_PERSONS),
}
"""What one must be allowed to take a kind out; the others are public."""
MIN_REASON = 4


@dataclass(frozen=True)
class Shape:
    """How the coordinates are to be written: a datum for degrees, or any CRS; and whether a
    worksheet has Chinese headings."""

    datum: Datum = Datum.WGS84
    crs: str | None = None
    in_chinese: bool = False


def target_crs(shape: Shape, suffix: str) -> pyproj.CRS:
    """Read the CRS to write in.

    Raises:
        BadInput: no such CRS; or the format and the datum, or the headings, do not go together.
    """
    if shape.in_chinese and suffix != ".xlsx":
        raise BadInput(f"Chinese headings are for .xlsx; {suffix} is read by programs")
    if shape.crs is None:
        return coordinates.system_of(shape.datum)
    if shape.datum not in {Datum.WGS84, Datum.CGCS2000}:
        raise BadInput(f"--crs {shape.crs} and --datum {shape.datum} exclude each other")
    try:
        crs = pyproj.CRS.from_user_input(shape.crs)
    except pyproj.exceptions.CRSError as error:
        raise BadInput(f"{shape.crs!r} is no coordinate system; write EPSG:4547 …") from error
    crs = crs.to_2d()
    if not (crs.is_geographic or crs.is_projected):
        raise BadInput(
            f"{shape.crs!r} is no coordinate system of places on a map; write EPSG:4547 …"
        )
    if suffix in {".geojson", ".geojsonl"} and not crs.equals(WGS84, ignore_axis_order=True):
        raise BadInput(f"RFC 7946 GeoJSON is WGS-84 only, not {shape.crs}; choose .gpkg or .fgb")
    return crs


def _moved(frame: pd.DataFrame, shape: Shape, crs: pyproj.CRS) -> pd.DataFrame:
    shapes = np.asarray(frame["geom"], dtype=object)
    shapes = coordinates.convert_shapes(shapes, source=Datum.WGS84, target=shape.datum)
    if shape.crs is not None and not crs.equals(WGS84, ignore_axis_order=True):
        change = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True)
        shapes = shapely.transform(
            shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1]))
        )
    return frame.assign(geom=pd.Series(list(shapes), index=frame.index, dtype=object))


def may_take(kind: str, by: Viewer) -> None:
    """Refuse whoever may not take a kind out.

    Raises:
        NotAllowed: naming the right that is missing.
    """
    for right in DEMANDS.get(kind, ()):
        if not by.may(right):
            raise NotAllowed(f"{kind} are exported only by whoever has the right {right!s}")


Page = TypeVar("Page", pd.DataFrame, list[str])


def _frames(
    store: sa.Engine, wanted: Wanted, shape: Shape, suffix: str, *, by: Viewer, today: date,
    reason: str | None, progress: Progress,
) -> Iterator[pd.DataFrame]:  # fmt: skip
    crs = target_crs(shape, suffix)

    def read(db: Session) -> Iterator[pd.DataFrame]:
        for frame in data.exports.frames(db, wanted, today=today):
            yield _moved(_timed(frame, suffix, wanted.time_zone), shape, crs)

    return _taken(store, wanted, read, by=by, reason=reason, progress=progress)


def _taken(
    store: sa.Engine, wanted: Wanted, read: Callable[[Session], Iterator[Page]], *, by: Viewer,
    reason: str | None, progress: Progress,
) -> Iterator[Page]:  # fmt: skip
    """What is read leaves in pages, and the journal keeps how many rows did."""
    may_take(wanted.kind, by)
    if wanted.kind == PERSONS:
        raise BadInput(f"{PERSONS} are exported for a reason only: --reason")
    with data.scope.transaction(store, by) as db:
        count, cut = 0, {}
        try:
            for page in read(db):
                count += len(page)
                progress("reading rows", count, None)
                yield page
        except GeneratorExit:  # whoever asked has gone; what he got until then is kept all the same
            cut = {"cut_off": True}
        _journal(db, wanted, by=by, reason=reason, rows=count, **cut)


def _journal(
    db: Session, wanted: Wanted, *, by: Viewer, reason: str | None, rows: int, **more: object
) -> None:
    asked = {"plan": wanted.plan, "as_of": wanted.as_of, "named_area": wanted.named_area}
    data.journal.write(
        db, actor=by.login or "anybody", act="export", subject=wanted.kind, area=wanted.area,
        scope=data.journal.charge_of(by), reason=reason, rows=rows,
        **{name: value for name, value in asked.items() if value}, **more,
    )  # fmt: skip


def _timed(frame: pd.DataFrame, suffix: str, time_zone: str) -> pd.DataFrame:
    """Times by the clocks of the city, in tables without an offset; in UTC for GDAL's formats."""
    zone, told = ZoneInfo(time_zone), {}
    for name in frame.columns.drop("geom"):
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            local = frame[name].dt.tz_convert(zone)
            if suffix.startswith(".geojson"):
                told[name] = local.map(lambda at: at.isoformat(), na_action="ignore")
            elif suffix in {".csv", ".xlsx"}:
                told[name] = local.dt.tz_localize(None)
            else:
                told[name] = local.dt.tz_convert(UTC)
    return frame.assign(**told)


def stream(
    store: sa.Engine, wanted: Wanted, suffix: str, shape: Shape, *, by: Viewer, today: date,
    reason: str | None = None, progress: Progress = quiet,
) -> Iterator[bytes]:  # fmt: skip
    """Stream an export as GeoJSON, GeoJSON lines or CSV; journalled when it ends, whole or cut off.

    The first page is read at once, so that a refusal comes before the first byte.

    Raises:
        NotAllowed: this kind is not for the viewer.
    """
    if suffix in {".geojson", ".geojsonl"} and shape == Shape():
        texts = _taken(
            store, wanted, lambda db: data.exports.texts(db, wanted, today=today),
            by=by, reason=reason, progress=progress,
        )  # fmt: skip
        return data.files.write.joined(_after(next(texts), texts), suffix)
    frames = _frames(
        store, wanted, shape, suffix, by=by, today=today, reason=reason, progress=progress
    )
    crs = target_crs(shape, suffix)
    return data.files.write.stream(_after(next(frames), frames), suffix, crs=crs)


def _after(first: Page, others: Iterator[Page]) -> Iterator[Page]:
    """All of them, the first one having been read to see that nothing is refused."""
    yield first
    yield from others


def export_file(
    store: sa.Engine, wanted: Wanted, path: Path, shape: Shape, *, by: Viewer, today: date,
    reason: str | None = None, progress: Progress = quiet,
) -> int:  # fmt: skip
    """Write an export to `path` and return the number of rows; whole or not at all.

    Raises:
        BadInput, NotFound, TooLarge, NotAllowed: in words; an existing file stays as it was.
    """
    suffix, count = _checked(path, shape), 0

    def told(step: str, done: int, of: int | None) -> None:
        nonlocal count
        count = done
        progress(step, done, of)

    if suffix in data.files.write.STREAMED:
        with data.files.write.whole(path) as part, part.open("wb") as file:
            file.writelines(
                stream(store, wanted, suffix, shape, by=by, today=today, reason=reason,
                       progress=told)
            )  # fmt: skip
        return count
    frames = list(
        _frames(store, wanted, shape, suffix, by=by, today=today, reason=reason, progress=told)
    )
    progress("writing the file", 0, None)
    _write(path, frames, suffix, target_crs(shape, suffix), _titles(wanted.kind, shape))
    return count


def _titles(kind: str, shape: Shape) -> Mapping[str, str] | None:
    """What columns of a kind are called; None where they keep their names."""
    if not shape.in_chinese:
        return None
    known = data.files.read.fields_of(RecordKind(kind)) if kind in set(RecordKind) else ()
    return gis.headings.chinese(known)


def _checked(path: Path, shape: Shape) -> str:
    suffix = data.files.write.suffix_of(path.name)
    target_crs(shape, suffix)
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent}")
    return suffix


def _write(
    path: Path, frames: list[pd.DataFrame], suffix: str, crs: pyproj.CRS,
    titles: Mapping[str, str] | None,
) -> None:  # fmt: skip
    if suffix not in data.files.write.STREAMED:
        frame = pd.concat(frames, ignore_index=True)
        data.files.write.write(frame, path, crs=crs, titles=titles)
        return
    with data.files.write.whole(path) as part, part.open("wb") as file:
        file.writelines(data.files.write.stream(iter(frames), suffix, crs=crs))


# People


@dataclass(frozen=True)
class Taking:
    """Why people are taken out, when, and whether with their clear names, ids and phones."""

    reason: str
    now: datetime
    unmasked: bool = False


def export_persons(
    store: sa.Engine, wanted: Wanted, path: Path, shape: Shape, taking: Taking, *, by: Viewer,
    seal: Seal, progress: Progress = quiet,
) -> int:  # fmt: skip
    """Write the residents of an area to `path`, masked unless `taking` says otherwise.

    The first and the last row are a watermark; its mark stands in the journal, with who was taken
    out. Returns the number of residents. Whole or not at all: when the journal cannot keep it, no
    file appears.

    Raises:
        NotAllowed: the viewer may not take people out, or not unmasked.
        BadInput: no reason is told.
    """
    suffix, crs = _checked(path, shape), target_crs(shape, data.files.write.suffix_of(path.name))
    _check_taking(taking, by)
    with data.files.write.whole(path) as part, data.scope.transaction(store, by) as db:
        frames = []
        for frame in data.exports.frames(db, wanted, today=taking.now.date()):
            clear = data.exports.opened(db, frame, seal) if taking.unmasked else frame
            frames.append(_moved(clear, shape, crs))
            progress("reading rows", sum(map(len, frames)), None)
        count, mark = sum(map(len, frames)), secrets.token_hex(6)
        row = _watermark(frames[0], wanted, taking, by=by, rows=count, mark=mark)
        _write(part, [row, *frames, row], suffix, crs, _titles(wanted.kind, shape))
        part.chmod(0o600)
        numbers = [number for frame in frames for number in frame["id"].tolist()]
        _journal(db, wanted, by=by, reason=taking.reason, rows=count, mark=mark,
                 unmasked=taking.unmasked, residents=data.journal.ranges(numbers))  # fmt: skip
    return count


def _check_taking(taking: Taking, by: Viewer) -> None:
    may_take(PERSONS, by)
    if taking.unmasked and not by.may(Right.UNMASK):
        raise NotAllowed(f"people are unmasked only by whoever has the right {Right.UNMASK!s}")
    if len(taking.reason.strip()) < MIN_REASON:
        raise BadInput("say why people are taken out: --reason, at least four characters",
                       field="reason")  # fmt: skip


def _watermark(
    like: pd.DataFrame, wanted: Wanted, taking: Taking, *, by: Viewer, rows: int, mark: str
) -> pd.DataFrame:
    """A row that says who took this, when and why; it looks like a resident without a number."""
    when = taking.now.astimezone(ZoneInfo(wanted.time_zone)).isoformat(timespec="seconds")
    sentence = (
        f"{by.login} {when}; area {wanted.area or 'all'}, charge {data.journal.charge_of(by)}; "
        f"{rows} rows; reason: {taking.reason.strip()}"
    )
    told = {"name": f"水印 Watermark {mark}", "address": sentence}
    row = pd.DataFrame({name: [told.get(name)] for name in like.columns})
    return row.astype({"id": "Int64"})
