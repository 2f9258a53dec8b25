"""Packing what is kept in memory to be sent: once, and cheaply rather than as small as can be."""

from __future__ import annotations

import zlib
from enum import StrEnum

import brotli

LEAST = 1000
"""Shorter ones fit a packet as they are."""
_GZIP_LEVEL, _BR_QUALITY, _BR_WINDOW = 5, 5, 20


class Coding(StrEnum):
    """How an answer is packed, named as HTTP does; the better first."""

    BR = "br"
    GZIP = "gzip"


def packed(content: bytes, coding: Coding) -> bytes:
    """Pack `content`."""
    if coding is Coding.BR:
        return bytes(brotli.compress(content, quality=_BR_QUALITY, lgwin=_BR_WINDOW))
    work = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return work.compress(content) + work.flush()
