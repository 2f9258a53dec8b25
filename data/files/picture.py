"""A photograph made safe to keep: decoded within bounds, turned upright, written anew.

What is kept is a JPEG of pixels in sRGB and nothing else: no EXIF, no comment, no profile, no
second picture, nothing that stood behind the end of the file.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from PIL import Image, ImageCms

import gis.photos
from gis.errors import BadInput, Unavailable
from gis.photos import LONGEST, THUMBNAIL

QUALITY, THUMBNAIL_QUALITY = 82, 75
MAX_PROFILE = 1024 * 1024
Image.MAX_IMAGE_PIXELS = None  # gis.photos.head has bounded them before a decoder is asked

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned, by its EXIF orientation."""
_decoding = threading.Lock()
_places = threading.BoundedSemaphore(16)
"""A picture takes a few hundred MB while it is decoded: one at a time, and so many wait for it."""


@dataclass(frozen=True)
class Picture:
    """A photograph as it is kept: two JPEGs, and when and where (lon, lat WGS-84) it was taken."""

    image: bytes
    thumbnail: bytes
    width: int
    height: int
    taken_at: datetime | None
    taken: tuple[float, float] | None

    @property
    def digest(self) -> bytes:
        """What the same photograph is known by."""
        return hashlib.sha256(self.image).digest()


def read(content: bytes, *, zone: tzinfo) -> Picture:
    """Read a photograph that anybody sent; its times without an offset are local times of `zone`.

    Raises:
        BadInput, TooLarge: in words, with what it is instead or which bound it is over.
        Unavailable: many others wait already.
    """
    form = gis.photos.head(content).form
    with _turn(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks about metadata, which is not kept
        try:
            with Image.open(io.BytesIO(content), formats=[form]) as opened:
                opened.draft(None, (LONGEST, LONGEST))
                opened.load()
                told = _told(opened)
                small = _within(opened, LONGEST)
                upright = _upright(_in_srgb(_flat(small)), told.get(_ORIENTATION))
        except Exception as error:  # a decoder raises whatever a broken file makes it stumble on
            raise BadInput(f"the {form} cannot be read: {_said(error)}") from error
    return Picture(
        _jpeg(upright, QUALITY),
        _jpeg(_within(upright, THUMBNAIL), THUMBNAIL_QUALITY),
        *upright.size,
        taken_at=gis.photos.moment(told.get(_TAKEN_AT), told.get(_OFFSET), zone=zone),
        taken=gis.photos.position(told.get(_GPS, {})),
    )


@contextmanager
def _turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Unavailable("many photographs come in just now; try again in a moment")
    try:
        with _decoding:
            yield
    finally:
        _places.release()


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__


# What the camera tells

_ORIENTATION, _EXIF, _GPS = 0x0112, 0x8769, 0x8825
_TAKEN_AT, _OFFSET = 0x9003, 0x9011


def _told(image: Image.Image) -> dict[int, Any]:
    """The parts of EXIF that we ask for; a broken EXIF tells nothing."""
    try:
        exif = image.getexif()
        within = exif.get_ifd(_EXIF)
        return {
            _ORIENTATION: exif.get(_ORIENTATION),
            _TAKEN_AT: within.get(_TAKEN_AT),
            _OFFSET: within.get(_OFFSET),
            _GPS: dict(exif.get_ifd(_GPS)),
        }
    except Exception:
        return {}


# The pixels


def _within(image: Image.Image, longest: int) -> Image.Image:
    """A copy whose longer side is at most so long."""
    scale = min(1.0, longest / max(image.size))
    if scale == 1:
        return image.copy()
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return _eight_bits(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Modes that can be resampled: no palette, no 16 bits, no single bits."""
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in {"P", "PA"} or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L") if image.mode == "1" else image


def _flat(image: Image.Image) -> Image.Image:
    """Transparent pixels on white."""
    image = _eight_bits(image)
    if not image.has_transparency_data:
        return image
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    flat = white.convert("RGB")
    flat.info = image.info
    return flat


def _in_srgb(image: Image.Image) -> Image.Image:
    """Colours as every screen shows them; a profile that does not fit is passed over."""
    profile = image.info.get("icc_profile")
    if profile and len(profile) <= MAX_PROFILE:
        try:
            of_camera = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            shown = ImageCms.profileToProfile(image, of_camera, srgb, outputMode="RGB")
            assert shown is not None
            return shown
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return image.convert("RGB")


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.info = {}  # the writer would take a comment along
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()
