"""What the tracer reads of a clip: its own, tighter square of frames, and where that lies in the file."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.sector_geometry.pictures import Shown
from model.echo.tracing.clip_trace import TracedPicture
from model.echo.tracing.crop import CropPlace, tracer_box, tracer_frames
from model.study import Clip

_USUAL_RATE_HZ = 30.0  # of a clip that states none, and of a preprocessing without a rate of its own


@dataclass(frozen=True)
class TracerCut:
    """size: pixels a side that the tracer reads. stored: height and width of the file's frames."""

    size: int
    stored: tuple[int, int]

    def of(
        self, clip: Clip, frames: torch.Tensor, shown: Shown, numbers: Sequence[int], config: EchoPreprocessing
    ) -> TracedPicture:
        """The frames of those numbers, as many seconds apart as the encoder's. frames: those that were read."""
        target = config.target_frame_rate_hz or clip.frame_rate_hz or _USUAL_RATE_HZ
        return self._picture(clip, frames, shown, numbers, config.stride / target)

    def of_all(self, clip: Clip, frames: torch.Tensor, shown: Shown) -> TracedPicture:
        """Every frame that was read."""
        numbers = range(len(frames)) if clip.frame_numbers is None else clip.frame_numbers
        return self._picture(clip, frames, shown, numbers, 1 / (clip.frame_rate_hz or _USUAL_RATE_HZ))

    def _picture(
        self, clip: Clip, frames: torch.Tensor, shown: Shown, numbers: Sequence[int], step_s: float
    ) -> TracedPicture:
        height, width = frames.shape[1:3]
        scale = (self.stored[1] / width, self.stored[0] / height)
        box = tracer_box(shown)
        place = CropPlace(box, self.size, shown.upside_down, shown.mirrored, scale)
        grey = tracer_frames(frames, tuple(clip.rows_of(numbers)), shown, place)
        return TracedPicture(grey=grey, frames=tuple(numbers), step_s=step_s, place=place, pixel_cm=clip.pixel_cm)
