"""A file with a few bytes replaced while it is read; the file itself stays as it is."""

import io
from collections.abc import Mapping
from typing import BinaryIO


class PatchedFile(io.RawIOBase, BinaryIO):
    """A seekable file that gives other bytes at some places. patches: byte of the file → what stands there instead."""

    def __init__(self, file: BinaryIO, patches: Mapping[int, bytes]) -> None:
        self._file = file
        self._patches = sorted(patches.items())

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes from here on."""
        start = self._file.tell()
        data = self._file.read(size)
        end = start + len(data)
        touched = [(at - start, patch) for at, patch in self._patches if at < end and at + len(patch) > start]
        if not touched:
            return data
        changed = bytearray(data)
        for at, patch in touched:
            first, last = max(at, 0), min(at + len(patch), len(data))
            changed[first:last] = patch[first - at : last - at]
        return bytes(changed)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves to a byte of the file and returns it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """The byte that is read next."""
        return self._file.tell()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True
