"""回调: what a subscriber may be, how a message to him is signed, and when it is sent again.

Signed as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body, base64, `v1,…`.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from gis.errors import BadInput, NotAllowed
from gis.terms import Move

PAUSES = tuple(
    timedelta(seconds=one) for one in (5, 30, 120, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400)
)
"""After each refusal of one message; after the last it is given up."""
DOWN_LEAST, DOWN_MOST = timedelta(seconds=2), timedelta(minutes=15)
"""How long a subscriber that does not answer is left alone at first, and at most."""
GIVEN_UP = timedelta(days=3)
"""What a subscriber that is down was owed for so long is given up."""
ASKED_MOST = timedelta(hours=1)
SECRET_LEAST, SECRET_MOST = 24, 64
_PREFIX = "whsec_"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_ENV = re.compile(r"[A-Z][A-Z0-9_]{0,79}")


def secrets(text: str) -> list[bytes]:
    """Read one secret, or several between blanks while one follows the other.

    Raises:
        BadInput: there is none, or one is none.
    """
    return [secret(one) for one in text.split() or [""]]


def secret(text: str) -> bytes:
    """Read a secret, `whsec_` and base64 of 24 to 64 bytes.

    Raises:
        BadInput: it is none; the sentence does not quote it.
    """
    try:
        found = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not text.startswith(_PREFIX) or not SECRET_LEAST <= len(found) <= SECRET_MOST:
        raise BadInput(
            "a webhook's secret is whsec_ and the base64 of 24 to 64 bytes; make one with: "
            "echo whsec_$(openssl rand -base64 32)"
        )
    return found


def signature(keys: Iterable[bytes], message: str, timestamp: int, body: bytes) -> str:
    """Sign a message by each key: what stands in the header webhook-signature."""
    signed = f"{message}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests)


def asked_for(text: str, *, now: datetime) -> timedelta | None:
    """How long a Retry-After (seconds, or a date) asks to be left alone, an hour at most."""
    if text.isascii() and text.isdigit():
        pause = timedelta(seconds=int(text[:9]))
    else:
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        pause = at.replace(tzinfo=at.tzinfo or UTC) - now
    return min(pause, ASKED_MOST) if pause > timedelta() else None


def check_env(name: str) -> str:
    """Refuse what is no name of an environment variable.

    Raises:
        BadInput: it is none.
    """
    if not _ENV.fullmatch(name):
        raise BadInput(f"{name!r} is no environment variable; write it as WANGGE_HOOK_SECRET")
    return name


def check_moves(moves: Iterable[str]) -> list[str]:
    """Refuse moves that are none; none at all means every move.

    Raises:
        BadInput: naming the choices.
    """
    told = list(dict.fromkeys(moves))
    unknown = [one for one in told if one not in set(Move)]
    if unknown:
        raise BadInput(
            f"{unknown[0]!r} is no move; choose from {', '.join(Move)}", choices=list(Move)
        )
    return told


def check_url(url: str, *, private: bool) -> SplitResult:
    """Refuse an address that messages may not go to: https only, unless `private` is allowed.

    Raises:
        BadInput: it is no such address.
    """
    try:
        told = urlsplit(url)
        host, port = told.hostname, told.port
    except ValueError as error:
        raise BadInput(f"{url[:200]!r} is no address") from error
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > 2000 or not host:
        raise BadInput(f"{url[:200]!r} is no address; write https://host/path")
    if told.username or told.password or told.fragment or port == 0:
        raise BadInput("an address of a webhook has no name, no password and no #part in it")
    if told.scheme != "https" and not (private and told.scheme == "http"):
        raise BadInput(
            f"{url[:200]!r}: messages go by https; --private allows http and private networks"
        )
    return told


def check_address(address: str, *, private: bool) -> None:
    """Refuse an IP address that is not of the public net, unless `private` is allowed.

    Raises:
        NotAllowed: it is not.
    """
    found = _meant(ipaddress.ip_address(address.partition("%")[0]))
    is_reserved = found.is_reserved and not found.is_loopback
    if found.is_multicast or found.is_unspecified or found.is_link_local or is_reserved:
        raise NotAllowed(f"{address} is no address of a subscriber")  # metadata of clouds, too
    if not private and (not found.is_global or getattr(found, "is_site_local", False)):
        raise NotAllowed(f"{address} is not of the public net; --private allows it")


def _meant(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 leads to, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
