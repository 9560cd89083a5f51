"""A clip encoder of 2-D convolutions: the frames of a clip are channels of one picture.

It is far cheaper on a CPU than attention over space and time, and it is enough for a clip that begins anywhere in a
beat. Beside the frames it reads the brightest and the darkest value of each pixel over time; they differ where
something has moved.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from model.echo.networks.residual import ResidualBlock

_EXTREMES = 2  # brightest and darkest over time


class PlanarEncoder(nn.Module):
    """Residual network over frames as channels; its last layer keeps where things are."""

    def __init__(self, *, frames: int, image_size: int, widths: Sequence[int], narrow: int, embedding_dim: int) -> None:
        super().__init__()
        first = widths[0]
        channels = picture_channels(frames)
        self.stem = nn.Sequential(nn.Conv2d(channels, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        blocks, before, side = [], first, (image_size + 1) // 2
        for width in widths:
            blocks.append(ResidualBlock(before, width, 2))
            before, side = width, -(-side // 2)
        blocks.append(ResidualBlock(before, before, 1))
        self.blocks = nn.Sequential(*blocks)
        neck = nn.Sequential(nn.Conv2d(before, narrow, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU())
        embed = nn.Linear(narrow * side * side, embedding_dim)
        nn.init.normal_(embed.weight, std=1e-3)  # a clip says nothing yet: its vector begins near zero
        nn.init.zeros_(embed.bias)
        self.head = nn.Sequential(neck, nn.Flatten(), nn.Dropout(0.1), embed)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """(B, embedding_dim), of free length. clips: (B, 3, F, S, S) normalised, or their pictures (B, C, S, S)."""
        picture = clips if clips.ndim == 4 else planar_picture(clips)
        out: torch.Tensor = self.head(self.blocks(self.stem(picture)))
        return out


def picture_channels(frames: int) -> int:
    """Channels of a picture: grey and colour of every second frame, of the brightest and of the darkest."""
    return 2 * (-(-frames // 2) + _EXTREMES)


def planar_picture(clips: torch.Tensor) -> torch.Tensor:
    """(B, C, S, S): what a planar encoder sees of clips, grey channels first. clips: (B, 3, F, S, S) normalised RGB.

    Grey is the mean of the colours. Colour is red less blue, which separates flow towards the probe from flow away from
    it. Every second frame is read; the extremes are of all frames.
    """
    pair = torch.stack((clips.mean(1), clips[:, 0] - clips[:, 2]), dim=1)  # (B, 2, F, S, S)
    extremes = torch.stack((pair.amax(2), pair.amin(2)), dim=2)
    return torch.cat((pair[:, :, ::2], extremes), dim=2).flatten(1, 2)


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
    """Configuration of the default encoder. Source: LOG L-022, chosen by measurement beside the small MViT."""
    return {
        "architecture": "planar",
        "image_size": image_size,
        "frames": frames,
        "embedding_dim": embedding_dim,
        "widths": [64, 96, 160, 224],
        "narrow": 96,  # channels that keep their place; without it, the last layer holds most of the weights
    }
