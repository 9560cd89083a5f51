"""What every reader offers: a clip that was opened but not decoded, and how it is read: whole, or what is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import ClipWarning, FramePlan, FrameRateSource, SkipReason, Source
from service.ingest.clip_memory import ClipMemory
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

    @property
    def frame_rate_source(self) -> FrameRateSource:
        """Where that rate was found; "assumed" where there is none."""

    @property
    def warnings(self) -> tuple[ClipWarning, ...]:
        """What was noticed that the reader of the answer must know; complete once the frames are read."""

    @property
    def levels_need_every_frame(self) -> bool:
        """A frame's grey levels depend on which others are read with it."""

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        """Puts the frames of those 0-based indices, which must ascend, into the rows of the memory, in their order.

        Ends early where a video holds fewer frames than it states. Raises ClipRejected where a frame cannot be decoded.
        """


@dataclass(frozen=True, eq=False)
class FramesRead:
    """What was read of a clip.

    frames_rgb: uint8 (T, H, W, 3) RGB. numbers: which frames they are, None for the first T, every one.
    readable: how many frames could have been read.
    """

    frames_rgb: NDArray[np.uint8]
    numbers: tuple[int, ...] | None
    readable: int


def read_needed(source: FrameSource, kind: Source, limits: IngestLimits, plan: FramePlan | None) -> FramesRead:
    """The frames of the plan, or all where there is none; what is there equals what `read_frames` gives.

    A file that holds fewer frames than it states is read whole: the plan would have been another one.
    Raises ClipRejected as `read_frames` does, but faults beyond the last frame that is needed are not noticed.
    """
    readable = limits.frames_to_read(source.frames_total, source.frame_pixels)
    if plan is not None and not source.levels_need_every_frame:
        numbers = tuple(plan(readable, source.frame_rate_hz, kind))
        if len(numbers) < readable:
            frames_rgb = _decode(source, numbers)
            if frames_rgb is not None and len(frames_rgb) == len(numbers):
                return FramesRead(frames_rgb, numbers, readable)
    everything = read_frames(source, limits)
    return FramesRead(everything, None, len(everything))


def read_frames(source: FrameSource, limits: IngestLimits) -> NDArray[np.uint8]:
    """The first frames of a clip, as many as the limits allow: uint8 (T, H, W, 3) RGB.

    Raises ClipRejected when a frame cannot be decoded, frames differ in size, or too many are missing.
    """
    wanted = limits.frames_to_read(source.frames_total, source.frame_pixels)
    clip_rgb = _decode(source, range(wanted))
    count = 0 if clip_rgb is None else len(clip_rgb)
    wanted = limits.frames_to_read(source.frames_total, source.frame_pixels)  # a source may have found that it has less
    if clip_rgb is None or count < _COMPLETE_SHARE * wanted:
        text = f"The file is truncated: {count} of the {wanted} frames that were to be read could be decoded."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    return clip_rgb


def _decode(source: FrameSource, numbers: Sequence[int]) -> NDArray[np.uint8] | None:
    """uint8 (T, H, W, 3): those frames, as many as there are; None where there is none."""
    memory = ClipMemory(len(numbers))
    source.read(numbers, memory)
    return memory.clip_rgb
