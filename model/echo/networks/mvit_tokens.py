"""Tokens of an MViT as rows, and their pooling as pictures. Slow twin: `torchvision.models.video.mvit.Pool`."""

from typing import NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional

from model.echo.networks.torchvision_networks import Pool

Grid = tuple[int, int, int]  # patches of a clip: time, rows, columns


class Tokens(NamedTuple):
    """Tokens of a batch of clips.

    rows: (B·T·H·W + B, C) the patches of all clips in the order of (B, T, H, W), then the class token of each.
    clips: B. grid: (T, H, W).
    """

    rows: torch.Tensor
    clips: int
    grid: Grid

    @property
    def patches(self) -> torch.Tensor:
        """(B, T, H, W, C): the patches, a view."""
        return self.rows[: -self.clips].view(self.clips, *self.grid, -1)

    @property
    def classes(self) -> torch.Tensor:
        """(B, C): the class tokens, a view."""
        return self.rows[-self.clips :]


def volumes(patches: torch.Tensor) -> torch.Tensor:
    """(B, C, T, H, W) channels last: a view of patches (B, T, H, W, C)."""
    return patches.permute(0, 4, 1, 2, 3)


def pooled_maximum(tokens: Tokens, pool: nn.MaxPool3d) -> torch.Tensor:
    """Rows as in Tokens: the patches' maxima over space, the class tokens as they are."""
    kernel, stride, padding = (cast(Grid, size)[1:] for size in (pool.kernel_size, pool.stride, pool.padding))
    frames = volumes(tokens.patches).transpose(1, 2).flatten(0, 1)  # 2-D maxima know channels last, 3-D ones do not
    smaller = functional.max_pool2d(frames, kernel, stride, padding)
    return torch.cat((smaller.permute(0, 2, 3, 1).flatten(0, 2), tokens.classes))


class ProjectedPooling(nn.Module):
    """A linear layer, then a pooling with its norm: what makes queries, keys or values of tokens.

    The heads are pooled together, as channels of one volume that lies in memory as its tokens do. Where the stride
    exceeds the kernel, what no window covers is never projected.
    """

    kernel: torch.Tensor
    rows_seen: torch.Tensor
    columns_seen: torch.Tensor

    def __init__(self, pool: Pool, grid: Grid, heads: int) -> None:
        super().__init__()
        weight = pool.pool.weight.detach()  # (width, 1, frames, rows, columns), the same for each head
        self.register_buffer("kernel", weight.repeat(heads, 1, 1, 1, 1), persistent=False)
        self.norm = pool.norm_act[0]
        self.heads = heads
        size, step, self.padding = weight.shape[2:], pool.pool.stride, pool.pool.padding
        _, rows, columns = (positions_seen(*each) for each in zip(grid, size, step, self.padding, strict=True))
        self.register_buffer("rows_seen", rows, persistent=False)
        self.register_buffer("columns_seen", columns, persistent=False)
        self.all_seen = (len(rows), len(columns)) == grid[1:]
        self.stride = tuple(map(min, step, size))
        self.grid_after = cast(Grid, tuple((side - 1) // each + 1 for side, each in zip(grid, step, strict=True)))

    def forward(self, tokens: Tokens, weight: torch.Tensor, bias: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(patches (B, n, heads, width), class tokens (B, heads, width)), normalised per head."""
        seen = tokens.patches
        if not self.all_seen:
            seen = seen.index_select(2, self.rows_seen).index_select(3, self.columns_seen)
        projected = volumes(functional.linear(seen, weight, bias))
        pooled = functional.conv3d(projected, self.kernel, None, self.stride, self.padding, groups=projected.shape[1])
        patches = pooled.permute(0, 2, 3, 4, 1).reshape(tokens.clips, -1, self.heads, pooled.shape[1] // self.heads)
        return self.norm(patches), self.classes(tokens, weight, bias)

    def classes(self, tokens: Tokens, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """(B, heads, width): the class tokens projected and normalised; they are not pooled."""
        projected = functional.linear(tokens.classes, weight, bias)
        return cast(torch.Tensor, self.norm(projected.view(tokens.clips, self.heads, -1)))


def positions_seen(size: int, kernel: int, stride: int, padding: int) -> torch.Tensor:
    """int64: the positions 0..size-1 that any window of a pooling covers. Windows of those alone lie `kernel` apart."""
    starts = range(-padding, size + padding - kernel + 1, stride)
    seen = {position for start in starts for position in range(start, start + kernel)}
    return torch.tensor(sorted(seen & set(range(size))))
