"""The transformer that decoder and text encoder share: RMSNorm, rotary positions, SDPA, no biases."""

import torch
from torch import nn
from torch.nn import functional

from model.report.decoder.kv_cache import Memory

ROTARY_BASE = 10_000.0  # Su et al. 2021, RoFormer, section 3.3
NORM_EPSILON = 1e-6  # Zhang and Sennrich 2019, RMSNorm, as the common implementations set it
_FEW_ROWS = 64  # a decoding step of four studies of 15 sections; what reads whole prefixes is left to `linear`
FEED_FORWARD_RATIO = 4  # Vaswani et al. 2017, section 3.3

Rotation = tuple[torch.Tensor, torch.Tensor]


def rotation(positions: torch.Tensor, head_width: int) -> Rotation:
    """Cosines and sines, float32 (T, head_width/2) each, of the angles by which positions turn queries and keys.

    positions: int64 (T,).
    """
    steps = torch.arange(0, head_width, 2, device=positions.device, dtype=torch.float32) / head_width
    angles = positions.float()[:, None] * torch.pow(torch.full_like(steps, ROTARY_BASE), -steps)
    return angles.cos(), angles.sin()


def rotate(heads: torch.Tensor, turn: Rotation) -> torch.Tensor:
    """(..., T, W/H) with each half-pair of channels turned by its position's angle."""
    cosine, sine = (part.to(heads.dtype) for part in turn)
    first, second = heads.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def project(weight: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """(..., out): hidden (..., in) by a weight (out, in), as `linear` does.

    On a CPU `linear` in bfloat16 first copies the whole weight into another layout. For few rows the transposed product
    takes only 0.5 to 0.9 of that time (LOG L-073). The result is the same up to rounding.
    """
    rows = hidden.shape[:-1].numel()
    if hidden.device.type != "cpu" or hidden.dtype != torch.bfloat16 or rows > _FEW_ROWS:
        return functional.linear(hidden, weight)
    return (weight @ hidden.reshape(rows, -1).T).T.reshape(*hidden.shape[:-1], -1)


class Attention(nn.Module):
    """Multi-head attention over the input and whatever a memory remembers."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)

    def forward(
        self, hidden: torch.Tensor, turn: Rotation, mask: torch.Tensor | None, memory: Memory | None, layer: int
    ) -> torch.Tensor:
        """(R, T, W); mask: bool (R, 1, T or 1, keys), True where a key may be read; None reads all."""
        rows, length, width = hidden.shape
        projected = project(self.project_in.weight, hidden).view(rows, length, 3, self.heads, width // self.heads)
        heads = projected.permute(2, 0, 3, 1, 4)  # queries, keys and values, each (R, H, T, W/H)
        (queries, keys), values = rotate(heads[:2], turn), heads[2]
        if memory is not None:
            keys, values = memory.extend(layer, keys, values)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return project(self.project_out.weight, mixed.transpose(1, 2).reshape(rows, length, width))


class Block(nn.Module):
    """Attention and feed-forward network, each on the normalised residual stream."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(width, eps=NORM_EPSILON)
        self.attention = Attention(width, heads)
        self.feed_forward_norm = nn.RMSNorm(width, eps=NORM_EPSILON)
        self.expand = nn.Linear(width, FEED_FORWARD_RATIO * width, bias=False)
        self.contract = nn.Linear(FEED_FORWARD_RATIO * width, width, bias=False)

    def forward(
        self, hidden: torch.Tensor, turn: Rotation, mask: torch.Tensor | None, memory: Memory | None, layer: int
    ) -> torch.Tensor:
        """(R, T, W); arguments as in Attention."""
        hidden = hidden + self.attention(self.attention_norm(hidden), turn, mask, memory, layer)
        expanded = project(self.expand.weight, self.feed_forward_norm(hidden))
        return hidden + project(self.contract.weight, functional.gelu(expanded))


class Transformer(nn.Module):
    """A stack of blocks with a last normalisation."""

    def __init__(self, *, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.head_width = width // heads
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width, eps=NORM_EPSILON)

    def forward(
        self,
        hidden: torch.Tensor,
        positions: torch.Tensor,
        *,
        mask: torch.Tensor | None = None,
        memory: Memory | None = None,
    ) -> torch.Tensor:
        """(R, T, W) normalised; positions: int64 (T,), equal in all rows; mask as in Attention."""
        cosine, sine = rotation(positions, self.head_width)
        turn = cosine.to(hidden.dtype), sine.to(hidden.dtype)
        for layer, block in enumerate(self.blocks):
            hidden = block(hidden, turn, mask, memory, layer)
        out: torch.Tensor = self.norm(hidden)
        return out


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Draws every weight of a network afresh: normal with std 0.02, projections back to the stream shrunk by depth.

    Source: Radford et al. 2019 (GPT-2), section 2.3.
    """
    depth = sum(isinstance(part, Block) for part in module.modules())
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if weight.ndim < 2:
                continue  # norms and scales keep the value they were built with
            shrink = (2 * depth) ** -0.5 if name.endswith(("project_out.weight", "contract.weight")) else 1.0
            weight.normal_(0.0, 0.02 * shrink, generator=generator)
