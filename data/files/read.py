"""Read any file that Wangge takes: recognised by content, opened by one reader.

The readers load pandas and GDAL; they are imported once the guard has let the file pass, so that
a hostile file is refused before anything large is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data.files import content, guard
from data.files.guard import Format
from gis.terms import RecordKind

if TYPE_CHECKING:
    from data.files.sheet import Sheet


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

        return read_csv(path, encoding=encoding)
    if form == Format.XLSX:
        from data.files.tables import read_xlsx

        return read_xlsx(path, sheet=layer)
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

    return gdal.read(path, form, layer=layer, encoding=encoding)
