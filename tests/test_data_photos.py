"""Photographs made safe to keep: what is taken, what is stripped, what hostile files come to."""

from __future__ import annotations

import io
import random
import struct
import threading
import tracemalloc
import zlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageCms, PngImagePlugin

import gis.photos
from data.files import picture
from gis.errors import BadInput, TooLarge, Unavailable, WanggeError
from gis.photos import Form

ZONE = ZoneInfo("Asia/Shanghai")
SECRET = b"13987654321"


def encoded(image: Image.Image, form: str = "JPEG", **said: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **said)
    return file.getvalue()


def quarters(width: int = 64, height: int = 32, mode: str = "RGB") -> Image.Image:
    """Red, green / blue, white."""
    image = Image.new("RGB", (width, height), "white")
    for colour, box in {
        (255, 0, 0): (0, 0, width // 2, height // 2),
        (0, 255, 0): (width // 2, 0, width, height // 2),
        (0, 0, 255): (0, height // 2, width // 2, height),
    }.items():
        image.paste(colour, box)
    return image.convert(mode)


def corners(content: bytes) -> str:
    """The colours of the four quarters, row by row."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w", (0, 0, 0): "k"}
    found = ""
    for y in (1, 3):
        for x in (1, 3):
            pixel = image.getpixel((image.width * x // 4, image.height * y // 4))
            assert isinstance(pixel, tuple)
            found += names.get(tuple(round(part / 255) for part in pixel), "?")  # type: ignore[arg-type]
    return found


def exif(**said: Any) -> Image.Exif:
    told = Image.Exif()
    told[0x010F], told[0x013B] = "Camera", SECRET.decode()
    if "orientation" in said:
        told[0x0112] = said["orientation"]
    within = told.get_ifd(0x8769)
    within[0x9003] = said.get("at", "2026:03:01 12:00:00")
    if "offset" in said:
        within[0x9011] = said["offset"]
    gps = told.get_ifd(0x8825)
    gps.update(said.get("gps", {1: "N", 2: (30.0, 30.0, 36.0), 3: "E", 4: (114.0, 15.0, 0.0)}))
    return told


def segments(jpeg: bytes) -> set[int]:
    """The kinds of segments before the picture data."""
    at, found = 2, set()
    while jpeg[at + 1] != 0xDA:
        found.add(jpeg[at + 1])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return found


# What is taken


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photograph_is_kept_as_a_jpeg_of_pixels_alone(form: str) -> None:
    image = quarters()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(image, form, exif=exif(), icc_profile=profile, quality=95)
    kept = picture.read(content + b"<script>" + SECRET, zone=ZONE)
    assert (kept.width, kept.height, corners(kept.image)) == (64, 32, "rgbw")
    assert kept.taken == pytest.approx((114.25, 30.51))
    assert kept.taken_at == datetime(2026, 3, 1, 4, tzinfo=UTC)
    for made in (kept.image, kept.thumbnail):
        assert Image.open(io.BytesIO(made)).format == "JPEG"
        assert segments(made) <= {0xE0, 0xDB, 0xC0, 0xC4}  # JFIF, tables, frame
        assert SECRET not in made
        assert b"script" not in made
    assert SECRET in content


def test_a_comment_and_text_of_the_file_do_not_stay() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", SECRET.decode())
    for content in (
        encoded(quarters(), comment=SECRET),
        encoded(quarters(), "PNG", pnginfo=told),
    ):
        assert SECRET in content
        assert SECRET not in picture.read(content, zone=ZONE).image


def test_the_longer_side_is_bounded_and_a_small_one_stays() -> None:
    tall = picture.read(encoded(quarters(3000, 6000)), zone=ZONE)
    assert (tall.width, tall.height, corners(tall.image)) == (1024, 2048, "rgbw")
    assert Image.open(io.BytesIO(tall.thumbnail)).size == (160, 320)
    dot = picture.read(encoded(Image.new("RGB", (1, 1), "red")), zone=ZONE)
    assert (dot.width, dot.height) == (1, 1)
    line = picture.read(encoded(Image.new("RGB", (20_000, 1), "red"), "PNG"), zone=ZONE)
    assert (line.width, line.height) == (2048, 1)
    assert Image.open(io.BytesIO(line.thumbnail)).size == (320, 1)


@pytest.mark.parametrize(
    ("orientation", "seen"),
    [(1, "rgbw"), (2, "grwb"), (3, "wbgr"), (4, "bwrg"), (5, "rbgw"), (6, "brwg"), (7, "wgbr"),
     (8, "gwrb"), (9, "rgbw")],
)  # fmt: skip
def test_it_is_turned_upright(orientation: int, seen: str) -> None:
    kept = picture.read(encoded(quarters(), exif=exif(orientation=orientation)), zone=ZONE)
    assert corners(kept.image) == seen
    assert (kept.width > kept.height) == (orientation not in {5, 6, 7, 8})


@pytest.mark.parametrize(
    ("image", "form"),
    [
        (quarters(mode="CMYK"), "JPEG"),
        (quarters(mode="P"), "PNG"),
        (quarters(mode="RGBA"), "PNG"),
        (quarters(mode="RGBA"), "WEBP"),
        (quarters(3000, 1500, mode="P"), "PNG"),
        (quarters(3000, 1500, mode="CMYK"), "JPEG"),
    ],
)
def test_every_way_of_writing_colours_comes_out_in_colours(image: Image.Image, form: str) -> None:
    assert corners(picture.read(encoded(image, form), zone=ZONE).image) == "rgbw"


def test_grey_of_16_bits_single_bits_and_see_through_pixels() -> None:
    ramp = np.repeat([[0x1000, 0xFF00], [0x8000, 0x0000]], 16, 0).repeat(16, 1).astype(np.uint16)
    kept = picture.read(encoded(Image.fromarray(ramp), "PNG"), zone=ZONE)
    told = np.asarray(Image.open(io.BytesIO(kept.image)).convert("L"))
    assert np.abs(told[8::16, 8::16].astype(int) - [[16, 255], [128, 0]]).max() < 6
    assert corners(picture.read(encoded(quarters(mode="1"), "PNG"), zone=ZONE).image)[3] == "w"
    hole = quarters(mode="RGBA")
    hole.paste((0, 0, 0, 0), (0, 0, 32, 16))
    assert corners(picture.read(encoded(hole, "PNG"), zone=ZONE).image) == "wgbw"
    grey = hole.convert("LA")
    assert corners(picture.read(encoded(grey, "PNG"), zone=ZONE).image)[0] == "w"


def test_a_wide_gamut_becomes_that_of_screens_and_a_broken_profile_is_passed_over() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile", lab):
        content = encoded(quarters(), icc_profile=profile)
        assert corners(picture.read(content, zone=ZONE).image) == "rgbw"
    swapped = Image.merge("RGB", quarters().split()[::-1])
    assert corners(encoded(swapped)) == "bgrw"
    content = encoded(swapped, icc_profile=_blue_is_red())
    assert corners(picture.read(content, zone=ZONE).image) == "rgbw"


def _blue_is_red() -> bytes:
    """The profile of sRGB with the colours of red and blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert {b"rXYZ", b"bXYZ"} <= {profile[at : at + 4] for at in range(132, 132 + 12 * 20, 12)}
    return profile.replace(b"rXYZ", b"~~~~").replace(b"bXYZ", b"rXYZ").replace(b"~~~~", b"bXYZ")


def test_of_a_moving_picture_the_first_one_is_kept() -> None:
    frames = [quarters(), Image.new("RGB", (64, 32), "black")]
    for form in ("PNG", "WEBP"):
        content = encoded(frames[0], form, save_all=True, append_images=frames[1:] * 5)
        assert corners(picture.read(content, zone=ZONE).image) == "rgbw"


def test_the_same_photograph_is_known_by_what_is_kept() -> None:
    one, other = quarters(), Image.new("RGB", (64, 32), "black")
    first = picture.read(encoded(one, exif=exif()), zone=ZONE)
    assert picture.read(encoded(one), zone=ZONE).digest == first.digest
    assert picture.read(encoded(other), zone=ZONE).digest != first.digest


# What the camera tells


@pytest.mark.parametrize(
    ("gps", "place"),
    [
        ({1: "S", 2: (30, 30, 0), 3: "W", 4: (114, 15, 36)}, (-114.26, -30.5)),
        ({1: "n\0", 2: (30.5, 0, 0), 3: " E", 4: (114.25, 0, 0)}, (114.25, 30.5)),
        ({1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)}, None),
        ({1: "N", 2: (91, 0, 0), 3: "E", 4: (114, 0, 0)}, None),
        ({1: "N", 2: (30, 0, float("nan")), 3: "E", 4: (114, 0, 0)}, None),
        ({1: "N", 2: (30, 0), 3: "E", 4: (114, 0, 0)}, None),
        ({1: "N", 2: 30.5, 3: "E", 4: (114, 0, 0)}, None),
        ({1: "?", 2: (30, 0, 0), 3: "E", 4: (114, 0, 0)}, None),
        ({2: (30, 0, 0), 4: (114, 0, 0)}, None),
        ({}, None),
    ],
)
def test_positions_are_read_or_are_none(
    gps: dict[int, Any], place: tuple[float, float] | None
) -> None:
    assert gis.photos.position(gps) == (place if place is None else pytest.approx(place))


@pytest.mark.parametrize(
    ("told", "offset", "at"),
    [
        ("2026:03:01 12:00:00", None, datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("2026:03:01 12:00:00\0", "+09:00", datetime(2026, 3, 1, 3, tzinfo=UTC)),
        ("2026:03:01 12:00:00", "?", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("0000:00:00 00:00:00", None, None),
        ("0001:01:01 00:00:00", None, None),
        ("yesterday", None, None),
        (None, None, None),
    ],
)
def test_moments_are_read_or_are_none(told: object, offset: object, at: datetime | None) -> None:
    assert gis.photos.moment(told, offset, zone=ZONE) == at


def test_a_broken_exif_tells_nothing_and_spoils_nothing() -> None:
    whole = exif().tobytes()
    for broken in (whole[:20], whole[:-30], b"Exif\0\0" + b"\xff" * 400, b"Exif\0\0"):
        kept = picture.read(encoded(quarters(), exif=broken), zone=ZONE)
        assert corners(kept.image) == "rgbw"
        assert kept.taken is None


# Hostile files


def png(width: int, height: int, pixels: bytes, *, bits: int = 8, more: bytes = b"") -> bytes:
    """A PNG that claims to be so large, grey."""
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + more + _chunk(b"IDAT", pixels) + (
        _chunk(b"IEND", b"")
    )  # fmt: skip


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def webp(kind: bytes, body: bytes) -> bytes:
    chunk = kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def claimed(width: int, height: int, form: Form) -> bytes:
    """A picture of a few bytes whose header claims a size."""
    if form is Form.JPEG:
        small = bytearray(encoded(quarters()))
        at = small.index(b"\xff\xc0")
        small[at + 5 : at + 9] = struct.pack(">HH", height, width)
        return bytes(small)
    if form is Form.PNG:
        return png(width, height, zlib.compress(b"\0" * 1000))
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\x02\0\0\0" + sides)


@pytest.mark.parametrize("form", list(Form))
def test_a_picture_that_would_unpack_to_more_is_never_unpacked(form: Form) -> None:
    bomb = claimed(16_000, 16_000, form)
    assert len(bomb) < 2_000
    with pytest.raises(TooLarge, match=r"is of 16,000 × 16,000 pixels; at most [25]"):
        picture.read(bomb, zone=ZONE)
    assert gis.photos.head(claimed(5_000, 5_000, form)).width == 5_000


def test_the_sizes_of_every_kind_of_webp_are_read() -> None:
    for said in ({"lossless": True}, {"quality": 50}, {"exif": exif()}):
        head = gis.photos.head(encoded(quarters(67, 33), "WEBP", **said))
        assert (head.width, head.height) == (67, 33)
    lossless = 0x2F.to_bytes(1, "little") + (16_382 | 16_382 << 14).to_bytes(4, "little")
    with pytest.raises(TooLarge, match="16,383 × 16,383"):
        picture.read(webp(b"VP8L", lossless), zone=ZONE)


def test_a_jpeg_in_thousands_of_passes_is_not_begun() -> None:
    slow = encoded(quarters(), progressive=True)
    at = slow.rindex(b"\xff\xda")
    last = slow[at:-2]
    with pytest.raises(TooLarge, match="more passes than any camera makes"):
        picture.read(slow[:-2] + last * 5_000 + b"\xff\xd9", zone=ZONE)
    with pytest.raises(TooLarge, match="more passes"):
        picture.read(b"\xff\xd8" + b"\xff\xfe\0\2" * 5_000 + slow[2:], zone=ZONE)
    assert corners(picture.read(slow, zone=ZONE).image) == "rgbw"


def test_compressed_remarks_do_not_unpack_without_end() -> None:
    pixels = zlib.compress(b"\0" + b"\xff" * 32)
    zeros = zlib.compress(b"\0" * 80_000_000)
    more = b"".join(_chunk(b"zTXt", b"k\0\0" + zeros) for _ in range(3))
    tracemalloc.start()
    with pytest.raises(BadInput, match="the PNG cannot be read"):
        picture.read(png(32, 1, pixels, more=more), zone=ZONE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000
    assert picture.read(png(32, 1, pixels), zone=ZONE).width == 32


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "this is no photograph"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "this is no photograph"),
        (b"<html>\xff\xd8\xff", "this is no photograph"),
        (b"GIF89a" + b"\0" * 50, "this is a GIF; JPEG, PNG and WebP are taken"),
        (b"%PDF-1.7", "this is a PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photograph.*save it as JPEG"),
        (b"\xff\xd8\xff", "does not say how large it is"),
        (b"\xff\xd8\xff\xd9", "does not say how large it is"),
        (b"\x89PNG\r\n\x1a\n", "does not say how large it is"),
        (b"RIFF\0\0\0\0WEBP", "does not say how large it is"),
        (claimed(0, 10, Form.PNG), "does not say how large it is"),
        (claimed(10, 0, Form.JPEG), "does not say how large it is"),
        (claimed(900, 900, Form.PNG), "the PNG cannot be read"),
        (claimed(900, 900, Form.WEBP), "the WEBP cannot be read"),
        (encoded(quarters(800, 800))[:2_000], "the JPEG cannot be read"),
        (encoded(quarters(800, 800), "PNG")[:500], "the PNG cannot be read"),
        (encoded(quarters(800, 800), "WEBP")[:200], "the WEBP cannot be read"),
    ],
)
def test_what_is_no_photograph_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        picture.read(content, zone=ZONE)


def test_a_file_is_bounded_in_bytes() -> None:
    with pytest.raises(TooLarge, match="at most 15 MiB; this one has more"):
        picture.read(encoded(quarters()) + b"\0" * gis.photos.MAX_BYTES, zone=ZONE)


def test_pictures_wait_for_each_other_but_not_in_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    one = threading.BoundedSemaphore(1)
    monkeypatch.setattr(picture, "_places", one)
    assert one.acquire(blocking=False)
    with pytest.raises(Unavailable, match="try again in a moment"):
        picture.read(encoded(quarters()), zone=ZONE)
    one.release()
    for _ in range(2):
        assert picture.read(encoded(quarters()), zone=ZONE).width == 64
        with pytest.raises(BadInput):
            picture.read(encoded(quarters(800, 800))[:2_000], zone=ZONE)


@settings(max_examples=150)
@given(st.data())
def test_whatever_is_broken_is_refused_in_words_or_kept_clean(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    content = bytearray(encoded(quarters(), form, exif=exif()))
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(data.draw(st.integers(1, 20))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    try:
        kept = picture.read(bytes(content), zone=ZONE)
    except WanggeError:
        return
    assert segments(kept.image) <= {0xE0, 0xDB, 0xC0, 0xC4}
    assert max(kept.width, kept.height) <= gis.photos.LONGEST
