"""Blocks of frames: filled by one side, read by the other, filled again only when nothing refers to them."""

import gc
import mmap
import os

import numpy as np
import pytest

from service.ingest.clip_memory import ClipMemory
from service.ingest.decoding.messages import Unbelievable
from service.ingest.decoding.shared_frames import FilledBlocks, LentBlocks

MEBIBYTE = 1 << 20


class Pair:
    """Both sides in one process."""

    def __init__(self, most_mebibytes: int = 64) -> None:
        self.lent = LentBlocks()
        self.lent.most_bytes = most_mebibytes * MEBIBYTE
        self.asked = 0
        self.filled = FilledBlocks(self._ask)

    def _ask(self, size: int) -> tuple[int, int] | None:
        self.asked += 1
        self.lent.forget(self.filled.dropped)
        self.filled.dropped = []
        return self.lent.grant(size)

    def hand_over(self, array: np.ndarray) -> np.ndarray:
        number, offset = self.filled.put(array)
        return np.frombuffer(self.lent.lend(number, offset, array.nbytes), array.dtype).reshape(array.shape)

    def next_request(self) -> None:
        self.filled.hold_only(self.lent.lent())


def clip_of(pair: Pair, level: int) -> np.ndarray:
    memory = ClipMemory(2, pair.filled)
    for row in range(2):
        memory.put(row, np.full((3, 4, 3), level + row, np.uint8))
    assert memory.clip_rgb is not None
    return memory.clip_rgb


def test_frames_are_handed_over_without_a_copy_and_their_memory_is_used_again() -> None:
    pair = Pair()
    for turn in range(3):
        frames = clip_of(pair, turn)
        handed = pair.hand_over(frames)
        frames[0, 0, 0] = 99
        assert handed[0, 0, 0, 0] == 99
        del frames, handed
        gc.collect()
        pair.next_request()
    assert pair.asked == 1


def test_what_is_still_read_is_never_filled_again() -> None:
    pair = Pair()
    first = pair.hand_over(clip_of(pair, 1))
    pair.next_request()
    second = pair.hand_over(clip_of(pair, 5))
    part = first[1:, ::2]
    del first
    gc.collect()
    pair.next_request()
    third = pair.hand_over(clip_of(pair, 9))
    assert (int(part[0, 0, 0, 0]), int(second[0, 0, 0, 0]), int(third[0, 0, 0, 0])) == (2, 5, 9)
    assert pair.asked == 3


def test_other_arrays_are_copied_into_blocks() -> None:
    pair = Pair()
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T
    np.testing.assert_array_equal(pair.hand_over(array), array)


def test_no_more_is_granted_than_allowed_and_free_blocks_make_room() -> None:
    pair = Pair(most_mebibytes=48)
    pair.filled.take(20 * MEBIBYTE)
    gc.collect()
    assert pair.filled.take(40 * MEBIBYTE).nbytes == 40 * MEBIBYTE  # the first is let go of
    gc.collect()
    with pytest.raises(MemoryError):
        pair.filled.take(60 * MEBIBYTE)
    assert pair.lent.grant("48") is None
    assert pair.lent.grant(0) is None


def test_a_block_keeps_its_size_and_is_not_lent_beyond_it() -> None:
    lent = LentBlocks()
    lent.most_bytes = MEBIBYTE
    number, descriptor = lent.grant(MEBIBYTE) or (0, 0)
    for size in (0, 2 * MEBIBYTE):
        with pytest.raises(OSError, match="not permitted"):
            os.ftruncate(descriptor, size)
    with mmap.mmap(descriptor, MEBIBYTE) as block:
        block[:3] = b"abc"
        assert bytes(lent.lend(number, 1, 2)) == b"bc"
    os.close(descriptor)
    for place in ((number, 0, MEBIBYTE + 1), (number, -1, 1), (number, 0, -1), (number + 1, 0, 1)):
        with pytest.raises(Unbelievable):
            lent.lend(*place)


def test_a_block_that_is_read_is_not_forgotten() -> None:
    lent = LentBlocks()
    lent.most_bytes = MEBIBYTE
    number, descriptor = lent.grant(MEBIBYTE) or (0, 0)
    os.close(descriptor)
    view = lent.lend(number, 0, 4)
    lent.forget([number, "1", None])
    assert bytes(lent.lend(number, 0, 4)) == bytes(view)
    del view
    gc.collect()
    lent.forget([number])
    with pytest.raises(Unbelievable):
        lent.lend(number, 0, 4)
