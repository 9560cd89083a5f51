"""Pointer-generator: each text token is written by the vocabulary or copied from the evidence.

One softmax runs over a sentinel and all evidence tokens; the sentinel's share is the vocabulary's (See et al. 2017,
equation 9, with the switch of Merity et al. 2016, so that a row without evidence generates with probability 1).
Beside learned queries and keys, an evidence token gets three learned bonuses: one if the tokens before it in its
sentence are exactly those of the sentence that is being written, one for the support of its sentence, and a negative
one if its sentence is in the text already. They compare ids, not embeddings. So wording that training never saw is
copied too, and copied as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

# Starting bonuses, learned from there. The whole beginning is compared: with the last three tokens only, similar
# sentences were spliced ("Normal wall thickness is normal."). LOG L-014 has what was measured, and its confounds.
_CONTINUES = 6.0  # the token continues what the text's sentence has so far
_SAID = -4.0  # its sentence stands in the text already
_SUPPORT = 1.0  # its sentence has full support
# The beginning of a sentence as one number: polynomial hash, small enough that no product leaves int64.
_HASH_BASE = 1_000_003
_HASH_PRIME = 2_147_483_647
START = 0  # of a sentence without any token yet


@dataclass(frozen=True, eq=False)
class CopySource:
    """Evidence of each row, ready to be copied from.

    keys: (R, Q, C). tokens: int64 (R, Q). beginning: int64 (R, Q) hash of what precedes each in its sentence.
    sentence: int64 (R, Q) which evidence sentence a token belongs to. support: float32 (R, Q) of that sentence.
    valid: bool (R, Q) False on padding. sentences: how many sentences a row may have.
    """

    keys: torch.Tensor
    tokens: torch.Tensor
    beginning: torch.Tensor
    sentence: torch.Tensor
    support: torch.Tensor
    valid: torch.Tensor
    sentences: int

    def of_rows(self, rows: torch.Tensor) -> "CopySource":
        """The evidence of some rows; rows: int64 (R,)."""
        parts = (self.keys, self.tokens, self.beginning, self.sentence, self.support, self.valid)
        keys, tokens, beginning, sentence, support, valid = (part.index_select(0, rows) for part in parts)
        return CopySource(keys, tokens, beginning, sentence, support, valid, self.sentences)


@dataclass(frozen=True, eq=False)
class TextState:
    """What copying needs to know of the text at T positions.

    beginning: int64 (R, T) hash of the sentence so far. said: bool (R, T, sentences) evidence already written.
    """

    beginning: torch.Tensor
    said: torch.Tensor


class Copier(nn.Module):
    """Where the next token comes from."""

    def __init__(self, width: int, copy_width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, copy_width, bias=False)
        self.key = nn.Linear(width, copy_width, bias=False)
        self.sentinel = nn.Linear(width, 1, bias=False)
        self.continues = nn.Parameter(torch.tensor(_CONTINUES))
        self.said = nn.Parameter(torch.tensor(_SAID))
        self.support = nn.Parameter(torch.tensor(_SUPPORT))

    def forward(self, hidden: torch.Tensor, state: TextState, source: CopySource) -> torch.Tensor:
        """Log shares, float32 (R, T, 1 + Q): the vocabulary's first, then each evidence token's; hidden: (R, T, W)."""
        scores = torch.einsum("rtc,rqc->rtq", self.query(hidden), source.keys) * source.keys.shape[-1] ** -0.5
        continues = (state.beginning[:, :, None] == source.beginning[:, None, :]).to(scores.dtype)
        said = state.said.gather(2, source.sentence[:, None, :].expand(-1, hidden.shape[1], -1)).to(scores.dtype)
        support = source.support[:, None, :].to(scores.dtype)
        scores = scores + self.continues * continues + self.said * said + self.support * support
        scores = scores.masked_fill(~source.valid[:, None, :], float("-inf"))
        return functional.log_softmax(torch.cat([self.sentinel(hidden), scores], -1).float(), -1)


def longer_beginning(beginning: int, token: int) -> int:
    """The hash of a sentence's beginning with one more token. `next_beginnings` does the same for tensors."""
    return (beginning * _HASH_BASE + token + 1) % _HASH_PRIME


def next_beginnings(beginnings: torch.Tensor, tokens: torch.Tensor, sep: int) -> torch.Tensor:
    """int64 (R,): hashes after one more token each; SEP begins a new sentence. beginnings, tokens: int64 (R,)."""
    longer = (beginnings * _HASH_BASE + tokens + 1) % _HASH_PRIME
    return torch.where(tokens == sep, torch.full_like(longer, START), longer)


def text_beginnings(text: torch.Tensor, sep: int) -> torch.Tensor:
    """int64 (R, T): at each position the hash of the sentence so far. text: int64 (R, T), BOS first."""
    states = [torch.full_like(text[:, 0], START)]
    for tokens in text[:, 1:].unbind(1):
        states.append(next_beginnings(states[-1], tokens, sep))
    return torch.stack(states, 1)


def said_sentences(text: Sequence[int], sentences: Sequence[tuple[int, ...]], sep: int) -> list[list[bool]]:
    """For each position of a text, which evidence sentences it has written in full up to there.

    text: ids, BOS first. sentences: ids of each, without separator.
    """
    said = [False] * len(sentences)
    states = []
    begun = 1
    for position, token in enumerate(text):
        if token == sep:
            written = tuple(text[begun:position])
            said = [before or written == sentence for before, sentence in zip(said, sentences, strict=True)]
            begun = position + 1
        states.append(said)
    return states


def next_token_probabilities(logits: torch.Tensor, log_shares: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """float32 (R, V) probability of each next token. logits: (R, V); log_shares: (R, 1 + Q); tokens: int64 (R, Q)."""
    shares = log_shares.exp()
    written = functional.softmax(logits.float(), -1) * shares[:, :1]
    return written.scatter_add(1, tokens, shares[:, 1:])


def written_log_probabilities(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """float32 (R, T) log probability of the targets under the vocabulary alone. logits: (R, T, V); targets: (R, T)."""
    return functional.log_softmax(logits.float(), -1).gather(-1, targets[..., None])[..., 0]


def target_log_probabilities(
    written: torch.Tensor, log_shares: torch.Tensor, tokens: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """float32 (R, T) log probability of the target tokens. written: of `written_log_probabilities`; targets: (R, T)."""
    written = written + log_shares[..., 0]
    elsewhere = targets[..., None] != tokens[:, None, :]
    # A finite floor: the gradient of logsumexp over nothing but -inf is NaN.
    copied = log_shares[..., 1:].masked_fill(elsewhere, -1e4).clamp_min(-1e4)
    return torch.logaddexp(written, copied.logsumexp(-1)) if tokens.shape[1] else written


def copied_shares(
    log_shares: torch.Tensor, source: CopySource, chosen: torch.Tensor, probability: torch.Tensor
) -> torch.Tensor:
    """float32 (R, sentences): which part of the chosen token's probability was copied from each evidence sentence.

    log_shares: (R, 1 + Q); chosen: int64 (R,); probability: float32 (R,) of the chosen token.
    """
    masses = log_shares[:, 1:].exp() * (source.tokens == chosen[:, None])
    shares = masses.new_zeros(masses.shape[0], source.sentences).scatter_add(1, source.sentence, masses)
    return shares / probability[:, None]
