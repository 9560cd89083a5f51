"""A clip encoder of 2-D convolutions: the frames of a clip are channels of one picture.

Far cheaper on a CPU than attention over space and time, and enough for a clip that begins anywhere in a beat: beside
the frames it sees the brightest and the darkest of each pixel over time, between which lies what has moved.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

_COLOURS = 3
_EXTREMES = 2  # brightest and darkest over time


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut: nn.Module = nn.Identity()
        if before != after or stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, after, H / stride, W / stride)."""
        return torch.relu(self.path(x) + self.shortcut(x))


class PlanarEncoder(nn.Module):
    """Residual network over frames as channels; its last layer keeps where things are."""

    def __init__(self, *, frames: int, image_size: int, widths: Sequence[int], narrow: int, embedding_dim: int) -> None:
        super().__init__()
        channels = _COLOURS * (frames + _EXTREMES)
        first = widths[0]
        self.stem = nn.Sequential(nn.Conv2d(channels, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        strides = [1] + [2] * (len(widths) - 1)
        blocks, before, side = [], first, (image_size + 1) // 2
        for width, stride in zip(widths, strides, strict=True):
            blocks.append(ResidualBlock(before, width, stride))
            before, side = width, -(-side // stride)
        blocks.append(ResidualBlock(before, before, 1))
        self.blocks = nn.Sequential(*blocks)
        neck = nn.Sequential(nn.Conv2d(before, narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU())
        embed = nn.Linear(narrow * side * side, embedding_dim)
        nn.init.normal_(embed.weight, std=1e-3)  # a clip says nothing yet: its vector begins near zero
        nn.init.zeros_(embed.bias)
        self.head = nn.Sequential(neck, nn.Flatten(), nn.Dropout(0.1), embed)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """(B, embedding_dim), of free length. clips: (B, 3, F, S, S) normalised."""
        picture = torch.cat([clips.flatten(1, 2), clips.amax(2), clips.amin(2)], dim=1)
        out: torch.Tensor = self.head(self.blocks(self.stem(picture)))
        return out


def build_planar_encoder(config: Mapping[str, Any]) -> PlanarEncoder:
    """The network of a configuration made by `planar_encoder`."""
    return PlanarEncoder(
        frames=int(config["frames"]),
        image_size=int(config["image_size"]),
        widths=tuple(int(width) for width in config["widths"]),
        narrow=int(config["narrow"]),
        embedding_dim=int(config["embedding_dim"]),
    )


def planar_encoder(image_size: int = 112, frames: int = 16, embedding_dim: int = 360) -> dict[str, Any]:
    """Configuration of the default encoder. Source: LOG 2026-11-22, chosen by measurement beside the small MViT."""
    return {
        "architecture": "planar",
        "image_size": image_size,
        "frames": frames,
        "embedding_dim": embedding_dim,
        "widths": [48, 64, 128, 224],
        "narrow": 96,  # channels that keep their place; without it, the last layer holds most of the weights
    }
