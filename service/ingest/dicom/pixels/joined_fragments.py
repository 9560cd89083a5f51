"""The values of fragments as one file, read where they lie: a video in DICOM may be as large as a file may be."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO

from service.ingest.dicom.pixels.fragments import Fragment


class JoinedFragments(io.RawIOBase, BinaryIO):
    """The joined bytes of fragments of a seekable file, which stays open and is the caller's to close."""

    def __init__(self, file: BinaryIO, fragments: Sequence[Fragment]) -> None:
        self._file, self._fragments = file, fragments
        self._begins = [0, *accumulate(fragment.length for fragment in fragments)]
        self._at = 0

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes from here on."""
        end = self._begins[-1] if size < 0 else min(self._begins[-1], self._at + size)
        pieces = []
        while self._at < end:
            number = bisect_right(self._begins, self._at) - 1
            within = self._at - self._begins[number]
            self._file.seek(self._fragments[number].start + within)
            piece = self._file.read(min(end - self._at, self._fragments[number].length - within))
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to a byte and returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._begins[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True
