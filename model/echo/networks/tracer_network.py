"""The tracer's network: a short run of frames in, the chamber of every pixel in each of these frames out."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.functional import interpolate

from model.echo.networks.residual import ResidualBlock
from model.echo.tracing.chambers import CLASSES


class TracerNetwork(nn.Module):
    """A residual U-Net (Ronneberger et al. 2015) over frames as channels.

    It reads and traces a run at once. The frames of a run share all but the last layer: a clip costs a third of what it
    would frame by frame, and outlines of different moments grow alike. That cost 7 points of ejection fraction
    (LOG L-093), so the default's runs are of one frame.
    """

    def __init__(self, *, frames: int, widths: Sequence[int]) -> None:
        super().__init__()
        first = widths[0]
        self.frames = frames
        self.stem = nn.Sequential(nn.Conv2d(frames, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        self.down = nn.ModuleList([ResidualBlock(first, first, 1)])
        for before, width in pairwise(widths):
            self.down.append(nn.Sequential(ResidualBlock(before, width, 2), ResidualBlock(width, width, 1)))
        steps = [*pairwise(widths)][::-1]
        self.narrow = nn.ModuleList([nn.Conv2d(below, width, 1, bias=False) for width, below in steps])
        self.up = nn.ModuleList([ResidualBlock(2 * width, width, 1) for width, _ in steps])
        # Four sub-pixels of each: the picture's own resolution without a layer at it (Shi et al. 2016).
        outputs = 4 * frames * CLASSES
        self.head = nn.Sequential(
            nn.Conv2d(first, 48, 3, 1, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU(), nn.Conv2d(48, outputs, 1)
        )

    def forward(self, runs: torch.Tensor) -> torch.Tensor:
        """(B, F, classes, S, S) logits. runs: (B, F, S, S) normalised grey."""
        kept = [self.stem(runs)]
        for layer in self.down:
            kept.append(layer(kept[-1]))
        out = kept.pop()
        for narrow, join in zip(self.narrow, self.up, strict=True):
            beside = kept.pop()
            out = interpolate(narrow(out), size=beside.shape[-2:], mode="bilinear", align_corners=False)
            out = join(torch.cat((out, beside), dim=1))
        logits: torch.Tensor = nn.functional.pixel_shuffle(self.head(out), 2)
        return logits.reshape(len(logits), self.frames, CLASSES, *logits.shape[-2:])


def build_tracer_network(config: Mapping[str, Any]) -> TracerNetwork:
    """The network of a configuration made by `tracer_network`. Raises KeyError or ValueError."""
    return TracerNetwork(frames=int(config["frames"]), widths=tuple(int(width) for width in config["widths"]))


def tracer_network(image_size: int = 128) -> dict[str, Any]:
    """Configuration of the default tracer: 1.5 million weights."""
    return {"architecture": "residual_unet", "image_size": image_size, "frames": 1, "widths": [24, 48, 96, 144]}
