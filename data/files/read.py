"""Read any file that Wangge takes: recognised by content, opened by one reader.

The readers load pandas and GDAL; they are imported once the guard has let the file pass, so that
a hostile file is refused before anything large is loaded.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from data.files import content, guard
from data.files.guard import Format
from gis.terms import RecordKind

if TYPE_CHECKING:
    from data.files.sheet import Sheet
    from gis.rows import Field


def read(
    path: Path, kind: RecordKind, *, layer: str | None = None, encoding: str | None = None
) -> Sheet:
    """Read `path` into rows of text with their geometry where it has one.

    `layer` names a layer of a map file or a sheet of a workbook.

    Raises:
        NotFound, BadInput, TooLarge: in words; nothing was written anywhere.
    """
    if encoding is not None:
        content.check_encoding(encoding)
    form = guard.recognise(path)
    content.check(path, form)
    if form == Format.CSV:
        from data.files.tables import read_csv

        return read_csv(path, encoding=encoding, known=_known(kind))
    if form == Format.XLSX:
        from data.files.tables import read_xlsx

        return read_xlsx(path, sheet=layer, known=_known(kind))
    if form == Format.JSON_TABLE:
        from data.files.tables import read_json_table

        return read_json_table(path)
    return _read_map_file(path, form, kind, layer=layer, encoding=encoding)


def _read_map_file(
    path: Path, form: Format, kind: RecordKind, *, layer: str | None, encoding: str | None
) -> Sheet:
    if form == Format.OSM_PBF:
        from data.files import osm

        return osm.read(path, kind)
    if form == Format.PARQUET:
        from data.files import parquet

        return parquet.read(path)
    from data.files import gdal

    return gdal.read(path, form, layer=layer, encoding=encoding, fields=fields_of(kind))


def _known(kind: RecordKind) -> frozenset[str]:
    """Names that tell the header row, folded; a single letter may as well be a value."""
    from gis import places
    from gis.kinds import plain

    names = {name for one in fields_of(kind) for name in (one.name, *one.headers)}
    folded = map(plain, {*names, *places.LON, *places.LAT, *places.WKT})
    return frozenset(name for name in folded if len(name) > 1)


def fields_of(kind: RecordKind) -> tuple[Field, ...]:
    """The fields of a kind, for their names only."""
    from gis import (
        calendar_sheet,
        care_sheet,
        case_sheet,
        catalogue,
        community_sheet,
        duty_sheet,
        facilities,
        grid,
        register,
    )

    return {
        RecordKind.CELLS: grid.CELLS,
        RecordKind.DIVISIONS: grid.divisions(local_codes=True),
        RecordKind.BUILDINGS: register.BUILDINGS,
        RecordKind.RESIDENTS: register.residents(date.max),
        RecordKind.FACILITIES: facilities.FIELDS,
        RecordKind.CASES: case_sheet.fields("UTC"),
        RecordKind.CATALOGUE: catalogue.FIELDS,
        RecordKind.CALENDAR: calendar_sheet.FIELDS,
        RecordKind.CARE: care_sheet.fields(date.max),
        RecordKind.GUIDES: community_sheet.FIELDS,
        **{one: duty_sheet.fields(one, "UTC") for one in duty_sheet.KINDS},
    }[kind]
