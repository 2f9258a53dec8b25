"""照片: what a photograph is by its bytes, before any decoder is asked, and what its camera tells.

Nothing here trusts a name or a declared type. Width, height and the number of passes are read from
the headers, so that a file which unpacks to more than a photograph is never unpacked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from gis.errors import BadInput, TooLarge

MIB = 1024 * 1024
MAX_BYTES = 15 * MIB
MOST = 12
"""So many photographs has a case at most."""
LONGEST, THUMBNAIL = 2048, 320
"""The longer side in pixels, of a photograph as it is kept and of its thumbnail."""
FAR_M = 200
"""A photograph taken farther from the reported place is told."""


class Form(StrEnum):
    """The kinds of picture that are taken."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"


MAX_PIXELS = {Form.JPEG: 52_000_000, Form.PNG: 25_000_000, Form.WEBP: 25_000_000}
"""What cameras make. Other pictures than JPEG are screenshots, and take more memory a pixel."""
MAX_PASSES, MAX_SEGMENTS = 32, 1_000
"""A JPEG may come in passes, each over the whole picture: ten are usual, a bomb has thousands."""


@dataclass(frozen=True)
class Head:
    """What the headers of a picture declare."""

    form: Form
    width: int
    height: int


def head(content: bytes) -> Head:
    """Read what a file is, and how large it would be.

    Raises:
        BadInput: it is no photograph that is taken here, or its headers are broken.
        TooLarge: in bytes, pixels or passes.
    """
    if len(content) > MAX_BYTES:
        raise TooLarge(f"a photograph has at most {MAX_BYTES // MIB} MiB; this one has more")
    form = _form(content)
    width, height = _SIZES[form](content)
    if width < 1 or height < 1:
        raise BadInput(f"the {form} does not say how large it is; it is broken")
    if width * height > MAX_PIXELS[form]:
        raise TooLarge(
            f"the {form} is of {width:,} × {height:,} pixels; at most "
            f"{MAX_PIXELS[form] // 1_000_000} million are taken"
        )
    return Head(form, width, height)


_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_OTHERS = {
    b"GIF8": "a GIF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"BM": "a BMP",
    b"%PDF": "a PDF",
}


def _form(content: bytes) -> Form:
    if content.startswith(b"\xff\xd8\xff"):
        return Form.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Form.PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Form.WEBP
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        raise BadInput(
            "this is a HEIC photograph, which browsers do not show; let the telephone save it as "
            "JPEG (设置 → 相机 → 格式 → 兼容性最佳)"
        )
    what = next((name for begins, name in _OTHERS.items() if content.startswith(begins)), None)
    told = f"this is {what}" if what else "this is no photograph"
    raise BadInput(f"{told}; JPEG, PNG and WebP are taken")


_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""What begins a segment: within picture data, FF is followed by 00 or a restart."""
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Walk the segments to the end of the first picture; others may follow, unread."""
    size, passes, segments, at = (0, 0), 0, 0, 2
    while found := _MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        if marker == _END:
            break
        if marker in _FRAMES and size == (0, 0):
            size = _number(content[at + 5 : at + 7]), _number(content[at + 3 : at + 5])
        passes += marker == _SCAN
        segments += 1
        if passes > MAX_PASSES or segments > MAX_SEGMENTS:
            raise TooLarge("the JPEG comes in more passes than any camera makes")
        at += _number(content[at : at + 2])
    return size


def _png_size(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR":
        return 0, 0
    return _number(content[16:20]), _number(content[20:24])


def _webp_size(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return _small(content[24:27]) + 1, _small(content[27:30]) + 1
    if kind == b"VP8L":
        bits = _small(content[21:25])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        return _small(content[26:28]) & 0x3FFF, _small(content[28:30]) & 0x3FFF
    return 0, 0


def _number(some: bytes) -> int:
    return int.from_bytes(some, "big")


def _small(some: bytes) -> int:
    return int.from_bytes(some, "little")


_SIZES = {Form.JPEG: _jpeg_size, Form.PNG: _png_size, Form.WEBP: _webp_size}


# What the camera tells


def position(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Read longitude and latitude (WGS-84 degrees) from the GPS part of EXIF; None without."""
    try:
        lat = _degrees(gps[2]) * {"N": 1, "S": -1}[str(gps[1]).strip("\0 ").upper()]
        lon = _degrees(gps[4]) * {"E": 1, "W": -1}[str(gps[3]).strip("\0 ").upper()]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    known = abs(lon) <= 180 and abs(lat) <= 90 and (lon, lat) != (0, 0)  # NaN is not known
    return (lon, lat) if known else None


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    if not all(map(math.isfinite, (degrees, minutes, seconds))):
        raise ValueError
    return degrees + minutes / 60 + seconds / 3600


def moment(told: object, offset: object, *, zone: tzinfo) -> datetime | None:
    """Read when EXIF says a photograph was taken; without an offset it is local time of `zone`.

    None where it says nothing, or a year in which no telephone took it.
    """
    day, hours = (str(text).strip("\0 ") for text in (told, offset))
    for text, form in ((day + hours, "%Y:%m:%d %H:%M:%S%z"), (day, "%Y:%m:%d %H:%M:%S")):
        try:
            at = datetime.strptime(text, form)
        except ValueError:
            continue
        if 1990 <= at.year < 2100:
            return at if at.tzinfo else at.replace(tzinfo=zone)
    return None
