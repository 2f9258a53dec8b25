"""Files of another city's GeoReport: read whole, JSON or XML, and the classes of their cases."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

import defusedxml
import pandas as pd
import sqlalchemy as sa
from defusedxml import ElementTree
from sqlalchemy.orm import Session

import data.files.read
from data.files.sheet import Sheet
from gis.errors import BadInput, NotFound, TooLarge
from gis.open311 import read_service
from gis.terms import RecordKind

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_FILES = 10_000
MOST_XML = 256 * 1024 * 1024
MOST_CLASSES = 1024 * 1024
_WORDS = Path(__file__).parent / "open311_words.csv"
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def check_source(source: str) -> str:
    """Refuse a name of a city that cannot begin the code of a case.

    Raises:
        BadInput: it is none.
    """
    if not _SOURCE.fullmatch(source):
        raise BadInput(f"--source {source!r}: name the other city in letters, as boston.gov")
    return source


def read(path: Path) -> Sheet:
    """Read a file of requests, or all of a folder in the order of their names, as one sheet.

    Rows are counted through all files; a note says which are whose.

    Raises:
        NotFound, BadInput, TooLarge: in words.
    """
    paths = [path]
    if path.is_dir():
        paths = sorted(one for one in path.iterdir() if one.suffix.lower() in {".json", ".xml"})
    if not paths:
        raise NotFound(f"{path.name} holds no .json and no .xml file")
    if len(paths) > MOST_FILES:
        raise TooLarge(f"{path.name} holds {len(paths):,} files; at most {MOST_FILES:,}")
    frames = [_read(one) for one in paths]
    notes, first = [], 1
    for one, frame in zip(paths, frames, strict=True):
        if len(paths) > 1:
            notes.append(f"rows {first:,} to {first + len(frame) - 1:,} are of {one.name}")
        first += len(frame)
    whole = pd.concat(frames, ignore_index=True)
    whole.index = pd.RangeIndex(1, len(whole) + 1)
    return Sheet(whole, "GeoReport", notes=notes)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise NotFound(f"there is no file {path.name}")
    if path.suffix.lower() != ".xml":
        return data.files.read.read(path, RecordKind.CASES).frame
    if path.stat().st_size > MOST_XML:
        raise TooLarge(f"{path.name} is larger than {MOST_XML // 2**20} MiB")
    try:
        top = ElementTree.parse(path, forbid_dtd=True).getroot()
    except (ElementTree.ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        raise BadInput(f"{path.name} is not valid XML: {type(error).__name__}") from error
    if top is None or _name(top) != "service_requests":
        raise BadInput(f"{path.name}: the root of GeoReport's requests is service_requests")
    rows = [{_name(one): (one.text or "").strip() or None for one in row} for row in top]
    if not rows:
        raise BadInput(f"{path.name} holds no request")
    return pd.DataFrame(rows).astype("str")


def _name(element: Element) -> str:
    """The name of an element, whatever namespace a server writes it in."""
    return str(element.tag).rpartition("}")[2]


def read_classes(path: Path) -> dict[str, str]:
    """Read which class each service is, by its code and by its name: columns of `PROPOSAL`.

    Raises:
        NotFound, BadInput: no such file, no such columns, a class that is none.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path.name}")
    if path.stat().st_size > MOST_CLASSES:
        raise TooLarge(f"{path.name} is larger than {MOST_CLASSES // 2**20} MiB")
    try:
        lines = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path.name} is no CSV in UTF-8") from error
    if not lines or not {"service_code", "class"} <= set(lines[0]):
        raise BadInput(f"{path.name}: columns service_code and class are needed")
    told: dict[str, str] = {}
    for line in lines:
        if not (line["class"] or "").strip():
            continue
        kind, code = read_service(line["class"])
        for name in (line["service_code"], line.get("service_name")):
            if name and name.strip():
                told.setdefault(name.strip(), f"{kind}-{code}")
    return told


def words() -> list[tuple[str, str]]:
    """Words of services elsewhere and the public class each usually is."""
    with _WORDS.open(encoding="utf-8", newline="") as file:
        return [(row["words"], row["class"]) for row in csv.DictReader(file)]


def catalogue(db: Session) -> dict[str, str]:
    """Service code → name of every class here."""
    rows = db.execute(
        sa.text("SELECT kind || '-' || code AS code, name FROM case_class ORDER BY id DESC")
    )
    return {row.code: row.name for row in rows}
