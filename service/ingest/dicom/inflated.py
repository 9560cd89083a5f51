"""A deflated dataset (PS3.5 A.5), inflated as it is read: what is not asked for is never in memory."""

import io
import zlib
from typing import Any, Final

from model.errors import ClipRejected
from model.study import SkipReason

_BLOCK: Final = 1 << 16
# DEFLATE packs a thousand zeros into a byte. Pictures of a heart, black around the sector, shrink 3 to 20 times.
_MAX_RATIO: Final = 100
_ALWAYS_ALLOWED: Final = 1 << 25  # bytes: 32 MiB, so that a short file of black frames is not refused


class InflatedFile(io.RawIOBase):
    """The inflated bytes of a file from a position on. Seeking backwards begins anew at the start.

    packed: the file; the caller closes it.
    Raises ClipRejected once more bytes come out than the limit, or than real pictures could be packed from.
    """

    def __init__(self, packed: io.FileIO, start: int, limit: int) -> None:
        self._packed, self._start, self._at = packed, start, 0
        size = packed.seek(0, io.SEEK_END) - start
        self._limit = min(limit, max(_ALWAYS_ALLOWED, _MAX_RATIO * size))
        self._size: int | None = None
        self._rewind()

    def _rewind(self) -> None:
        self._packed.seek(self._start)
        # PS3.5 A.5 asks for the bare stream; some writers wrap it as zlib does (RFC 1950 2.2).
        first = self._packed.read(2)
        is_wrapped = first[:1] == b"\x78" and int.from_bytes(first, "big") % 31 == 0
        self._packed.seek(self._start)
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position among the inflated bytes."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fills a buffer with the next bytes, as far as there are any; how many."""
        view = memoryview(buffer).cast("B")
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def _next(self, wanted: int) -> bytes:
        """At most that many bytes; none at the end. A damaged stream raises zlib.error."""
        while wanted and not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._packed.read(_BLOCK) or b""
            data = self._inflater.decompress(packed, wanted)
            self._at += len(data)
            if self._at > self._limit:
                raise ClipRejected(SkipReason.TOO_LARGE, f"The inflated file exceeds {self._limit} bytes.")
            if data or not packed:
                return data
        return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to a position by inflating up to it; the position."""
        if whence == io.SEEK_END:
            if self._size is None:
                self._pass(None)
                self._size = self._at
            offset += self._size
        elif whence == io.SEEK_CUR:
            offset += self._at
        if offset < self._at:
            self._rewind()
        self._pass(offset - self._at)
        return self._at

    def _pass(self, count: int | None) -> None:
        """Inflates that many bytes, None all, and lets them go."""
        while count is None or count > 0:
            data = self._next(_BLOCK if count is None else min(count, _BLOCK))
            if not data:
                return
            if count is not None:
                count -= len(data)
