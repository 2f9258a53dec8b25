"""Sealing: what names a person is kept encrypted, and found through a keyed blind index.

AES-256-GCM with a fresh nonce for each value, the field's name bound in; the index is a keyed
BLAKE2b of the value, so equal values are found without being readable. Both keys are derived
from one secret that is never in the database: whoever holds only a dump reads no name, no
resident id and no phone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import operator
import os
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from gis.errors import BadInput, Unavailable

SECRET_BYTES = 32
INDEX_BYTES = 16
_NONCE = 12


class Seal:
    """Seals, opens and indexes values with the keys of one secret."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise BadInput(f"the register's key has {len(secret)} bytes; {SECRET_BYTES} are needed")
        self._cipher = AESGCM(_derive(secret, b"wangge seal"))
        self._index_key = _derive(secret, b"wangge blind index")
        self._halves = _derive(secret, b"wangge halves")
        self.fingerprint = _derive(secret, b"wangge fingerprint").hex()[:16]

    def seal(self, field: str, values: Iterable[str | None]) -> list[bytes | None]:
        """Encrypt each value of a field: nonce, then ciphertext with its tag."""
        plain = list(values)
        told = [value.encode() for value in plain if value is not None]
        nonces = _cut(os.urandom(_NONCE * len(told)))
        # no line of Python for each value: a city has thirty million
        locked = map(self._cipher.encrypt, nonces, told, itertools.repeat(field.encode()))
        sealed = map(operator.add, nonces, locked)
        return [None if value is None else next(sealed) for value in plain]

    def open(self, field: str, sealed: bytes | None) -> str | None:
        """Decrypt one value.

        Raises:
            Unavailable: it was sealed with another key, or changed since.
        """
        if sealed is None:
            return None
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], field.encode()).decode()
        except InvalidTag as error:
            raise Unavailable(
                f"the sealed {field} cannot be opened: it was sealed with another key, or changed"
            ) from error

    def index(self, field: str, values: Iterable[str | None]) -> list[bytes | None]:
        """Blind index of each value: equal values of a field give equal bytes."""
        person = field.encode()[:16]
        # the key is taken in once; a copy of that is a third cheaper than to begin anew
        begun = hashlib.blake2b(digest_size=INDEX_BYTES, key=self._index_key, person=person).copy

        # update answers None: each value is one line of a list, and no call of our own
        return [
            None
            if value is None
            else (hashed := begun()).update(value.encode())  # type: ignore[func-returns-value]
            or hashed.digest()
            for value in values
        ]

    def half(self, purpose: str, number: int) -> bytes:
        """Derive 32 bytes for one of many, such as a session; the same each time.

        They are to be given away, and tell nothing of the secret or of another's.
        """
        return _derive(self._halves, f"{purpose} {number}".encode())


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _cut(nonces: bytes) -> list[bytes]:
    return [nonces[start : start + _NONCE] for start in range(0, len(nonces), _NONCE)]


# The secret


def from_text(text: str) -> Seal:
    """Read the secret as base64, as `WANGGE_REGISTER_KEY` gives it.

    Raises:
        BadInput: it is not 32 bytes of base64.
    """
    try:
        return Seal(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadInput(
            "WANGGE_REGISTER_KEY is not base64; make one with: openssl rand -base64 32"
        ) from error


def from_file(path: Path) -> Seal:
    """Read the secret kept at `path`; make one, readable by its owner only, when there is none.

    Raises:
        Unavailable: the file cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(base64.b64encode(os.urandom(SECRET_BYTES)).decode() + "\n")
        except FileExistsError:
            pass
        return from_text(path.read_text().strip())
    except OSError as error:
        raise Unavailable(f"the register's key {path} cannot be kept: {error.strerror}") from error


def check(db: Session, seal: Seal) -> None:
    """See that this store was sealed with this key; the first key is written down as its own.

    Raises:
        Unavailable: it was sealed with another.
    """
    db.execute(sa.text(_FIRST_KEY), {"fingerprint": seal.fingerprint})
    kept = db.scalar(sa.text("SELECT value ->> 'fingerprint' FROM store_fact WHERE key = 'seal'"))
    if kept != seal.fingerprint:
        raise Unavailable(
            f"the register of this store is sealed with key {kept}, and the key here is "
            f"{seal.fingerprint}; set WANGGE_REGISTER_KEY to that one"
        )


_FIRST_KEY = """
    INSERT INTO store_fact (key, value)
    VALUES ('seal', jsonb_build_object('fingerprint', CAST(:fingerprint AS text)))
    ON CONFLICT (key) DO NOTHING
"""
