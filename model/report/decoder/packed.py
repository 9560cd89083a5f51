"""Whole rows read at once without padding: the forward pass of training. Its slow twin is `Decoder.forward`.

All tokens of a batch lie end to end wherever each is computed on its own (projections, norms, feed-forward), which is
most of the work; only attention sees rows, and these are as long as the longest has tokens.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from model.report.decoder.attention import Block, Rotation, rotate, rotation
from model.report.decoder.copying import CopySource
from model.report.decoder.decoder import Decoder
from model.report.decoder.prefix import RowTensors, StudyTensors

_SHARED, _OWN, _TEXT, _PADDING = range(4)  # parts of a row, each reading itself and those before it


@dataclass(frozen=True, eq=False)
class _Packing:
    """Where N tokens lie in R rows of L. place: int64 (N,) in R · L. mask: bool (R, 1, L, L), True where may be read.

    turn: of each token's position, (N, 1, head/2) each.
    """

    rows: int
    length: int
    place: torch.Tensor
    mask: torch.Tensor
    turn: Rotation

    def spread(self, tokens: torch.Tensor) -> torch.Tensor:
        """(R, L, ...) of tokens (N, ...), zeros on padding."""
        empty = tokens.new_zeros(self.rows * self.length, *tokens.shape[1:])
        return empty.index_copy(0, self.place, tokens).view(self.rows, self.length, *tokens.shape[1:])

    def gathered(self, spread: torch.Tensor) -> torch.Tensor:
        """(N, ...) of tokens that lie in rows (R, L, ...)."""
        return spread.flatten(0, 1).index_select(0, self.place)


def read_packed(
    decoder: Decoder, studies: StudyTensors, rows: RowTensors, text: torch.Tensor, counted: torch.Tensor
) -> tuple[torch.Tensor, CopySource]:
    """What `Decoder.forward` returns: hidden states (R, T, W), zeros where not counted, and the evidence.

    text: int64 (R, T). counted: bool (R, T), False on padding.
    """
    shared, own = decoder.embed_studies(studies)[rows.study], decoder.embed_rows(rows)
    before = shared.shape[1] + own.shape[1]
    always = rows.valid.new_ones(len(text), shared.shape[1] + 1)
    valid = torch.cat([always, rows.valid, counted], 1)
    hidden = torch.cat([shared, own, decoder.token(text)], 1)[valid]
    packing = _packed(decoder, valid, before)
    for block in decoder.transformer.blocks:
        assert isinstance(block, Block)
        hidden = _read_block(block, hidden, packing)
    hidden = decoder.transformer.norm(hidden)
    whole = hidden.new_zeros(*valid.shape, hidden.shape[-1])
    whole = whole.masked_scatter(valid[..., None], hidden)
    evidence = whole[:, shared.shape[1] + 1 : before]
    return whole[:, before:], decoder.copy_source(rows, evidence)


def _packed(decoder: Decoder, valid: torch.Tensor, before: int) -> _Packing:
    """The packing of rows of which some places are padding. valid: bool (R, places), text from `before` on."""
    shared = decoder.config.shared_length
    device = valid.device
    places = torch.arange(valid.shape[1], device=device)
    positions = torch.where(places < before, places, places - before + decoder.config.text_position)
    part = (places >= shared).long() + (places >= before).long()
    row, at = torch.nonzero(valid, as_tuple=True)
    within = (valid.long().cumsum(1) - 1)[row, at]
    length = int(within.max()) + 1 if len(within) else 0
    parts = torch.full((len(valid), length), _PADDING, device=device)
    parts[row, within] = part[at]
    backwards = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    reader, read = parts[:, :, None], parts[:, None, :]
    mask = (read <= reader) & ((reader < _TEXT) | backwards)
    cosine, sine = rotation(positions[at], decoder.transformer.head_width)
    return _Packing(len(valid), length, row * length + within, mask[:, None], (cosine[:, None], sine[:, None]))


def _read_block(block: Block, hidden: torch.Tensor, packing: _Packing) -> torch.Tensor:
    """(N, W): a block of the transformer on packed tokens."""
    attention = block.attention
    width = hidden.shape[-1]
    projected = functional.linear(block.attention_norm(hidden), attention.project_in.weight)
    heads = projected.view(len(hidden), 3, attention.heads, width // attention.heads)
    turned = torch.cat([rotate(heads[:, :2].flatten(1, 2), packing.turn).view_as(heads[:, :2]), heads[:, 2:]], 1)
    queries, keys, values = packing.spread(turned).permute(2, 0, 3, 1, 4)  # each (R, H, L, W/H)
    mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=packing.mask)
    own = packing.gathered(mixed.transpose(1, 2)).reshape(len(hidden), width)
    hidden = hidden + functional.linear(own, attention.project_out.weight)
    expanded = functional.gelu(functional.linear(block.feed_forward_norm(hidden), block.expand.weight))
    return hidden + functional.linear(expanded, block.contract.weight)
