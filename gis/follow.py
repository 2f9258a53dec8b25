"""跟进码: the word by which a resident follows a case, a question or an application.

It is the kind, the number and a keyed digest of both, so that nothing has to be kept: whoever has
the key tells a true one, and nobody guesses one (55 bits). In groups of four, without 0, O, 1, I.
"""

from __future__ import annotations

import hmac
import re
from enum import StrEnum

from gis.errors import NotFound

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGEST, _NUMBER = 11, 4


class Followed(StrEnum):
    """What can be followed, by the letter that its codes begin with."""

    CASE = "C"
    QUESTION = "Q"
    APPLICATION = "V"


class Asked(StrEnum):
    """What residents ask for."""

    QUESTION = "question"
    APPLICATION = "application"


FOLLOWED = {Asked.QUESTION: Followed.QUESTION, Asked.APPLICATION: Followed.APPLICATION}


def code(kind: Followed, number: int, digest: bytes) -> str:
    """Write a follow code: C, 17, … → C22K-…; `digest` has at least 7 keyed bytes of `subject`."""
    return "-".join(re.findall(".{1,4}", f"{kind}{_letters(number)}{_digest(digest)}"))


def subject(kind: Followed, number: int) -> str:
    """What the digest is of."""
    return f"{kind}:{number}"


def read(told: str) -> tuple[Followed, int, str]:
    """Read a code as somebody types it: kind, number and digest, which `is_true` has to check.

    Raises:
        NotFound: it is none.
    """
    letters = re.sub(r"[\s\-–—]", "", told).upper()
    kind, number, digest = letters[:1], letters[1:-_DIGEST], letters[-_DIGEST:]
    if (
        kind not in set(Followed)
        or not _NUMBER <= len(number) <= _NUMBER + 8
        or set(letters) - set(ALPHABET)
    ):
        raise unknown()
    value = 0
    for letter in number:
        value = value * 32 + ALPHABET.index(letter)
    return Followed(kind), value, digest


def is_true(told: str, digest: bytes) -> bool:
    """Whether the digest in a code is the keyed one."""
    return hmac.compare_digest(told, _digest(digest))


def unknown() -> NotFound:
    """The refusal of a code that follows nothing; it does not say in what it is wrong."""
    return NotFound("nothing is followed by this code; look at its letters again")


def _letters(number: int) -> str:
    letters = ""
    while number or len(letters) < _NUMBER:
        number, rest = divmod(number, 32)
        letters = ALPHABET[rest] + letters
    return letters


def _digest(digest: bytes) -> str:
    value = int.from_bytes(digest[:7], "big") >> 1
    return "".join(ALPHABET[value >> 5 * place & 31] for place in range(_DIGEST))
