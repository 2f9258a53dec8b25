"""What a file is, told by its content, and whether it is safe to open.

Nothing here trusts a suffix. GDAL opens a file by trying every driver it has, and some of them
follow what the file says to other files (a VRT named .geojson reads any path): so each format is
recognised by its own signature and then opened by that one driver, by name.
Bombs are refused by what their directories declare, before anything is unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

from gis.errors import BadInput, NotFound, TooLarge


class Format(StrEnum):
    """The kinds of file we read."""

    GEOJSON = "GeoJSON"
    GEOJSONSEQ = "GeoJSONSeq"
    JSON_TABLE = "JSON table"
    SHAPEFILE = "ESRI Shapefile"
    ZIPPED_SHAPEFILE = "zipped ESRI Shapefile"
    GEOPACKAGE = "GPKG"
    FLATGEOBUF = "FlatGeobuf"
    PARQUET = "GeoParquet"
    CSV = "CSV"
    XLSX = "Excel workbook"
    OSM_PBF = "OSM PBF"


READABLE = (
    "GeoJSON (.geojson, .json), GeoJSONSeq (.geojsonl, .geojsons), shapefile (.shp or .zip), "
    "GeoPackage (.gpkg), FlatGeobuf (.fgb), GeoParquet (.parquet), CSV (.csv), Excel (.xlsx), "
    "OpenStreetMap (.osm.pbf)"
)
MIB = 1024 * 1024
MAX_FILE = 4096 * MIB
MAX_JSON = 1024 * MIB
MAX_UNPACKED = 2048 * MIB
MAX_XLSX_SHEET = 512 * MIB
MAX_XLSX_STRINGS = 64 * MIB
MAX_XLSX_PART = 4 * MIB
MAX_RATIO = 250
MAX_XLSX_RATIO = 50
MAX_MEMBERS = 2000
_HEAD = 64 * 1024


def recognise(path: Path) -> Format:
    """Tell the format of `path` from its first bytes.

    Raises:
        NotFound: no such file.
        BadInput: empty, unreadable, or no format we read.
        TooLarge: over a stated bound, packed or unpacked.
    """
    head = _head(path)
    if head.startswith(b"PK"):
        return _recognise_zip(path)
    for magic, form in _MAGIC:
        if head.startswith(magic):
            return _with_its_suffix(path, form)
    if head[4:13] == b"\x0a\x09OSMHeader"[:9] or b"OSMHeader" in head[:32]:
        return Format.OSM_PBF
    return _recognise_text(path, head)


_MAGIC = (
    (b"SQLite format 3\x00", Format.GEOPACKAGE),
    (b"fgb\x03", Format.FLATGEOBUF),
    (b"PAR1", Format.PARQUET),
    (b"\x00\x00\x27\x0a", Format.SHAPEFILE),
)


def _with_its_suffix(path: Path, form: Format) -> Format:
    """The index of a shapefile (.shx) starts like the shapefile itself."""
    if form == Format.SHAPEFILE and path.suffix.lower() != ".shp":
        raise BadInput(f"{path.name} is a part of a shapefile; name its .shp file")
    return form


def _head(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder; name a file: {READABLE}", path=str(path))
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is not a plain file", path=str(path))
        if path.stat().st_size > MAX_FILE:
            raise TooLarge(f"{path.name} is larger than {MAX_FILE // MIB:,} MiB", path=str(path))
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", path=str(path)) from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
    if not head:
        raise BadInput(f"{path.name} is empty", path=str(path))
    return head


def _recognise_text(path: Path, head: bytes) -> Format:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise BadInput(f"{path.name} is UTF-16 text; save it as UTF-8 and import again")
    if b"\x00" in head:
        raise BadInput(f"{path.name} is none of the formats read here: {READABLE}")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if text[:1] == b"{":
        return _recognise_object(path, text)
    if text[:1] == b"[":
        return Format.JSON_TABLE if _small_json(path) else Format.GEOJSON
    if text[:1] == b"<":
        raise BadInput(
            f"{path.name} holds XML (perhaps a VRT, KML or GML), which is not read here: {READABLE}"
        )
    return Format.CSV


def _recognise_object(path: Path, text: bytes) -> Format:
    """A line that is a whole Feature, followed by more, is a sequence; else one document."""
    if path.suffix.lower() in {".geojsonl", ".geojsons", ".jsonl", ".ndjson"}:
        return Format.GEOJSONSEQ
    _small_json(path)
    first, _, rest = text.partition(b"\n")
    is_sequence = first.rstrip().endswith(b"}") and rest.lstrip(b" \r\n\x1e")[:1] == b"{"
    return Format.GEOJSONSEQ if is_sequence else Format.GEOJSON


def _small_json(path: Path) -> bool:
    if path.stat().st_size > MAX_JSON:
        raise TooLarge(
            f"{path.name} is larger than {MAX_JSON // MIB:,} MiB of JSON; "
            "convert it to GeoPackage, FlatGeobuf or GeoJSONSeq"
        )
    return True


# Zip and xlsx


def _recognise_zip(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise BadInput(f"{path.name} is a broken zip file: {error}") from error
    _refuse_bomb(path, members)
    names = {member.filename.lower() for member in members}
    if "[content_types].xml" in names and any(name.startswith("xl/") for name in names):
        _check_xlsx(path, members)
        return Format.XLSX
    if any(name.endswith(".shp") for name in names):
        return Format.ZIPPED_SHAPEFILE
    raise BadInput(
        f"{path.name} is a zip without a shapefile in it; it holds "
        f"{', '.join(sorted(names)[:5]) or 'nothing'}"
    )


def _refuse_bomb(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise TooLarge(f"{path.name} holds {len(members):,} files; at most {MAX_MEMBERS:,}")
    if any(member.flag_bits & 1 for member in members):
        raise BadInput(f"{path.name} is encrypted; unpack it and import what is in it")
    unpacked = sum(member.file_size for member in members)
    if unpacked > 16 * MIB and unpacked > MAX_RATIO * path.stat().st_size:
        raise TooLarge(
            f"{path.name} unpacks {unpacked // path.stat().st_size:,} fold, "
            "which looks like a zip bomb"
        )
    if unpacked > MAX_UNPACKED:
        raise TooLarge(
            f"{path.name} unpacks to {unpacked // MIB:,} MiB; at most {MAX_UNPACKED // MIB:,}"
        )


def _check_xlsx(path: Path, members: list[zipfile.ZipInfo]) -> None:
    parts = [m for m in members if m.filename.lower().endswith((".xml", ".rels"))]
    for part in parts:
        _refuse_large_part(path, part)
    try:
        with zipfile.ZipFile(path) as archive:
            for part in parts:
                with archive.open(part) as file:
                    _refuse_entities(path, part, file.read(_HEAD))
    except (zipfile.BadZipFile, NotImplementedError, zlib.error) as error:
        raise BadInput(f"{path.name} is a broken workbook: {error}") from error


def _refuse_large_part(path: Path, part: zipfile.ZipInfo) -> None:
    """Sheets are streamed, text is held, and all else is parsed as a whole."""
    name = part.filename.lower()
    limit = MAX_XLSX_PART
    if "/worksheets/" in name:
        limit = MAX_XLSX_SHEET
    elif name.endswith("xl/sharedstrings.xml"):
        limit = MAX_XLSX_STRINGS
    if part.file_size > limit:
        raise TooLarge(
            f"{path.name}: {part.filename} unpacks to {part.file_size // MIB:,} MiB, "
            f"at most {limit // MIB:,}; save the sheet as CSV and import that"
        )
    if part.file_size > 8 * MIB and part.file_size > MAX_XLSX_RATIO * max(part.compress_size, 1):
        raise TooLarge(
            f"{path.name}: {part.filename} unpacks {part.file_size // part.compress_size:,} fold, "
            "which looks like a bomb; save the sheet as CSV and import that"
        )


def _refuse_entities(path: Path, part: zipfile.ZipInfo, head: bytes) -> None:
    """A document type stands before the first element, which must begin early, in UTF-8."""
    element = re.search(rb"<[A-Za-z_]", head)
    if b"\0" in head[:64] or (element is None and part.file_size):
        raise BadInput(f"{path.name}: {part.filename} is no plain XML of a workbook")
    if element and b"<!DOCTYPE" in head[: element.start()].upper():
        raise BadInput(f"{path.name}: {part.filename} declares XML entities")
    told = re.search(rb'PartName="([^"]+)"[^>]*sharedStrings\+xml', head)
    told = told or re.search(rb'sharedStrings\+xml"[^>]*PartName="([^"]+)"', head)
    if told and told[1].lower() != b"/xl/sharedstrings.xml":
        raise BadInput(f"{path.name} keeps its shared text in an odd place, {told[1]!r}")


# What will be written


def check_errors_path(path: Path | None) -> None:
    """Refuse an errors file that could not be written later.

    Raises:
        BadInput: wrong suffix, or no such folder.
    """
    if path is None:
        return
    if path.suffix.lower() not in {".xlsx", ".csv"}:
        raise BadInput(f"--errors {path}: write .xlsx or .csv")
    if not path.parent.is_dir():
        raise BadInput(f"--errors {path}: there is no folder {path.parent}")
