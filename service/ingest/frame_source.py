"""What every reader offers: a clip that was opened but not decoded, and the one function that reads it whole."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.limits import IngestLimits

# Edit lists and dropped frames make containers overstate their frames slightly; a transfer that broke off loses more.
# The share is our choice: below it a clip counts as truncated.
_COMPLETE_SHARE = 0.9


class FrameSource(Protocol):
    """An opened clip. Opening reads headers only; frames are decoded when they are asked for."""

    @property
    def frames_total(self) -> int:
        """Frames in the file, as it states them."""

    @property
    def frame_pixels(self) -> int:
        """Rows × columns of a frame."""

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames per second, None where the file does not say."""

    def frames(self, indices: Iterable[int]) -> Iterator[NDArray[np.uint8]]:
        """Yields the frames of those 0-based indices, which must ascend: uint8 (H, W, 3) RGB.

        Ends early where a video holds fewer frames than it states. Raises ClipRejected where a frame cannot be decoded.
        """


def read_frames(source: FrameSource, limits: IngestLimits) -> NDArray[np.uint8]:
    """The first frames of a clip, as many as the limits allow: uint8 (T, H, W, 3) RGB.

    Raises ClipRejected when a frame cannot be decoded, frames differ in size, or too many are missing.
    """
    wanted = limits.frames_to_read(source.frames_total, source.frame_pixels)
    clip_rgb: NDArray[np.uint8] | None = None
    count = 0
    for frame_rgb in source.frames(range(wanted)):
        if clip_rgb is None:
            clip_rgb = np.empty((wanted, *frame_rgb.shape), np.uint8)
        if frame_rgb.shape != clip_rgb.shape[1:]:
            raise ClipRejected(SkipReason.UNREADABLE, "The frames of this file differ in size.")
        clip_rgb[count] = frame_rgb
        count += 1
    if clip_rgb is None or count < _COMPLETE_SHARE * wanted:
        text = f"The file is truncated: {count} of the {wanted} frames that were to be read could be decoded."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    return clip_rgb[:count]
