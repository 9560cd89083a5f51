"""Segmented palettes (PS3.3 C.7.9.2): runs of discrete, linear and repeated entries, expanded to a plain table."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_MAX_SEGMENTS: Final = 1 << 16  # no table of 65,536 entries needs more


def expand_segments(data: bytes, entries: int, bits: int, *, little_endian: bool) -> bytes:
    """The plain table, `entries` entries of 8 or 16 bits in the same byte order.

    bits: of an entry, from the descriptor. Raises ValueError where the segments make no table of that length.
    """
    wide = bits > 8
    kind = ("<u2" if little_endian else ">u2") if wide else "u1"
    words = np.frombuffer(data[: len(data) // (2 if wide else 1) * (2 if wide else 1)], kind)
    table = _Expansion(words.astype(np.int64), entries, wide=wide).table()
    return table.astype(kind).tobytes()


class _Expansion:
    """The expansion of one table. A bound on entries holds before any is made."""

    def __init__(self, words: NDArray[np.int64], entries: int, *, wide: bool) -> None:
        self._words, self._entries, self._wide = words, entries, wide
        self._made: list[NDArray[np.int64]] = []
        self._count = self._segments = 0

    def table(self) -> NDArray[np.int64]:
        """The table; a byte of padding at the end of eight-bit data is left out."""
        at = 0
        while at < len(self._words) and self._count < self._entries:
            at = self._segment(at, may_repeat=True)
        if self._count != self._entries:
            raise ValueError(f"the segments make {self._count} of {self._entries} entries")
        return np.concatenate(self._made)

    def _segment(self, at: int, *, may_repeat: bool) -> int:
        """Expands the segment that starts there; where the next one starts. An indirect one may not call another."""
        self._segments += 1
        if self._segments > _MAX_SEGMENTS or at + 2 > len(self._words):
            raise ValueError("the segments end early or are too many")
        opcode, length = int(self._words[at]), int(self._words[at + 1])
        if opcode == _DISCRETE:
            self._add(self._words[at + 2 : at + 2 + length], length)
            return at + 2 + length
        if opcode == _LINEAR:
            self._add_line(int(self._words[at + 2]), length)
            return at + 3
        if opcode == _INDIRECT and may_repeat:
            return self._repeat(at, length)
        raise ValueError(f"a segment of an unknown kind, {opcode}")

    def _repeat(self, at: int, count: int) -> int:
        """Expands again `count` segments that start at the byte offset which follows; where the next one starts."""
        # The offset takes two words of 16 bits, or four of 8, the least significant first (PS3.3 C.7.9.2.3).
        words = self._words[at + 2 : at + (4 if self._wide else 6)]
        bits = 16 if self._wide else 8
        start = sum(int(word) << (bits * number) for number, word in enumerate(words)) // (2 if self._wide else 1)
        for _ in range(count):
            start = self._segment(start, may_repeat=False)
        return at + 2 + len(words)

    def _add_line(self, last: int, length: int) -> None:
        """Entries from the one before, not repeated, to `last`, evenly."""
        if not self._made:
            raise ValueError("a linear segment has nothing before it")
        first = int(self._made[-1][-1])
        step = (last - first) / max(1, length)
        # Halves fall as in pydicom's own expansion, so that a file gives the same pixels in both.
        self._add(np.rint(np.linspace(first + step, last, length)).astype(np.int64), length)

    def _add(self, values: NDArray[np.int64], length: int) -> None:
        if len(values) != length or not length or self._count + length > self._entries:
            raise ValueError("a segment is longer than the table or its data")
        self._made.append(values)
        self._count += length
