"""Where the exceptions of third-party readers stop, and where reading ahead of an untrusted length stops."""

import errno
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from model.errors import ClipRejected
from model.study import SkipReason

# Every element of a header costs two or three reads. Real headers hold some thousands of elements, those with vendors'
# private sequences some ten thousands, so 200,000 reads (a second or two) only ever stop a file that was made to keep
# the parser busy.
_MAX_READS = 200_000
TOO_MUCH_MEMORY: Final = "Reading this file needs more memory than one file may take."
_OPENCV_NO_MEMORY: Final = -4
_tells_want_of_memory = False


def tell_want_of_memory() -> None:
    """Has refused memory told as such from now on: for a process in which each file may take so much and no more."""
    global _tells_want_of_memory  # noqa: PLW0603 - a process is limited once, before it reads its first file
    _tells_want_of_memory = True


@contextmanager
def third_party(text: str, reason: SkipReason = SkipReason.UNREADABLE) -> Iterator[None]:
    """Turns whatever a third-party reader raises into ClipRejected with a text of our own.

    The readers' own messages may quote header values and paths, so none is passed on.
    """
    try:
        yield
    except ClipRejected:
        raise
    except (
        Exception
    ) as fault:  # on hostile bytes the decoders raise any type (tests/service/ingest/dicom/test_hostile_headers.py)
        if _tells_want_of_memory and _is_want_of_memory(fault):
            raise ClipRejected(SkipReason.TOO_MUCH_MEMORY, TOO_MUCH_MEMORY) from None
        raise ClipRejected(reason, text) from None


def _is_want_of_memory(fault: BaseException | None) -> bool:
    """Whether memory was refused: to Python, to FFmpeg (ENOMEM), to OpenCV (StsNoMem), to the stack of a thread."""
    while fault is not None:
        if isinstance(fault, MemoryError) or getattr(fault, "errno", None) == errno.ENOMEM:
            return True
        if getattr(fault, "code", None) == _OPENCV_NO_MEMORY or str(fault) == "can't start new thread":
            return True
        fault = fault.__cause__ or fault.__context__
    return False


class BoundedReader(io.BufferedReader):
    """A reader that never asks for more than the source holds, and gives up after a bound on the number of reads.

    `read(n)` of a plain file allocates n bytes first; a length field of 4 GiB in a file of 1 KiB must not.
    """

    def __init__(self, source: io.RawIOBase | io.BytesIO) -> None:
        super().__init__(cast(io.RawIOBase, source))
        self.size = source.seek(0, io.SEEK_END)
        self._reads = 0
        source.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes, and at most what is left. Raises ClipRejected after too many reads."""
        self._reads += 1
        if self._reads > _MAX_READS:
            text = "The DICOM file has more elements or fragments than any real one."
            raise ClipRejected(SkipReason.TOO_LARGE, text)
        left = max(0, self.size - self.tell())
        return super().read(left if size is None or size < 0 else min(size, left))
