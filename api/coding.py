"""How an answer is packed for who asks (brotli, gzip or not), and by which ETag it is known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

import data.packing
from data.packing import Coding

VARY = (b"vary", b"Accept-Encoding")
_WEIGHT = re.compile(rb"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*")


def accepted(headers: Mapping[bytes, bytes]) -> Coding | None:
    """The packing that a request's headers prefer, the better one of equals; None for none."""
    return _preferred(headers.get(b"accept-encoding", b""))


def takes_gzip(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request would rather have gzip than nothing."""
    told = headers.get(b"accept-encoding", b"").lower()
    return _preferred(told) is not None and dict(_read(told)).get(b"gzip", 0.0) > 0


@lru_cache(maxsize=256)
def _preferred(told: bytes) -> Coding | None:
    weights = dict(_read(told.lower()))
    others = weights.get(b"*", 0.0)
    by_weight = {one: weights.get(one.encode(), others) for one in Coding}
    best = max(by_weight, key=lambda one: by_weight[one])
    plain = weights.get(b"identity", 0.0)
    return best if by_weight[best] > 0 and by_weight[best] >= plain else None


@lru_cache(maxsize=256)
def _read(told: bytes) -> tuple[tuple[bytes, float], ...]:
    return tuple(_weighed(one) for one in told.split(b","))


def _weighed(one: bytes) -> tuple[bytes, float]:
    """A coding and how much it is wanted; one whose weight cannot be read is not wanted."""
    name, separator, weight = one.partition(b";")
    if not separator:
        return name.strip(), 1.0
    found = _WEIGHT.fullmatch(weight)
    return name.strip(), float(found[1]) if found else 0.0


def tagged(tag: str, coding: Coding | None) -> str:
    """The ETag of a packed answer, which is another representation."""
    return tag if coding is None else f"{tag}-{coding}"


def etag(tag: str) -> tuple[bytes, bytes]:
    """The header of an ETag."""
    return b"etag", f'"{tag}"'.encode()


def still_true(held: bytes, tag: str, coding: Coding | None) -> str | None:
    """Which representation of `tag` a reader holds who tells `If-None-Match`, of those that he may
    be sent; None if none of them."""
    told = {one.strip().removeprefix("W/").strip('"') for one in held.decode("latin-1").split(",")}
    ours = (tagged(tag, coding), tag)
    return next((one for one in ours if one in told), None)


def answered(request: Request, content: bytes, media: str, headers: dict[str, str]) -> Response:
    """Answer with something short that is made every time: packed once, confirmed while it is the
    same."""
    told = dict(request.headers.raw)
    coding, tag = accepted(told), hashlib.blake2b(content, digest_size=12).hexdigest()
    headers = headers | {"Vary": "Accept-Encoding"}
    if found := still_true(told.get(b"if-none-match", b""), tag, coding):
        return Response(status_code=304, headers=headers | {"ETag": f'"{found}"'})
    if coding is None or len(content) < data.packing.LEAST:
        return Response(content, media_type=media, headers=headers | {"ETag": f'"{tag}"'})
    headers |= {"ETag": f'"{tagged(tag, coding)}"', "Content-Encoding": coding}
    return Response(_packed(content, coding), media_type=media, headers=headers)


_packed = lru_cache(maxsize=64)(data.packing.packed)
