"""Drawn rows as tensors: the same `Batch` that rows of text become, from numbers alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.device import Placement
from model.report.decoder.copying import START, TextState, longer_beginning
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.prefix import ESTIMATE_FEATURES, RowTensors, StudyTensors
from model.report.decoder.tokenizer import ReportTokenizer
from service.site.bank_training.rows.drawing import CORRUPTED, NONE, OTHER, Drawing, Drawn
from service.site.decoder_training.batches import Batch, Contrast

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class _Row:
    """One row as numbers. text: BOS … EOS. state: hash of the sentence so far at each position."""

    texts: tuple[int, ...]
    supports: tuple[float, ...]
    text: list[int]
    state: list[int]
    said: list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class BankBatches:
    """Makes the batch of every step for one of several processes.

    invented: slot → numbers of invented texts of the drawing's table. most: positions that a pass may have, but for
    one row; a step with more is read in several passes, which bounds what lies in memory until it is learned from.
    """

    drawing: Drawing
    tokenizer: ReportTokenizer
    config: DecoderConfig
    placement: Placement
    invented: Mapping[str | None, Ids]
    rank: int = 0
    world: int = 1
    most: int = 0  # 0: no limit

    def at(self, step: int) -> tuple[Batch, ...]:
        """The part of a step's rows that this process reads, pass by pass."""
        drawn = self.drawing.at(step)
        own = drawn.part(np.arange(self.rank, len(drawn.row), self.world))
        return tuple(self.collate(own.part(places)) for places in self._passes(own))

    def _passes(self, drawn: Drawn) -> list[Ids]:
        """Places of the rows of each pass: as few passes as the limit allows, of like size."""
        sizes = (self.drawing.lengths(drawn) + self.config.shared_length + 1) * (1 + (drawn.contrast >= 0))
        before, total = np.cumsum(sizes) - sizes, int(sizes.sum())
        count = max(1, -(-total // self.most)) if self.most else 1
        number = before * count // total
        return [places for each in range(count) if len(places := np.flatnonzero(number == each))]

    def collate(self, drawn: Drawn) -> Batch:
        """The tensors of some rows; each is its own study, for its inputs were changed on their own."""
        rows = self.drawing.rows
        made = [self._row(drawn, place) for place in range(len(drawn.row))]
        section = rows.section[drawn.row].astype(np.int64)
        studies = self._studies(rows.study[drawn.row], drawn.unestimated, drawn.unseen)
        tensors = self._row_tensors(made, section)
        length = max(len(row.text) for row in made)
        text = np.full((len(made), length), self.tokenizer.pad, np.int64)
        state = np.full((len(made), length - 1), START, np.int64)
        said = np.zeros((len(made), length - 1, self.config.max_evidence), np.bool_)
        for place, row in enumerate(made):
            text[place, : len(row.text)] = row.text
            state[place, : len(row.text) - 1] = row.state[: len(row.text) - 1]
            for sentence, position in row.said:
                said[place, position:, sentence] = True
        sizes = np.array([len(row.text) - 1 for row in made])
        stated, asked = (table[rows.study[drawn.row]] for table in self.drawing.of_studies)
        return Batch(
            studies=studies,
            rows=tensors,
            text=self._tensor(text[:, :-1]),
            state=TextState(self._tensor(state), self._tensor(said)),
            targets=self._tensor(text[:, 1:]),
            counted=self._tensor(np.arange(length - 1) < sizes[:, None]),
            findings=self._tensor(stated),
            asked=self._tensor(asked & ~drawn.unseen[:, None]),
            contrast=self._contrast(drawn, tensors),
        )

    def _tensor(self, array: NDArray[Any]) -> torch.Tensor:
        """On the placement's device, copied: where numpy's memory lies would change the last digits of products."""
        return torch.tensor(array).to(self.placement.device)

    def _row(self, drawn: Drawn, place: int) -> _Row:
        rows, table = self.drawing.rows, self.drawing.table
        rng = np.random.default_rng([self.drawing.seed, int(drawn.number[place]), 2])
        row, kind = int(drawn.row[place]), int(drawn.kind[place])
        texts, supports = np.zeros(0, np.int64), np.zeros(0)
        if kind != NONE:
            shown = int(drawn.other[place]) if kind == OTHER else row
            given = rows.evidence[shown, int(drawn.identical[place])]
            known = np.flatnonzero(given >= 0)[: self.config.max_evidence]
            texts, supports = given[known].astype(np.int64), rows.support[shown, int(drawn.identical[place])][known]
        if kind == CORRUPTED:
            texts = self._corrupted(texts, rng)
        targets = [int(number) for number in rows.targets[row] if number >= 0]
        reworded = {int(table.by_meaning[number]): int(number) for number in texts}
        targets = [reworded.get(int(table.by_meaning[number]), number) for number in targets]
        if drawn.invented[place] and len(texts):
            changed = {int(n): int(rng.choice(self.invented[table.texts[n].slot])) for n in texts}
            texts = np.array([changed[int(n)] for n in texts], np.int64)
            targets = [changed.get(number, number) for number in targets]
        order = rng.permutation(len(texts))
        return self._written(texts[order].tolist(), supports[order].tolist(), list(dict.fromkeys(targets)))

    def _corrupted(self, texts: Ids, rng: np.random.Generator) -> Ids:
        """Some of the texts with another value of their findings."""
        recipe, others = self.drawing.recipe, self.drawing.table.others
        share = rng.uniform(recipe.corrupted_low, recipe.corrupted_high)
        flips = rng.random(len(texts)) < share
        changed = [
            int(rng.choice(others[number])) if flip and len(others[number]) else int(number)
            for number, flip in zip(texts, flips, strict=True)
        ]
        return np.array(changed, np.int64)

    def _written(self, texts: list[int], supports: list[float], targets: list[int]) -> _Row:
        """A row with its text, cut at the decoder's limit."""
        table, tokenizer = self.drawing.table, self.tokenizer
        text, state, said = [tokenizer.bos], [START], []
        for number in targets:
            sentence = table.texts[number]
            for token, beginning in zip(sentence.tokens[:-1], sentence.beginnings[:-1], strict=True):
                text.append(token)
                state.append(longer_beginning(beginning, token))
            text.append(tokenizer.sep)
            state.append(START)
            said += [(place, len(text) - 1) for place, other in enumerate(texts) if other == number]
        text = [*text, tokenizer.eos][: self.config.max_section_tokens + 1]
        return _Row(tuple(texts), tuple(supports), text, state, said)

    def _row_tensors(self, made: list[_Row], section: Ids) -> RowTensors:
        texts, device = self.drawing.table.texts, self.placement.device
        length = max((sum(len(texts[n].tokens) for n in row.texts) for row in made), default=0)
        evidence = np.full((len(made), length), self.tokenizer.pad, np.int64)
        sentence, beginning = np.zeros_like(evidence), np.full_like(evidence, -1)
        support, valid = np.zeros(evidence.shape, np.float32), np.zeros(evidence.shape, np.bool_)
        for place, row in enumerate(made):
            end = 0
            for number, (text, share) in enumerate(zip(row.texts, row.supports, strict=True)):
                part = slice(end, end + len(texts[text].tokens))
                evidence[place, part], beginning[place, part] = texts[text].tokens, texts[text].beginnings
                sentence[place, part], support[place, part] = number, share
                end = part.stop
            valid[place, :end] = True
        return RowTensors(
            study=torch.arange(len(made), device=device),
            section=self._tensor(section),
            evidence=self._tensor(evidence),
            sentence=self._tensor(sentence),
            beginning=self._tensor(beginning),
            support=self._tensor(support),
            valid=self._tensor(valid),
            sentences=(),
        )

    def _studies(self, studies: Ids, unestimated: NDArray[np.bool_], unseen: NDArray[np.bool_]) -> StudyTensors:
        rows, config = self.drawing.rows, self.config
        vectors = rows.vectors(studies)
        assessed = rows.assessed[studies] & ~unseen[:, None]
        estimates = self._estimates(rows.votes[studies], unestimated)
        count, size = len(studies), config.max_clip_vectors
        parts = (
            self._tensor(vectors * assessed[..., None]),
            self._tensor(assessed),
            torch.zeros(count, size, config.embedding_dim),
            torch.zeros(count, size, dtype=torch.bool),
            self._tensor(estimates),
        )
        return StudyTensors(*(part.to(self.placement.device) for part in parts))

    def _estimates(self, votes: NDArray[np.float32], unestimated: NDArray[np.bool_]) -> NDArray[np.float32]:
        """float32 (B, P, ESTIMATE_FEATURES), as `model.report.decoder.prefix` scales one study's."""
        low, high = (np.array([getattr(p, end) for p in self.config.phenotypes], np.float32) for end in ("low", "high"))
        found = np.zeros((*votes.shape[:2], ESTIMATE_FEATURES), np.float32)
        scaled = (votes[..., :3] - low[:, None]) / (high - low)[:, None]
        found[..., :3] = scaled
        found[..., 3] = scaled[..., 2] - scaled[..., 1]
        found[..., 4] = votes[..., 3] / np.maximum(votes[..., 4], 1)
        found[..., 6] = 1.0
        missing = ~np.isfinite(votes[..., 0]) | unestimated[:, None] | (not self.config.reads_phenotypes)
        found[missing] = [*[0.0] * (ESTIMATE_FEATURES - 2), 1.0, 0.0]
        return found

    def _contrast(self, drawn: Drawn, tensors: RowTensors) -> Contrast | None:
        """The rows that are also read with another study's vectors and estimates."""
        numbers = np.flatnonzero(drawn.contrast >= 0)
        if not len(numbers):
            return None
        chosen = self._tensor(numbers)
        studies = self._studies(
            self.drawing.rows.study[drawn.contrast[numbers]], drawn.unestimated[numbers], drawn.unseen[numbers]
        )
        fields = ("section", "evidence", "sentence", "beginning", "support", "valid")
        parts = {name: getattr(tensors, name).index_select(0, chosen) for name in fields}
        study = torch.arange(len(numbers), device=self.placement.device)
        return Contrast(chosen, studies, RowTensors(study=study, sentences=(), **parts))
