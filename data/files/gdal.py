"""Map files through GDAL, each opened by the one driver its content calls for."""

from __future__ import annotations

import codecs
import os
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj

from data.files.guard import MIB, Format
from data.files.sheet import Sheet, as_text
from gis import coordinates, rows
from gis.errors import BadInput, TooLarge
from gis.rows import Field
from gis.terms import Datum

# Drivers that follow what a file says to other files, or to the network, are never registered.
os.environ.setdefault(
    "OGR_SKIP",
    "OGR_VRT,GDALG,WFS,OAPIF,CSW,HTTP,Elasticsearch,Carto,AmigoCloud,PLSCENES,NGW,ADBC,GPSBabel,"
    "OGCAPI,EEDA,ESRIJSON,TopoJSON,MapML",
)
import pyogrio  # reads OGR_SKIP when it is imported

MAX_FEATURES = 20_000_000
MAX_VALUES = 500_000_000
_DBF_SAMPLE = 64 * MIB
_CONFIG = {"OGR_GEOMETRY_ACCEPT_UNCLOSED_RING": "NO", "OGR_GEOJSON_MAX_OBJ_SIZE": "64"}


def read(
    path: Path,
    form: Format,
    *,
    layer: str | None,
    encoding: str | None,
    fields: tuple[Field, ...] = (),
) -> Sheet:
    """Read every feature of a map file: attributes as text, geometry as it stands.

    Names of a shapefile that were cut are completed where only one of `fields` begins so.

    Raises:
        BadInput: in words, with what GDAL said.
        TooLarge: over the bound on features.
    """
    source = _source(path, form, layer)
    notes: list[str] = []
    is_shapefile = form in {Format.SHAPEFILE, Format.ZIPPED_SHAPEFILE}
    if is_shapefile and encoding is None:
        encoding = _dbf_encoding(path, form)
        notes += [f"attribute text read as {encoding.upper()}"] if encoding else []
    meta, wkb, columns = _read(source, path, form, layer, encoding)
    shapes = _shapes(path, wkb)
    frame = _frame(meta["fields"], columns, len(wkb))
    if is_shapefile:
        whole = rows.whole_names(list(frame.columns), fields)
        frame = frame.rename(columns=whole)
        notes += [f"names cut short: {cut} taken as {name}" for cut, name in whole.items()]
    crs = _crs(path, form, meta["crs"])
    return Sheet(frame, str(form), shapes=shapes, crs=crs, notes=notes)


_DATUM = re.compile(rb'\s*\{"type":"Feature(?:Collection)?","datum":"(gcj02|bd09)"')


def _crs(path: Path, form: Format, named: str | None) -> pyproj.CRS | None:
    """The system that a file names; GeoJSON of our own names a shifted datum as a member."""
    if form in {Format.GEOJSON, Format.GEOJSONSEQ}:
        with path.open("rb") as file:
            told = _DATUM.match(file.read(200))
        if told:
            return coordinates.system_of(Datum(told[1].decode()))
    return pyproj.CRS.from_user_input(named) if named else None


def _source(path: Path, form: Format, layer: str | None) -> str:
    absolute = path.resolve()
    if form == Format.ZIPPED_SHAPEFILE:
        return _in_zip(path, layer)
    if form in {Format.GEOJSON, Format.GEOJSONSEQ}:
        return f"{form}:{absolute}"
    return str(absolute)


def _in_zip(path: Path, layer: str | None) -> str:
    """Name the shapefile in a zip, in whatever folder it lies there."""
    inside = pyogrio.vsi_listtree(f"/vsizip/{{{path.resolve()}}}")
    shapefiles = [one for one in inside if one.lower().endswith(".shp")]
    found = {Path(one).stem: one for one in shapefiles if not Path(one).name.startswith("._")}
    if layer is None and len(found) > 1:
        raise _several(path, list(found))
    if not found or (layer is not None and layer not in found):
        raise BadInput(f"{path.name} holds no shapefile {layer or ''}; it has {', '.join(inside)}")
    return str(found[layer or next(iter(found))])


def _several(path: Path, names: list[str]) -> BadInput:
    return BadInput(
        f"{path.name} holds {len(names)} layers; choose one with --layer: {', '.join(names[:20])}",
        choices=names,
    )


def _read(
    source: str, path: Path, form: Format, layer: str | None, encoding: str | None
) -> tuple[dict[str, Any], Any, list[Any]]:
    pyogrio.set_gdal_config_options(_CONFIG)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks; what matters is refused row by row
            layer = layer or _only_layer(source, path)
            as_bytes, encoding = _names_cut(source, form, layer, encoding)
            info = pyogrio.read_info(source, layer=layer, encoding=encoding)
            _check_driver(path, info["driver"], form)
            _refuse_too_many(path, info)
            meta, _, wkb, columns = pyogrio.raw.read(
                source, layer=layer, encoding=encoding, force_2d=True, datetime_as_string=True
            )
            if as_bytes:
                _decode(meta, columns, as_bytes)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path.name}: its text is not {error.encoding} (byte {error.object[error.start]:#x}); "
            "name the encoding with --encoding"
        ) from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise BadInput(f"{path.name} cannot be read as {form}: {_first_line(error)}") from error
    if wkb is None:
        raise BadInput(f"{path.name}: layer {layer!r} has no geometry")
    return meta, wkb, columns


def _names_cut(
    source: str, form: Format, layer: str, encoding: str | None
) -> tuple[str | None, str | None]:
    """Tell the encoding to decode by ourselves, if any, and the one for GDAL to read with.

    A DBF cuts names at ten bytes, also amid a character; GDAL's reader stumbles over the rest.
    """
    if form not in {Format.SHAPEFILE, Format.ZIPPED_SHAPEFILE}:
        return None, encoding
    try:
        pyogrio.read_info(source, layer=layer, encoding=encoding)
    except UnicodeDecodeError as error:
        return encoding or error.encoding, "ISO-8859-1"
    return None, encoding


def _decode(meta: dict[str, Any], columns: list[Any], encoding: str) -> None:
    """Decode names and text that were read as bytes; a character cut at the end goes."""

    def decoded(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return codecs.getincrementaldecoder(encoding)().decode(value.encode("ISO-8859-1"))

    names = [decoded(str(name)) for name in meta["fields"]]
    meta["fields"] = [
        name if name not in names[:place] else f"{name} ({place + 1})"
        for place, name in enumerate(names)
    ]
    for place, column in enumerate(columns):
        if column.dtype == object:
            columns[place] = np.array([decoded(value) for value in column], dtype=object)


def _refuse_too_many(path: Path, info: dict[str, Any]) -> None:
    """Every value takes memory before it is read: a header that lies is not believed."""
    features, fields = info["features"], len(info["fields"])
    if features > MAX_FEATURES:
        raise TooLarge(f"{path.name} holds {features:,} features; at most {MAX_FEATURES:,}")
    if features * 4 > _unpacked(path):
        raise BadInput(f"{path.name} claims {features:,} features, which it has no room for")
    if features * fields > MAX_VALUES:
        raise TooLarge(
            f"{path.name} holds {features:,} features of {fields:,} fields, "
            f"at most {MAX_VALUES:,} values in all"
        )


def _unpacked(path: Path) -> int:
    if not zipfile.is_zipfile(path):
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def _first_line(error: Exception) -> str:
    return str(error).replace(str(Path.cwd()), ".").partition("\n")[0][:300]


def _only_layer(source: str, path: Path) -> str:
    names = [str(name) for name, _ in pyogrio.list_layers(source)]
    if not names:
        raise BadInput(f"{path.name} holds no layer")
    if len(names) > 1:
        raise _several(path, names)
    return names[0]


def _check_driver(path: Path, driver: str, form: Format) -> None:
    expected = {Format.ZIPPED_SHAPEFILE: "ESRI Shapefile"}.get(form, str(form))
    if driver != expected:
        raise BadInput(f"{path.name} looks like {form} but opens as {driver}")


def _shapes(path: Path, wkb: Any) -> Any:
    import shapely

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    return np.asarray(shapes, dtype=object)


def _frame(names: Any, columns: list[Any], count: int) -> pd.DataFrame:
    series = {
        str(name): as_text(pd.Series(column)) for name, column in zip(names, columns, strict=True)
    }
    frame = pd.DataFrame(series, index=pd.RangeIndex(count))
    frame.index = pd.RangeIndex(1, count + 1)
    return frame


# DBF text


def _dbf_encoding(path: Path, form: Format) -> str | None:
    """Tell the text encoding of a shapefile that does not say: GB18030 when not UTF-8.

    A .cpg file or the language byte of the DBF says it; GDAL then knows.
    """
    if form == Format.ZIPPED_SHAPEFILE:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(name.lower().endswith(".cpg") for name in names):
                return None
            dbf = next((name for name in names if name.lower().endswith(".dbf")), None)
            content = archive.open(dbf).read(_DBF_SAMPLE) if dbf else b""
    else:
        beside = {other.suffix.lower(): other for other in path.parent.glob(f"{path.stem}.*")}
        if ".cpg" in beside or ".dbf" not in beside:
            return None
        with beside[".dbf"].open("rb") as file:
            content = file.read(_DBF_SAMPLE)
    if len(content) < 30 or content[29]:
        return None
    return _text_encoding(content)


def _text_encoding(content: bytes) -> str | None:
    """The encoding that all names and the rows decode in; names may be cut amid a character."""
    start = int.from_bytes(content[8:10], "little")
    texts = [content[at : at + 11].partition(b"\0")[0] for at in range(32, start - 32, 32)]
    for name in ("utf-8", "gb18030"):
        try:
            for text in (*texts, content[start:]):
                codecs.getincrementaldecoder(name)().decode(text)
            return name
        except UnicodeDecodeError:
            continue
    return None
