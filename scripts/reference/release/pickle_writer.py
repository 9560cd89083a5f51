"""Writes pickles of protocol 4 piece by piece, so that a release of any size is made in bounded memory.

Byte for byte these are opcodes that Python's own pickler would choose, without its frames; `pickle.load` reads them.
"""

import struct
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

BATCH = 1000  # elements between a mark and its APPENDS or SETITEMS, as Python's pickler writes
_START, _STOP = b"\x80\x04", b"."
_MEMOIZE, _MARK, _APPENDS, _SETITEMS = b"\x94", b"(", b"e", b"u"
_EMPTY_LIST, _EMPTY_DICT, _TUPLE3, _NONE = b"]\x94", b"}\x94", b"\x87\x94", b"N"


def encoded_integer(value: int) -> bytes:
    """The opcode that pushes a small integer."""
    if 0 <= value < 1 << 8:
        return b"K" + bytes([value])
    if 0 <= value < 1 << 16:
        return b"M" + value.to_bytes(2, "little")
    return b"J" + value.to_bytes(4, "little", signed=True)


def encoded_number(value: float) -> bytes:
    """The opcode that pushes a float."""
    return b"G" + struct.pack(">d", value)


def encoded_text(text: str) -> bytes:
    """The opcodes that push a short string and remember it."""
    content = text.encode("utf-8")
    return b"\x8c" + bytes([len(content)]) + content + _MEMOIZE


def opened_tuple(section_id: int, phrase_id: int) -> bytes:
    """A report tuple up to its value; `CLOSED_TUPLE` follows the value."""
    return encoded_integer(section_id) + encoded_integer(phrase_id)


CLOSED_TUPLE = _TUPLE3
WITHOUT_VALUE = _NONE + _TUPLE3


def write_list(file: BinaryIO, batches: Iterable[list[bytes]]) -> None:
    """Writes a list whose elements are lists; each element is given as the opcodes of its own elements."""
    file.write(_START + _EMPTY_LIST)
    for batch in batches:
        file.write(_MARK + b"".join(_EMPTY_LIST + _MARK + element + _APPENDS for element in batch) + _APPENDS)
    file.write(_STOP)


class TableWriter:
    """Writes a dict of dicts that share their inner keys: study names, each written once and then fetched again."""

    def __init__(self, file: BinaryIO, studies: NDArray[np.bytes_]) -> None:
        """Studies: (M,) ASCII names of one length below 256."""
        self._file = file
        self._studies = studies
        self._memo = np.full(len(studies), -1, np.int64)  # memo key of each name that was written
        file.write(_START + _EMPTY_DICT + _MARK)
        self._memoized = 1

    def write(self, name: str, rows: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Adds one inner dict: the named studies' values, integers where all are."""
        self._file.write(encoded_text(name) + _EMPTY_DICT)
        self._memoized += 2
        for start in range(0, len(rows), BATCH):
            part = slice(start, start + BATCH)
            self._file.write(_MARK + self._items(rows[part], values[part]) + _SETITEMS)

    def close(self) -> None:
        """Ends the pickle."""
        self._file.write(_SETITEMS + _STOP)

    def _items(self, rows: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
        """Keys and values of some rows: first those whose name is new, then those that are fetched."""
        new = self._memo[rows] < 0
        fresh, known = rows[new], rows[~new]
        self._memo[fresh] = self._memoized + np.arange(len(fresh))
        self._memoized += len(fresh)
        return _records([("text", self._studies[fresh])], values[new]) + _records(
            [("get", self._memo[known])], values[~new]
        )


def _records(keys: list[tuple[str, NDArray[np.generic]]], values: NDArray[np.float64]) -> bytes:
    """Opcodes of keys and values side by side, built as one table of fixed-size rows."""
    ((kind, key),) = keys
    integer = bool((values == np.floor(values)).all()) and bool((np.abs(values) < 256).all())
    size = key.dtype.itemsize
    head = [("op", "S1"), ("key", "<u4")] if kind == "get" else [("op", "S2"), ("key", f"S{size}"), ("memo", "S1")]
    table = np.zeros(len(key), dtype=[*head, ("opv", "S1"), ("value", "u1" if integer else ">f8")])
    table["op"] = b"j" if kind == "get" else b"\x8c" + bytes([size])
    table["key"] = key
    if kind == "text":
        table["memo"] = _MEMOIZE
    table["opv"] = b"K" if integer else b"G"
    table["value"] = values
    return table.tobytes()
