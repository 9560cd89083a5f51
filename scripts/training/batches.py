"""Disturbed rows as tensors: prefixes by the writer's own functions, texts with their targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from model.device import Placement
from model.report.copying import TextState, said_sentences, text_beginnings
from model.report.decoder_config import DecoderConfig
from model.report.prefix import RowPrefix, RowTensors, StudyTensors, encode_evidence, row_tensors, study_tensors
from model.report.tokenizer import ReportTokenizer
from scripts.training.rows import DisturbedRow, Disturber, TrainingRow

_POOL = 8  # batches drawn together and sorted by length: rows of like length share a batch and waste little padding


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's input. text, targets: int64 (R, T); text begins with BOS, targets end with EOS.

    state: of the text at each position. counted: bool (R, T) False on padding.
    """

    studies: StudyTensors
    rows: RowTensors
    text: torch.Tensor
    state: TextState
    targets: torch.Tensor
    counted: torch.Tensor


class Batches:
    """The batch of every step, drawn from (seed, step) alone: a resumed run sees what an unbroken one would."""

    def __init__(
        self,
        rows: Sequence[TrainingRow],
        disturber: Disturber,
        tokenizer: ReportTokenizer,
        config: DecoderConfig,
        placement: Placement,
    ) -> None:
        self._rows = rows
        self._disturber = disturber
        self._tokenizer = tokenizer
        self._config = config
        self._placement = placement
        self._of_section: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            self._of_section.setdefault(row.section, []).append(number)
        self._pool: tuple[int, list[list[DisturbedRow]]] = (-1, [])

    def at(self, step: int, *, seed: int, size: int) -> Batch:
        """The batch of `size` rows for a step."""
        number, place = divmod(step, _POOL)
        if self._pool[0] != number:
            self._pool = (number, self._draw(np.random.default_rng([seed, number]), size))
        return self.collate(self._pool[1][place])

    def _draw(self, rng: np.random.Generator, size: int) -> list[list[DisturbedRow]]:
        drawn = [self._disturbed(int(number), rng) for number in rng.integers(len(self._rows), size=_POOL * size)]
        drawn.sort(key=_length)
        return [drawn[start * size : (start + 1) * size] for start in rng.permutation(_POOL).tolist()]

    def _disturbed(self, number: int, rng: np.random.Generator) -> DisturbedRow:
        row = self._rows[number]
        others = self._of_section[row.section]
        other = self._rows[others[int(rng.integers(len(others)))]]
        return self._disturber.disturb(row, other, rng)

    def collate(self, rows: Sequence[DisturbedRow]) -> Batch:
        """Tensors of some rows; each is its own study, for its inputs were disturbed on their own."""
        prefixes = [
            RowPrefix(number, row.section, encode_evidence(row.evidence, self._tokenizer, self._config))
            for number, row in enumerate(rows)
        ]
        tensors = row_tensors(prefixes, self._tokenizer, self._config, self._placement)
        texts = [self._text(row.targets) for row in rows]
        length = max(map(len, texts))
        targets = torch.tensor([[*text, *[self._tokenizer.pad] * (length - len(text))] for text in texts])
        first = torch.full((len(rows), 1), self._tokenizer.bos)
        text = torch.cat([first, targets[:, :-1]], 1)
        counted = torch.arange(length)[None] < torch.tensor([len(text) for text in texts])[:, None]
        device = self._placement.device
        return Batch(
            studies=study_tensors([row.study for row in rows], self._config, self._placement),
            rows=tensors,
            text=text.to(device),
            state=TextState(
                text_beginnings(text, self._tokenizer.sep).to(device),
                self._said(text, tensors.sentences).to(device),
            ),
            targets=targets.to(device),
            counted=counted.to(device),
        )

    def _said(self, texts: torch.Tensor, evidence: Sequence[Sequence[tuple[int, ...]]]) -> torch.Tensor:
        """Bool (R, T, sentences): evidence that each text has written up to each position."""
        said = torch.zeros(*texts.shape, self._config.max_evidence, dtype=torch.bool)
        for row, (text, sentences) in enumerate(zip(texts.tolist(), evidence, strict=True)):
            if sentences:
                said[row, :, : len(sentences)] = torch.tensor(said_sentences(text, sentences, self._tokenizer.sep))
        return said

    def _text(self, targets: Sequence[str]) -> list[int]:
        """Token ids of a section: each sentence with SEP, EOS at the end, cut at the decoder's limit."""
        ids = [id_ for sentence in self._tokenizer.encode_batch(targets) for id_ in (*sentence, self._tokenizer.sep)]
        return [*ids, self._tokenizer.eos][: self._config.max_section_tokens]


def _length(row: DisturbedRow) -> int:
    characters = sum(len(sentence.template) for sentence in row.evidence)
    return characters + sum(map(len, row.targets))
