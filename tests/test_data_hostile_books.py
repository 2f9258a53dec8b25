"""Hostile workbooks and zips: bombs, entities, links out of the folder, parts cut off."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import hostile
import openpyxl
import pytest
from hostile import SECRET, saved

FILES = hostile.Files()


@FILES.hostile("zip bomb")
def zip_bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cells.shp", bytes(300 << 20))
    return folder / "bomb.zip"


@FILES.hostile("at most 2,048 MiB|zip bomb")
def zip_of_many(folder: Path) -> Path:
    zeros = bytes(15 << 20)
    with zipfile.ZipFile(folder / "many.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"{number}.shp", zeros)
    return folder / "many.zip"


@FILES.hostile("cannot be read as|holds|no layer")
def zip_traversal(folder: Path) -> Path:
    saved(folder, "secret.dbf", SECRET.encode())
    with zipfile.ZipFile(folder / "up.zip", "w") as archive:
        archive.writestr("../../../../etc/passwd.shp", b"\x00\x00\x27\x0a" + bytes(96))
        link = zipfile.ZipInfo("cells.shp")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(folder / "secret.dbf"))
    return folder / "up.zip"


@FILES.hostile("encrypted|password")
def zip_encrypted(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("cells.shp", b"\x00\x00\x27\x0a" + bytes(96))
        archive.writestr("cells.dbf", b"\x03" + bytes(64))
    content = bytearray((folder / "a.zip").read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content[place + at] |= 1
            place = content.find(signature, place + 1)
    return saved(folder, "encrypted.zip", bytes(content))


@FILES.hostile("broken zip")
def zip_truncated(folder: Path) -> Path:
    path = zip_traversal(folder)
    return saved(folder, "cut.zip", path.read_bytes()[:-40])


# Workbooks


def workbook(folder: Path, **parts: bytes) -> Path:
    """A small real workbook of which some parts are replaced."""
    book = openpyxl.Workbook()
    book.active.append(["code", "name", "wkt"])
    book.active.append(["A1", "one", "POINT (114 30)"])
    whole = io.BytesIO()
    book.save(whole)
    with (
        zipfile.ZipFile(whole) as old,
        zipfile.ZipFile(folder / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name.rpartition("/")[2].partition(".")[0], old.read(name)))
        for name, part in parts.items():
            new.writestr(f"xl/{name}.xml", part)
    return folder / "book.xlsx"


_SHEET = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
_STRINGS = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
_CELL = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>'


@FILES.hostile("bomb|sharedStrings.xml")
def xlsx_shared_strings(folder: Path) -> Path:
    return workbook(folder, sharedStrings=_STRINGS % (b"<si><t>a</t></si>" * 5_000_000))


@FILES.hostile("bomb|sharedStrings.xml")
def xlsx_shared_strings_below_the_size(folder: Path) -> Path:
    return workbook(folder, sharedStrings=_STRINGS % (b"<si><t>a</t></si>" * 3_000_000))


@FILES.hostile("bomb")
def xlsx_huge_sheet(folder: Path) -> Path:
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row>' * 26_000
    return workbook(folder, sheet1=_SHEET % (rows * 500))


@FILES.hostile("bomb")
def xlsx_styles(folder: Path) -> Path:
    return workbook(folder, styles=b"<styleSheet>" + b"<font><b/></font>" * 1_000_000)


@FILES.hostile("column|header")
def xlsx_far_away_cell(folder: Path) -> Path:
    row = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return workbook(folder, sheet1=_SHEET % (row + far))


@FILES.hostile("no column for|cells need outlines|no header|coordinate")
def xlsx_wide_rows(folder: Path) -> Path:
    rows = b"".join(
        b'<row r="%d"><c r="XFD%d"><v>1</v></c></row>' % (n, n) for n in range(1, 20_000)
    )
    return workbook(folder, sheet1=_SHEET % rows)


_LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "lol">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
) + b"]>"  # fmt: skip


@FILES.hostile("XML entities")
def xlsx_entities(folder: Path) -> Path:
    strings = b'<?xml version="1.0"?>' + _LAUGHS + b"<sst><si><t>&j;</t></si></sst>"
    return workbook(folder, sharedStrings=strings)


@FILES.hostile("no plain XML")
def xlsx_entities_behind_a_comment(folder: Path) -> Path:
    padding = b"<!--" + b"x" * 200_000 + b"-->"
    strings = b'<?xml version="1.0"?>' + padding + _LAUGHS + b"<sst><si><t>&j;</t></si></sst>"
    return workbook(folder, sharedStrings=strings)


@FILES.hostile("UTF-16|XML")
def xlsx_entities_in_utf16(folder: Path) -> Path:
    strings = '<?xml version="1.0" encoding="UTF-16"?>' + _LAUGHS.decode() + "<sst/>"
    return workbook(folder, sharedStrings=strings.encode("utf-16"))


@FILES.hostile("workbook|zip")
def xlsx_truncated(folder: Path) -> Path:
    return saved(folder, "cut.xlsx", workbook(folder).read_bytes()[:3000])


@FILES.hostile("workbook")
def xlsx_broken_inside(folder: Path) -> Path:
    return workbook(folder, workbook=b"<workbook><sheets>")


@FILES.hostile("workbook|cannot be read")
def xlsx_broken_sheet(folder: Path) -> Path:
    return workbook(folder, sheet1=_SHEET % b"<row><c><v>1</row>")


@FILES.hostile("no column holds coordinates")
def xlsx_formulae(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.append(["code", "name"])
    book.active.append(['=HYPERLINK("http://x")', "=1+1"])
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


@pytest.mark.parametrize("name", FILES)
def test_is_refused_in_words_cheaply_and_before_a_store_is_started(
    name: str, tmp_path: Path
) -> None:
    hostile.is_refused(*FILES[name], tmp_path)
