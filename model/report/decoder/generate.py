"""Decoding of section rows: one batch with a KV cache, and the naive twin that recomputes everything."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from model.report.decoder.copying import (
    START,
    CopySource,
    TextState,
    copied_shares,
    next_beginnings,
    next_token_probabilities,
    said_sentences,
    text_beginnings,
)
from model.report.decoder.decoder import Decoder
from model.report.decoder.kv_cache import KVCache
from model.report.decoder.prefix import RowTensors, StudyTensors
from model.report.decoder.sampling import Sampling
from model.report.decoder.sentence_guide import SentenceGuide
from model.report.decoder.tokenizer import ReportTokenizer

# Finished rows leave the batch when they are this share of it. Packing copies the cache, so not after every row.
_PACK_AT = 0.25
_LEAST = 1e-30  # probability of an allowed token to which the decoder gives none, so that its logarithm is finite


@dataclass(frozen=True)
class GeneratedRow:
    """One section as decoded.

    tokens: ids with their separators, without EOS. log_probabilities: of each token. copied: per token, which part of
    its probability was copied from each evidence sentence. finished: EOS was reached.
    """

    tokens: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    copied: tuple[tuple[float, ...], ...]
    finished: bool


@dataclass
class _Text:
    """What one row has so far; sentences: token ids of its evidence; due: ids that its guide makes it write next."""

    sentences: tuple[tuple[int, ...], ...]
    guide: SentenceGuide | None = None
    tokens: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    copied: list[tuple[float, ...]] = field(default_factory=list)
    finished: bool = False

    latest_said: list[bool] = field(default_factory=list)
    due: list[int] = field(default_factory=list)

    def allowed(self, probabilities: torch.Tensor, tokenizer: ReportTokenizer) -> list[int] | None:
        """Ids that may come next, None for all. probabilities: float32 (V,), on any device.

        A text that would rather end than say what its guide wants said first has that sentence written out.
        """
        if self.guide is None or self.finished:
            return None
        if self.due:
            return self.due[:1]
        allowed = sorted(self.guide.next_tokens(self.tokens, tokenizer.sep, tokenizer.eos))
        if tokenizer.eos in allowed and int(probabilities[allowed].argmax()) == allowed.index(tokenizer.eos):
            left_out = self.guide.left_out(self.tokens, tokenizer.sep)
            self.due = [] if left_out is None else [*left_out, tokenizer.sep]
            return self.due[:1] or [tokenizer.eos]
        return allowed

    def said(self, tokenizer: ReportTokenizer) -> list[list[bool]]:
        """For each position, BOS first, which evidence sentences stand in the text."""
        return said_sentences([tokenizer.bos, *self.tokens], self.sentences, tokenizer.sep)

    def said_so_far(self, tokenizer: ReportTokenizer) -> list[bool]:
        """The last row of `said`, which changes only where a sentence ends."""
        if self.tokens and self.tokens[-1] == tokenizer.sep:
            self.latest_said = self.said(tokenizer)[-1]
        return self.latest_said

    def result(self) -> GeneratedRow:
        return GeneratedRow(tuple(self.tokens), tuple(self.log_probabilities), tuple(self.copied), self.finished)


@dataclass(frozen=True, eq=False)
class Choice:
    """One decoded token per row: int64 (R,), its probability float32 (R,), and float32 (R, sentences) copied parts."""

    token: torch.Tensor
    probability: torch.Tensor
    copied: torch.Tensor


@dataclass(frozen=True, eq=False)
class DecodingBatch:
    """Rows that are still being written, ready for their next token.

    prefix_mask: bool (R, P). latest: int64 (R,) the token to read next. beginning: int64 (R,) and
    said: bool (R, sentences) as in TextState, with that token.
    """

    cache: KVCache
    source: CopySource
    prefix_mask: torch.Tensor
    latest: torch.Tensor
    beginning: torch.Tensor
    said: torch.Tensor

    def of_rows(self, rows: torch.Tensor) -> "DecodingBatch":
        """The batch of some rows; rows: int64 (R,)."""
        parts = (self.prefix_mask, self.latest, self.beginning, self.said)
        mask, latest, beginning, said = (part.index_select(0, rows) for part in parts)
        return DecodingBatch(self.cache.of_rows(rows), self.source.of_rows(rows), mask, latest, beginning, said)

    def followed_by(self, tokens: torch.Tensor, said: torch.Tensor, sep: int) -> "DecodingBatch":
        """The batch after each row wrote a token; tokens: int64 (R,), said: bool (R, sentences)."""
        beginning = next_beginnings(self.beginning, tokens, sep)
        return DecodingBatch(self.cache, self.source, self.prefix_mask, tokens, beginning, said)


def prefill(decoder: Decoder, tokenizer: ReportTokenizer, studies: StudyTensors, rows: RowTensors) -> DecodingBatch:
    """The batch after its prefixes were read: each study once, then each row's own part."""
    memory = decoder.read_studies(studies).of_rows(rows.study)
    source = decoder.read_rows(rows, memory)
    prefix_mask = decoder.prefix_mask(rows)
    cache = KVCache.after(memory, prefix_mask.shape[1] + decoder.config.max_section_tokens)
    latest = torch.full_like(rows.section, tokenizer.bos)
    beginning = torch.full_like(latest, START)
    said = rows.valid.new_zeros(len(rows.sentences), source.sentences)
    return DecodingBatch(cache, source, prefix_mask, latest, beginning, said)


def step(decoder: Decoder, batch: DecodingBatch, position: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities float32 (R, V) of the next tokens, and log shares float32 (R, 1 + Q) of where they come from.

    Reads the latest tokens, which stand at `position` of their texts, into the cache.
    """
    text_mask = batch.prefix_mask.new_ones(batch.prefix_mask.shape[0], position + 1)
    mask = torch.cat([batch.prefix_mask, text_mask], 1)[:, None, None]
    hidden = decoder.read_text(batch.latest[:, None], position, mask, batch.cache)
    batch.cache.advance(1)
    state = TextState(batch.beginning[:, None], batch.said[:, None])
    log_shares = decoder.copier(hidden, state, batch.source)[:, 0]
    return next_token_probabilities(decoder.logits(hidden[:, 0]), log_shares, batch.source.tokens), log_shares


@torch.inference_mode()
def generate(
    decoder: Decoder,
    tokenizer: ReportTokenizer,
    studies: StudyTensors,
    rows: RowTensors,
    guides: Sequence[SentenceGuide | None] = (),
    sampling: Sampling | None = None,
) -> list[GeneratedRow]:
    """Every row decoded, all in one batch that finished rows leave.

    guides: per row what it may write, None or nothing at all for whatever comes. sampling: None takes the likeliest.
    """
    names = [decoder.config.sections[section] for section in rows.section.tolist()]
    batch = prefill(decoder, tokenizer, studies, rows)
    given = guides or [None] * len(rows.sentences)
    texts = [_Text(sentences, guide) for sentences, guide in zip(rows.sentences, given, strict=True)]
    writing = list(range(len(texts)))  # which text each row of the batch belongs to
    unwritable = _unwritable(decoder, tokenizer)
    for position in range(decoder.config.max_section_tokens):
        probabilities, log_shares = step(decoder, batch, position)
        probabilities = probabilities.masked_fill(unwritable, 0.0)
        allowed = [texts[row].allowed(probabilities[place], tokenizer) for place, row in enumerate(writing)]
        sections = [names[row] for row in writing]
        choice = _choose(probabilities, log_shares, batch.source, allowed, (sampling, sections, position))
        _record([texts[row] for row in writing], choice, tokenizer.eos)
        said = [texts[row].said_so_far(tokenizer) for row in writing]
        batch = batch.followed_by(choice.token, _flags(said, decoder), tokenizer.sep)
        going = [place for place, row in enumerate(writing) if not texts[row].finished]
        if not going:
            break
        if len(going) <= (1 - _PACK_AT) * len(writing):
            batch = batch.of_rows(torch.tensor(going).to(decoder.device))
            writing = [writing[place] for place in going]
    return [text.result() for text in texts]


@torch.inference_mode()
def generate_naive(
    decoder: Decoder,
    tokenizer: ReportTokenizer,
    studies: StudyTensors,
    rows: RowTensors,
    guide: SentenceGuide | None = None,
    sampling: Sampling | None = None,
) -> GeneratedRow:
    """One row decoded without any cache: all is read again for every token. The slow twin of `generate`."""
    name = decoder.config.sections[int(rows.section[0])]
    text = _Text(rows.sentences[0], guide)
    written = [tokenizer.bos]
    while not text.finished and len(text.tokens) < decoder.config.max_section_tokens:
        so_far = torch.tensor([written]).to(decoder.device)
        hidden, source = decoder(studies, rows, so_far)
        state = TextState(text_beginnings(so_far, tokenizer.sep), _flags(text.said(tokenizer), decoder)[None])
        log_shares = decoder.copier(hidden, state, source)[:, -1]
        probabilities = next_token_probabilities(decoder.logits(hidden[:, -1]), log_shares, source.tokens)
        probabilities = probabilities.masked_fill(_unwritable(decoder, tokenizer), 0.0)
        allowed = text.allowed(probabilities[0], tokenizer)
        choice = _choose(probabilities, log_shares, source, [allowed], (sampling, [name], len(text.tokens)))
        _record([text], choice, tokenizer.eos)
        written.append(int(choice.token[0]))
    return text.result()


def _flags(said: Sequence[Sequence[bool]], decoder: Decoder) -> torch.Tensor:
    """Rows of flags, bool (N, sentences), filled up to as many sentences as a row may have."""
    width = decoder.config.max_evidence
    return torch.tensor([[*flags, *[False] * (width - len(flags))] for flags in said]).to(decoder.device)


def _unwritable(decoder: Decoder, tokenizer: ReportTokenizer) -> torch.Tensor:
    """Ids that are never written, bool (V,): digits, PAD, BOS, and rows of the token table beyond the tokenizer."""
    mask = torch.arange(decoder.config.vocabulary) >= tokenizer.size
    mask[list(tokenizer.unwritable_ids)] = True
    return mask.to(decoder.device)


def _choose(
    probabilities: torch.Tensor,
    log_shares: torch.Tensor,
    source: CopySource,
    allowed: Sequence[Sequence[int] | None],
    sampled: tuple[Sampling | None, list[str], int],
) -> Choice:
    """A token of each row among those allowed there: the likeliest, or one that is drawn.

    sampled: how it is drawn if it is, the sections of the rows, and the position in their texts.
    """
    barred = np.zeros(tuple(probabilities.shape), np.bool_)  # on the host: one copy to the device a step, not one a row
    for row, tokens in enumerate(allowed):
        if tokens is not None:
            barred[row] = True
            barred[row, list(tokens)] = False
    mask = torch.from_numpy(barred).to(probabilities.device)
    open_to_choice = probabilities.masked_fill(mask, -1.0)  # below an allowed token without any probability
    sampling, sections, position = sampled
    token = open_to_choice.argmax(-1) if sampling is None else sampling.choose(open_to_choice, sections, position)
    probability = probabilities.gather(-1, token[:, None])[:, 0].clamp_min(_LEAST)
    return Choice(token, probability, copied_shares(log_shares, source, token, probability))


def _record(texts: Sequence[_Text], choice: Choice, eos: int) -> None:
    """Writes one step's choices into the texts that go on."""
    chosen = zip(choice.token.tolist(), choice.probability.log().tolist(), choice.copied.tolist(), strict=True)
    for text, (token, log_probability, copied) in zip(texts, chosen, strict=True):
        if text.finished:
            continue
        text.finished = token == eos
        if not text.finished:
            text.tokens.append(token)
            text.due = text.due[1:]
            text.log_probabilities.append(log_probability)
            text.copied.append(tuple(copied))
