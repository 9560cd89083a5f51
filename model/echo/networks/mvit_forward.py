"""The forward pass of torchvision's MViT v2, rewritten for speed: the same weights, the same numbers, no gradients.

What differs from torchvision's, and why:

1. Tokens are rows: the patches of all clips, then their class tokens. Nothing is split and joined around class tokens.
2. Pooling convolves all heads at once in channels-last volumes. Tokens have that order in memory already, so nothing is
   transposed.
3. The bias of a query at (t, h, w) towards a key at (t', h', w') is a sum of three products with tables. The products
   are appended to the query and one-hot positions to the key. Plain fused attention then adds the bias.
4. Keys and values are computed only at positions that a strided pooling reads.
5. The last block computes only class tokens.
6. In bfloat16 the residual stream stays float32, because rounding errors would add up there.

Slow twin: torchvision's own forward pass. Source: MViTv2, Li et al. 2022, sections 3 and 4.
"""

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from model.echo.networks.mvit_tokens import Grid, ProjectedPooling, Tokens, pooled_maximum
from model.echo.networks.torchvision_networks import MultiscaleAttention, MultiscaleBlock, MViT

_ROWS_AT_ONCE = 4096  # of an MLP: its hidden rows then stay in the cache (LOG 2026-11-22)
# Up to so many keys the scores of some queries at a time stay in the cache of a CPU, and two plain products beat fused
# attention; beyond, it is the other way round (LOG L-028).
_FEW_KEYS, _QUERIES_AT_ONCE = 512, 2048
_WIDTH_STEP = 32  # queries are padded to a multiple of this: a row of 32 bf16 values fills an AMX tile


def has_fused_form(network: nn.Module) -> bool:
    """Whether this forward pass knows the network: an MViT v2 that pools queries, keys and values in space."""
    return isinstance(network, MViT) and all(
        block.proj_after_attn
        and block.attn.rel_pos_h is not None
        and block.attn.residual_pool
        and not block.attn.residual_with_cls_embed
        and all(
            pool is not None and pool.pool.stride[0] == 1 and _odd(pool.pool.kernel_size)
            for pool in (block.attn.pool_q, block.attn.pool_k, block.attn.pool_v)
        )
        for block in network.blocks
    )


def _odd(kernel: tuple[int, ...]) -> bool:
    return all(size % 2 for size in kernel)


class FusedMViT(nn.Module):
    """torchvision's MViT v2 with a faster forward pass: (B, 3, F, S, S) → (B, D). Weights are shared, not copied."""

    def __init__(self, network: MViT) -> None:
        super().__init__()
        self.patch_projection = network.conv_proj
        self.class_token = network.pos_encoding.class_token
        self.grid: Grid = (network.pos_encoding.temporal_size, *network.pos_encoding.spatial_size)
        self.blocks = nn.ModuleList()
        grid = self.grid
        for number, block in enumerate(network.blocks, start=1):
            fused = FusedBlock(block, grid, class_only=number == len(network.blocks))
            self.blocks.append(fused)
            grid = fused.attention.grid_after
        self.norm = network.norm
        self.head = network.head[-1]
        self.eval()

    @torch.no_grad()
    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """(B, D): the embeddings. clips: (B, 3, F, S, S) normalised, of the weights' dtype."""
        patches = self.patch_projection(clips.contiguous(memory_format=torch.channels_last_3d))
        rows = patches.permute(0, 2, 3, 4, 1).flatten(0, 3)
        rows = torch.cat((rows, self.class_token.expand(len(clips), -1))).float()
        tokens = Tokens(rows, len(clips), self.grid)
        for block in self.blocks:
            tokens = block(tokens)
        return cast(torch.Tensor, self.head(normalise(self.norm, tokens.classes)))


class FusedBlock(nn.Module):
    """One block. class_only: nothing but class tokens leaves it, the patches' answers are never computed."""

    def __init__(self, block: MultiscaleBlock, grid: Grid, *, class_only: bool) -> None:
        super().__init__()
        self.norm1, self.norm2, self.project = block.norm1, block.norm2, block.project
        self.attention = FusedAttention(block.attn, grid, class_only=class_only)
        self.widen, self.narrow = block.mlp[0], block.mlp[3]
        self.skip = None if block.pool_skip is None else block.pool_skip.pool
        self.class_only = class_only

    def forward(self, tokens: Tokens) -> Tokens:
        """The tokens after attention and MLP, each with its residual."""
        normed = Tokens(normalise(self.norm1, tokens.rows), tokens.clips, tokens.grid)
        attended = self.attention(normed)
        passed = tokens if self.project is None else normed
        if self.class_only:
            passed = Tokens(passed.classes, passed.clips, (0, 0, 0))
        if self.project is not None:
            passed = Tokens(self.project(passed.rows), passed.clips, passed.grid)
        kept = passed.rows if self.skip is None or self.class_only else pooled_maximum(passed, self.skip)
        rows = attended.rows.float().add_(kept)
        for part in torch.split(rows, _ROWS_AT_ONCE):
            part.add_(self.narrow(torch.ops.aten.gelu_(self.widen(normalise(self.norm2, part)))))
        return Tokens(rows, tokens.clips, attended.grid)


def normalise(norm: nn.LayerNorm, rows: torch.Tensor) -> torch.Tensor:
    """The rows, which are float32, normalised in float32; in the dtype of the weights."""
    weight, bias = norm.weight.float(), norm.bias.float()
    return functional.layer_norm(rows, norm.normalized_shape, weight, bias, norm.eps).to(norm.weight.dtype)


class FusedAttention(nn.Module):
    """Pooling attention with relative positions and residual queries."""

    key_place: torch.Tensor
    table: torch.Tensor
    table_row: torch.Tensor

    def __init__(self, attention: MultiscaleAttention, grid: Grid, *, class_only: bool) -> None:
        super().__init__()
        self.heads, self.width = attention.num_heads, attention.head_dim
        self.class_only = class_only
        self.qkv, self.output = attention.qkv, attention.project[0]
        self.pool_q, self.pool_k, self.pool_v = (
            ProjectedPooling(pool, grid, self.heads) for pool in (attention.pool_q, attention.pool_k, attention.pool_v)
        )
        self.grid_after, grid_keys = self.pool_q.grid_after, self.pool_k.grid_after
        table, row = relative_positions(attention, self.grid_after, grid_keys)
        # Attention divides by √width what is appended to the query; the tables are multiplied by it beforehand.
        self.register_buffer("table", table * self.width**0.5, persistent=False)
        self.register_buffer("table_row", row, persistent=False)
        self.register_buffer("key_place", one_hot_places(grid_keys), persistent=False)
        self.padded = -(-(self.width + sum(grid_keys)) // _WIDTH_STEP) * _WIDTH_STEP

    def forward(self, tokens: Tokens) -> Tokens:
        """Attention over each clip's tokens, projected. Only class tokens where nothing else is wanted."""
        q, k, v = zip(self.qkv.weight.chunk(3), self.qkv.bias.chunk(3), strict=True)
        patches, classes = self.pool_k(tokens, *k)
        keys = self._join(patches, classes, self.key_place[:, None])
        patches, classes = self.pool_v(tokens, *v)
        values = torch.cat((classes[:, None], patches), dim=1)
        if self.class_only:
            queries = functional.pad(self.pool_q.classes(tokens, *q)[:, None], (0, self.padded - self.width))
            rows = self._attend(queries, keys, values).flatten(1)
            return Tokens(self.output(rows), tokens.clips, (0, 0, 0))
        patches, classes = self.pool_q(tokens, *q)
        products = functional.linear(patches, self.table)  # (B, T·H·W, heads, distances)
        biases = products.gather(3, self.table_row[None, :, None].expand(*patches.shape[:3], -1))
        attended = self._attend(self._join(patches, classes, biases), keys, values)
        rows = patches.new_empty(tokens.clips * attended.shape[1], self.heads * self.width)
        after = Tokens(rows, tokens.clips, self.grid_after)
        torch.add(attended[:, 1:], patches, out=rows[: -tokens.clips].view(patches.shape))
        after.classes[:] = attended[:, 0].flatten(1)
        return Tokens(self.output(rows), tokens.clips, self.grid_after)

    def _join(self, patches: torch.Tensor, classes: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        """(B, 1 + n, heads, padded): class tokens first; `tail` follows the patches' values, zeros all others.

        patches: (B, n, heads, width). classes: (B, heads, width). tail: broadcasts to (B, n, heads, places).
        """
        joined = patches.new_empty(patches.shape[0], patches.shape[1] + 1, self.heads, self.padded)
        end = self.width + tail.shape[-1]
        joined[:, 0, :, : self.width] = classes
        joined[:, 0, :, self.width :] = 0
        joined[:, 1:, :, : self.width] = patches
        joined[:, 1:, :, self.width : end] = tail
        joined[:, 1:, :, end:] = 0
        return joined

    def _attend(self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """(B, queries, heads, width). queries, keys: (B, n, heads, padded); values: (B, n, heads, width)."""
        q, k, v = (part.transpose(1, 2) for part in (queries, keys, values))
        if q.device.type == "cpu" and k.shape[2] <= _FEW_KEYS:
            return _attended_in_parts(q, k, v, self.width**-0.5).transpose(1, 2)
        v = functional.pad(v, (0, self.padded - self.width))  # all three of one width, else nothing is fused
        attended = functional.scaled_dot_product_attention(q, k, v, scale=self.width**-0.5)
        return attended.transpose(1, 2)[..., : self.width]


def _attended_in_parts(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """(B, heads, queries, width): attention with its scores written out, some queries at a time."""
    keys, values = (k * scale).transpose(2, 3), v.contiguous()
    attended = q.new_empty(*q.shape[:3], v.shape[3])
    parts = (torch.split(each, _QUERIES_AT_ONCE, dim=2) for each in (q, attended))
    for some, answer in zip(*parts, strict=True):
        torch.matmul((some @ keys).softmax(dim=-1), values, out=answer)
    return attended


def relative_positions(
    attention: MultiscaleAttention, grid: Grid, grid_keys: Grid
) -> tuple[torch.Tensor, torch.Tensor]:
    """(table (rows, width), row int64 (T·H·W, T' + H' + W')): per query position, its row for each key coordinate.

    The published distances: queries and keys on the finer of both grids, scaled; shorter tables are interpolated.
    """
    stored = (attention.rel_pos_t, attention.rel_pos_h, attention.rel_pos_w)
    tables, rows, start = [], [], 0
    shape = (*grid, -1)
    for axis, (size, size_keys, table) in enumerate(zip(grid, grid_keys, stored, strict=True)):
        fitted = _interpolate(table.detach(), 2 * max(size, size_keys) - 1)
        step, step_keys = max(size_keys / size, 1.0), max(size / size_keys, 1.0)
        distance = torch.arange(size)[:, None] * step - (torch.arange(size_keys) + (1.0 - size_keys)) * step_keys
        along = [1, 1, 1, size_keys]
        along[axis] = size
        rows.append((distance.long() + start).view(along).expand((*shape[:3], size_keys)).flatten(0, 2))
        tables.append(fitted)
        start += len(fitted)
    return torch.cat(tables), torch.cat(rows, dim=1)


def _interpolate(table: torch.Tensor, length: int) -> torch.Tensor:
    """(length, width): the table at that length, linearly."""
    if len(table) == length:
        return table
    return functional.interpolate(table.T[None], size=length, mode="linear")[0].T


def one_hot_places(grid: Grid) -> torch.Tensor:
    """float32 (T·H·W, T + H + W): for each key, ones at its time, row and column."""
    coordinates = torch.meshgrid(*(torch.arange(size) for size in grid), indexing="ij")
    places = [functional.one_hot(axis.flatten(), size) for axis, size in zip(coordinates, grid, strict=True)]
    return torch.cat(places, dim=1).float()
