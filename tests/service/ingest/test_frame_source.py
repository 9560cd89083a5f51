"""Reading a source whole: as many frames as allowed, or a reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ClipRejected
from service.ingest.frame_source import read_frames
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

    def frames(self, indices: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
        for index in indices:
            if index < self.available:
                yield np.full((2, 3 if index == self.odd else 2, 3), index, np.uint8)


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
