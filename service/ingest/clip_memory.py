"""Memory for the frames of clips: filled side by side, and used again for the next clip.

The kernel clears every page it hands out. Of 60 MB a clip that was a tenth of the time of reading (LOG 2026-11-22).
"""

import ctypes
import threading
import weakref
from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import SkipReason

_STEP: Final = 16 << 20  # bytes; blocks are multiples of it, so that clips of about one size share them
_KEPT: Final = 512 << 20  # bytes that may wait for the next clip: those of four clips at once, most of the time


class FrameBlocks:
    """Blocks of memory that return by themselves when no array refers to them any more. Safe in many threads."""

    def __init__(self, kept: int = _KEPT) -> None:
        self.kept = kept
        self.free: list[NDArray[np.uint8]] = []
        self._returned: deque[NDArray[np.uint8]] = deque()
        self._lock = threading.Lock()

    def take(self, *shape: int) -> NDArray[np.uint8]:
        """An array of that shape. What it holds is left over from others: every byte that is shown must be written."""
        size = int(np.prod(shape, dtype=np.int64))
        block = self._fitting(size)
        # Views of an array keep alive what lies under it, not the array itself; so what returns is what lies under it.
        lease = (ctypes.c_uint8 * len(block)).from_buffer(block.data)
        weakref.finalize(lease, self._give_back, block).atexit = False
        array: NDArray[np.uint8] = np.frombuffer(memoryview(lease), np.uint8, size).reshape(shape)
        return array

    def _fitting(self, size: int) -> NDArray[np.uint8]:
        """The smallest free block of at least that many bytes, or a new one."""
        with self._lock:
            self._sort_in()
            fitting = [number for number, block in enumerate(self.free) if len(block) >= size]
            if fitting:
                return self.free.pop(min(fitting, key=lambda number: len(self.free[number])))
        return self._new(-(-max(1, size) // _STEP) * _STEP)

    def _new(self, size: int) -> NDArray[np.uint8]:
        """A block of that many bytes, zeros or anything."""
        return np.empty(size, np.uint8)

    def _let_go(self, _block: NDArray[np.uint8]) -> None:
        """Called for each block that is not kept."""

    def _give_back(self, block: NDArray[np.uint8]) -> None:
        """Takes a block back; must not wait, because the collector may call it in a thread that holds the lock."""
        self._returned.append(block)
        if self._lock.acquire(blocking=False):
            try:
                self._sort_in()
            finally:
                self._lock.release()

    def _sort_in(self) -> None:
        """Makes free what has returned, and lets go of the oldest beyond what is kept; call it holding the lock."""
        while self._returned:
            self.free.append(self._returned.popleft())
        while sum(map(len, self.free)) > self.kept:
            self._let_go(self.free.pop(0))


_blocks = FrameBlocks()


def use_blocks(blocks: FrameBlocks) -> None:
    """Has the frames of every later clip of this process put into these blocks."""
    global _blocks  # noqa: PLW0603 - a process has one place for its frames, chosen before it reads the first
    _blocks = blocks


class ClipMemory:
    """The frames of one clip while they are decoded. Rows may be put in any order, and side by side.

    Raises ClipRejected at a frame whose size is not that of the first.
    """

    def __init__(self, frames: int, blocks: FrameBlocks | None = None) -> None:
        self._frames, self._blocks = frames, blocks or _blocks
        self._clip_rgb: NDArray[np.uint8] | None = None
        self._count = 0
        self._lock = threading.Lock()

    def put(self, row: int, frame_rgb: NDArray[np.uint8]) -> None:
        """Copies a frame, uint8 (H, W, 3), to its row."""
        with self._lock:
            if self._clip_rgb is None:
                self._clip_rgb = self._blocks.take(self._frames, *frame_rgb.shape)
            if frame_rgb.shape != self._clip_rgb.shape[1:]:
                raise ClipRejected(SkipReason.UNREADABLE, "The frames of this file differ in size.")
            self._count += 1
            place = self._clip_rgb[row]
        planes = frame_rgb.transpose(2, 0, 1)
        if planes.flags.c_contiguous and not frame_rgb.flags.c_contiguous:
            cv2.merge(list(planes), place)  # four times as fast as numpy's copy
        else:
            place[:] = frame_rgb

    def clear(self) -> None:
        """Forgets the frames that were put: the next ones start anew, and may be of another size."""
        with self._lock:
            self._clip_rgb, self._count = None, 0

    @property
    def clip_rgb(self) -> NDArray[np.uint8] | None:
        """uint8 (T, H, W, 3): the first rows, as many as were put; None where none was."""
        return None if self._clip_rgb is None else self._clip_rgb[: self._count]
