"""Pseudonyms of candidates: they tell which candidates are of one patient or one study, and name nobody."""

import re

import numpy as np
from numpy.typing import NDArray

from index import layout

KEY_PATTERN = r"[0-9a-f]{32}"


def key_bytes(key: str) -> NDArray[np.uint8]:
    """A pseudonym as a bank stores it, uint8 (16,). Raises ValueError when it is not 32 lower-case hex digits."""
    if not re.fullmatch(KEY_PATTERN, key):
        raise ValueError(f"a pseudonym has {2 * layout.KEY_BYTES} lower-case hex digits, this one has another form")
    return np.frombuffer(bytes.fromhex(key), np.uint8)


def keys_of(rows: NDArray[np.uint8]) -> list[str]:
    """Pseudonyms as text. rows: uint8 (B, 16)."""
    return [row.tobytes().hex() for row in rows]


def rows_with(keys: NDArray[np.uint8], key: str) -> NDArray[np.int64]:
    """Ascending rows that hold a pseudonym, int64 (R,). keys: uint8 (M, 16)."""
    return np.flatnonzero((keys == key_bytes(key)).all(axis=1)).astype(np.int64)
