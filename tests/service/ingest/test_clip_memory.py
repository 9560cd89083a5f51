"""Frames are put where they belong, and memory is used again only when nothing refers to it any more."""

import gc
import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ClipRejected
from service.ingest.clip_memory import ClipMemory, FrameBlocks


def frame(level: int, height: int = 3, width: int = 4) -> np.ndarray:
    return np.random.default_rng(level).integers(0, 256, (height, width, 3), np.uint8)


@given(st.permutations(range(6)))
def test_rows_may_be_put_in_any_order(order: list[int]) -> None:
    memory = ClipMemory(6)
    for row in order:
        memory.put(row, frame(row))
    np.testing.assert_array_equal(memory.clip_rgb, [frame(row) for row in range(6)])


def test_rows_may_be_put_side_by_side() -> None:
    memory, meeting = ClipMemory(4), threading.Barrier(4)

    def put(row: int) -> None:
        meeting.wait(20)
        memory.put(row, frame(row))

    threads = [threading.Thread(target=put, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(memory.clip_rgb, [frame(row) for row in range(4)])


def test_a_frame_may_lie_by_planes_or_be_a_part_of_another() -> None:
    by_planes = np.ascontiguousarray(frame(0).transpose(2, 0, 1)).transpose(1, 2, 0)  # as RLE is decoded
    part = frame(1, 9, 9)[4:7, 2:6]
    assert not by_planes.flags.c_contiguous
    memory = ClipMemory(2)
    memory.put(0, by_planes)
    memory.put(1, part)
    np.testing.assert_array_equal(memory.clip_rgb, [frame(0), part])


def test_frames_of_two_sizes_are_no_clip() -> None:
    memory = ClipMemory(2)
    memory.put(0, frame(0))
    with pytest.raises(ClipRejected, match="size"):
        memory.put(1, frame(1, width=5))


def test_what_was_not_put_is_not_shown() -> None:
    memory = ClipMemory(5)
    assert memory.clip_rgb is None
    memory.put(0, frame(0))
    memory.put(1, frame(1))
    assert memory.clip_rgb is not None
    assert len(memory.clip_rgb) == 2


def test_memory_comes_back_when_the_last_view_is_gone() -> None:
    blocks = FrameBlocks()
    clip = blocks.take(4, 3, 4, 3)
    part = torch.from_numpy(clip[1:3])[:, ::2]
    del clip
    gc.collect()
    assert blocks.free == [], "a tensor of a part still refers to it"
    del part
    gc.collect()
    (block,) = blocks.free
    again = blocks.take(2, 3, 4, 3)
    assert np.shares_memory(again, block)
    assert blocks.free == []


def test_clips_that_are_in_use_share_nothing() -> None:
    blocks = FrameBlocks()
    held = [blocks.take(4, 30, 40, 3) for _ in range(3)]
    del held[0]
    gc.collect()
    held += [blocks.take(1, 1, 1, 3), blocks.take(4, 30, 40, 3)]
    assert not any(np.shares_memory(one, other) for number, one in enumerate(held) for other in held[:number])


def test_a_larger_clip_gets_new_memory_and_no_more_is_kept_than_allowed() -> None:
    blocks = FrameBlocks(kept=40 << 20)
    small, large = blocks.take(1 << 20), blocks.take(17 << 20)
    assert (small.nbytes, large.nbytes) == (1 << 20, 17 << 20)
    del small, large
    gc.collect()
    assert [len(block) for block in blocks.free] == [32 << 20], "16 MB and 32 MB are more than 40"
    fitting = blocks.take(20 << 20)
    assert blocks.free == []
    assert fitting.nbytes == 20 << 20


def test_memory_that_returns_while_the_lock_is_held_is_there_for_the_next() -> None:
    blocks = FrameBlocks()
    clip = [blocks.take(5)]
    with blocks._lock:  # as where the collector runs while a block is chosen
        clip.clear()
        gc.collect()
        assert blocks.free == []
    again = blocks.take(5)
    assert blocks.free == []
    del again
    gc.collect()
    assert len(blocks.free) == 1
