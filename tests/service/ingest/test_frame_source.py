"""Reading a source whole: as many frames as allowed, or a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from model.errors import ClipRejected
from model.study import ClipWarning, FrameRateSource
from model.study import Source as Kind
from service.ingest.clip_memory import ClipMemory
from service.ingest.frame_source import read_frames, read_needed
from service.ingest.limits import IngestLimits

LIMITS = IngestLimits(max_frames_read=20)


@dataclass
class Source:
    """States `frames_total` frames and has `available`; the one at `odd` is of another size."""

    frames_total: int
    available: int
    odd: int | None = None
    frame_pixels: int = 4
    frame_rate_hz: float | None = None
    frame_rate_source: FrameRateSource = "assumed"
    warnings: tuple[ClipWarning, ...] = ()
    levels_need_every_frame: bool = False

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        for row, index in enumerate(indices):
            if index < self.available:
                memory.put(row, np.full((2, 3 if index == self.odd else 2, 3), index, np.uint8))


@pytest.mark.parametrize(("stated", "available", "read"), [(5, 5, 5), (30, 30, 20), (10, 9, 9), (1, 1, 1)])
def test_frames_in_order_up_to_the_limit(stated: int, available: int, read: int) -> None:
    clip_rgb = read_frames(Source(stated, available), LIMITS)
    assert clip_rgb[:, 0, 0, 0].tolist() == list(range(read))


@pytest.mark.parametrize(("stated", "available"), [(10, 8), (10, 0), (2_000_000_000, 17)])
def test_too_many_missing_frames_mean_a_truncated_file(stated: int, available: int) -> None:
    with pytest.raises(ClipRejected, match=f"{available} of the"):
        read_frames(Source(stated, available), LIMITS)


def test_frames_of_several_sizes_are_no_clip() -> None:
    with pytest.raises(ClipRejected, match="size"):
        read_frames(Source(5, 5, odd=3), LIMITS)


def first_and_last(total: int, frame_rate_hz: float | None, kind: Kind) -> list[int]:
    assert (frame_rate_hz, kind) == (None, "dicom")
    return sorted({0, total - 1})


@pytest.mark.parametrize(("stated", "last"), [(5, 4), (30, 19), (2, 1), (1, 0)])
def test_only_the_frames_of_a_plan_are_read(stated: int, last: int) -> None:
    read = read_needed(Source(stated, stated), "dicom", LIMITS, first_and_last)
    assert read.frames_rgb[:, 0, 0, 0].tolist() == sorted({0, last})
    assert read.numbers == ((0, last) if stated > 2 else None)  # every frame needs no numbers
    assert read.readable == last + 1


def test_without_a_plan_everything_is_read() -> None:
    read = read_needed(Source(5, 5), "video", LIMITS, None)
    assert (len(read.frames_rgb), read.numbers, read.readable) == (5, None, 5)


def test_a_file_with_fewer_frames_than_it_states_is_read_whole() -> None:
    read = read_needed(Source(10, 9), "dicom", LIMITS, first_and_last)
    assert read.frames_rgb[:, 0, 0, 0].tolist() == list(range(9))
    assert (read.numbers, read.readable) == (None, 9)
    with pytest.raises(ClipRejected, match="8 of the 10"):
        read_needed(Source(10, 8), "dicom", LIMITS, first_and_last)


def test_a_clip_whose_levels_depend_on_every_frame_is_read_whole() -> None:
    read = read_needed(Source(9, 9, levels_need_every_frame=True), "dicom", LIMITS, first_and_last)
    assert (len(read.frames_rgb), read.numbers) == (9, None)
