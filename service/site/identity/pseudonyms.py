"""Keyed pseudonyms: the same id gives the same 32 hex digits under one key, and nobody without the key can tell whose.

HMAC-SHA256 (RFC 2104, FIPS 180-4) of ``patient``, a zero byte and the id, cut to
128 bits; the key stays in the file that the user names.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Literal

from service.site.errors import BankRefused

_LEAST_KEY_BYTES = 16  # RFC 2104 section 3 advises no less than the output's strength needs; 128 bits are kept
_HEX_DIGITS = 32


class Pseudonyms:
    """Makes pseudonyms under one key; shows nothing of it."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _LEAST_KEY_BYTES:
            raise BankRefused(f"the key of pseudonyms has {len(key)} bytes, {_LEAST_KEY_BYTES} are the least")
        self._key = key

    def of(self, kind: Literal["patient", "study", "check"], identifier: str) -> str:
        """The pseudonym of an id, without regard to spaces around it. A patient and a study never share one."""
        message = f"{kind}\0{identifier.strip()}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:_HEX_DIGITS]

    @property
    def key_check(self) -> str:
        """Tells whether two banks were made with one key, and nothing about it."""
        return self.of("check", "echoscribe")


def read_pseudonyms(path: Path) -> Pseudonyms:
    """The pseudonyms of a key file, any bytes. Raises BankRefused when it is missing or too short."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise BankRefused(f"{path}: the key of pseudonyms cannot be read; make one: head -c 32 /dev/urandom") from error
    if len(key) < _LEAST_KEY_BYTES:
        raise BankRefused(f"{path}: the key of pseudonyms has {len(key)} bytes, {_LEAST_KEY_BYTES} are the least")
    return Pseudonyms(key)
