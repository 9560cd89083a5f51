"""Residual blocks, and the small view classifier that is made of them."""

from collections.abc import Sequence

import torch
from torch import nn


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


class ResidualClassifier(nn.Module):
    """Picture → logits of its classes. A ConvNeXt of this size learns four times as slowly (LOG 2026-11-22)."""

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        first = widths[0]
        self.stem = nn.Sequential(nn.Conv2d(3, first, 5, 2, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        pairs = zip([first, *widths], widths, strict=False)
        self.blocks = nn.Sequential(*(ResidualBlock(before, after, 2) for before, after in pairs))
        self.classify = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, classes). pictures: (B, 3, S, S) normalised RGB."""
        out: torch.Tensor = self.classify(self.blocks(self.stem(pictures)))
        return out
