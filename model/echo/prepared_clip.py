"""A clip that was prepared for the two networks of echo."""

from dataclasses import dataclass

import torch

from model.echo.tracing.clip_trace import TracedPicture
from model.embeddings import PreparedAcquisition
from model.study import Source


@dataclass(frozen=True, eq=False, kw_only=True)
class PreparedClip(PreparedAcquisition):
    """A clip ready for the networks. model_input: float32 (3, 16, H, W) normalised.

    view_input: float32 (F, C, H, W) the F frames the view classifier reads, normalised alike.
    start_frame: first source frame of the window that was chosen, 0-based.
    source: what the clip was read from.
    traced: what the tracer reads of it; None in a bundle without one.
    """

    view_input: torch.Tensor
    start_frame: int
    source: Source = "video"
    traced: TracedPicture | None = None
