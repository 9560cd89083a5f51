"""Frames in memory that a decoder fills and this process reads, without a copy.

This process makes each block (memfd, sealed so that its size never changes: a mapping that loses its end would kill
whoever looks at it) and hands it to one decoder. It has no name, so nothing is left when both have ended. A block is
filled again once no array here refers to it, as `clip_memory` does it within one process.
"""

import ctypes
import fcntl
import mmap
import os
import weakref
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.ingest.clip_memory import FrameBlocks
from service.ingest.decoding.messages import Unbelievable

_KEPT: Final = 256 << 20  # bytes that one decoder keeps for its next clips
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class FilledBlocks(FrameBlocks):
    """A decoder's side. ask: (bytes) → (number of a new block, its descriptor), None where there is no more.

    `take` raises MemoryError where there is no more although every block that is free was let go.
    """

    def __init__(self, ask: Callable[[int], tuple[int, int] | None]) -> None:
        super().__init__(_KEPT)
        self._ask = ask
        self._numbers: dict[int, int] = {}  # address of a block → its number
        self._sizes: dict[int, int] = {}
        self._held: dict[int, Any] = {}  # arrays that the other side may still read, by number
        self.dropped: list[int] = []

    def hold_only(self, numbers: frozenset[int]) -> None:
        """Takes note of the blocks that the other side still reads; all others may be filled again."""
        self._held = {number: array for number, array in self._held.items() if number in numbers}

    def put(self, array: NDArray[Any]) -> tuple[int, int]:
        """(number of the block, offset) of an array's bytes, which are copied into a block unless they lie in one."""
        found = self._found(array) if array.flags.c_contiguous else None
        if found is None:
            copied = self.take(max(1, array.nbytes))
            copied[: array.nbytes] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
            found, array = self._found(copied), copied
            assert found is not None
        self._held[found[0]] = array
        return found

    def _found(self, array: NDArray[Any]) -> tuple[int, int] | None:
        at = array.ctypes.data
        for address, number in self._numbers.items():
            if address <= at and at + array.nbytes <= address + self._sizes[address]:
                return number, at - address
        return None

    def _new(self, size: int) -> NDArray[np.uint8]:
        found = self._ask(size)
        if found is None:
            with self._lock:
                while self.free:
                    self._let_go(self.free.pop())
            found = self._ask(size)
        if found is None:
            raise MemoryError
        number, descriptor = found
        try:
            block = np.frombuffer(mmap.mmap(descriptor, size), np.uint8)
        finally:
            os.close(descriptor)
        self._numbers[block.ctypes.data], self._sizes[block.ctypes.data] = number, size
        return block

    def _let_go(self, block: NDArray[np.uint8]) -> None:
        address = block.ctypes.data
        del self._sizes[address]
        self.dropped.append(self._numbers.pop(address))


class LentBlocks:
    """The blocks of one decoder, on the side that asks it. most_bytes: that it may have beside those that are lent."""

    def __init__(self) -> None:
        self.most_bytes = 0
        self._blocks: dict[int, mmap.mmap] = {}
        self._leases: dict[int, weakref.ReferenceType[Any]] = {}
        self._next = 1

    def grant(self, size: Any) -> tuple[int, int] | None:
        """(number, descriptor) of a new block, which the caller closes; None where the decoder has enough already."""
        lent = self.lent()
        own = sum(len(block) for number, block in self._blocks.items() if number not in lent)
        if not isinstance(size, int) or size < 1 or own + size > self.most_bytes:
            return None
        descriptor = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            number, self._next = self._next, self._next + 1
            self._blocks[number] = mmap.mmap(descriptor, size)
        except OSError:
            os.close(descriptor)
            return None
        return number, descriptor

    def lend(self, number: int, offset: int, size: int) -> memoryview:
        """Those bytes of a block, which is not filled again while anything refers to them. Raises Unbelievable."""
        block = self._blocks.get(number)
        if block is None or offset < 0 or size < 0 or offset + size > len(block):
            raise Unbelievable("memory that was not granted")
        known = self._leases.get(number)
        lease = None if known is None else known()
        if lease is None:
            lease = (ctypes.c_uint8 * len(block)).from_buffer(block)
            self._leases[number] = weakref.ref(lease)
        return memoryview(lease).cast("B")[offset : offset + size]

    def lent(self) -> frozenset[int]:
        """Numbers of the blocks that something here refers to."""
        self._leases = {number: lease for number, lease in self._leases.items() if lease() is not None}
        return frozenset(self._leases)

    def forget(self, numbers: Any) -> None:
        """Lets go of blocks that the decoder does not keep; those that are lent stay."""
        lent = self.lent()
        for number in numbers if isinstance(numbers, list) else ():
            if number in self._blocks and number not in lent:
                del self._blocks[number]
