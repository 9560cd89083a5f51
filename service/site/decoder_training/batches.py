"""Disturbed rows as tensors: prefixes by the writer's own functions, texts with their targets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.device import Placement
from model.report.decoder.copying import TextState, said_sentences, text_beginnings
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.prefix import RowPrefix, RowTensors, StudyTensors, encode_evidence, row_tensors, study_tensors
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.request import WritingRequest
from service.site.decoder_training.finding_table import FindingTable
from service.site.decoder_training.rows import DisturbedRow, Disturber, TrainingRow

_CONTRAST_EVERY = 4  # rows that are also read with another study's video: each costs a second pass
_TRIES = 4  # studies looked at for one whose section differs; most sections differ in most pairs
_OFTENEST = 3.0  # not tuned; at equal chances of being missed and being wrong a finding is then written from 1 in 4 on
_POOL = 8  # batches drawn together and sorted by length: rows of like length share a batch and waste little padding


@dataclass(frozen=True, eq=False)
class Contrast:
    """Some rows of a batch with other studies' vectors and estimates. rows: int64 (K,) rows of the batch."""

    rows: torch.Tensor
    studies: StudyTensors
    tensors: RowTensors


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's input. text, targets: int64 (R, T); text begins with BOS, targets end with EOS.

    state: of the text at each position. counted: bool (R, T) False on padding. findings: bool (R, F) what each row's
    text states; asked: bool (R, F) the columns of its section, none where the section's vector was left out.
    contrast: None where no row has another study to be compared with.
    """

    studies: StudyTensors
    rows: RowTensors
    text: torch.Tensor
    state: TextState
    targets: torch.Tensor
    counted: torch.Tensor
    findings: torch.Tensor
    asked: torch.Tensor
    contrast: Contrast | None


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
        self.table = FindingTable(disturber.language, config.sections)
        self._of_section: dict[str, list[int]] = {}
        for number, row in enumerate(rows):
            self._of_section.setdefault(row.section, []).append(number)
        self._pool: tuple[int, list[list[DisturbedRow]]] = (-1, [])
        self._chances = self._rarer_oftener()

    def at(self, step: int, *, seed: int, size: int) -> Batch:
        """The batch of `size` rows for a step."""
        number, place = divmod(step, _POOL)
        if self._pool[0] != number:
            self._pool = (number, self._draw(np.random.default_rng([seed, number]), size))
        return self.collate(self._pool[1][place])

    def _draw(self, rng: np.random.Generator, size: int) -> list[list[DisturbedRow]]:
        numbers = rng.choice(len(self._rows), size=_POOL * size, p=self._chances)
        drawn = [self._disturbed(int(number), rng) for number in numbers]
        drawn.sort(key=_length)
        return [drawn[start * size : (start + 1) * size] for start in rng.permutation(_POOL).tolist()]

    def _rarer_oftener(self) -> NDArray[np.float64]:
        """How often each row is drawn: by the rarest thing that it states in its section, at most _OFTENEST times.

        Reports are scored by the mean over findings, rare ones alike (LOG 2026-11-22), and what is drawn as often as
        it comes is written only where it is likelier than not.
        """
        true = [self._true(row) for row in self._rows]
        counts = Counter((row.section, what) for row, said in zip(self._rows, true, strict=True) for what in said)
        shares = [
            min((counts[row.section, what] / len(self._of_section[row.section]) for what in said), default=1.0)
            for row, said in zip(self._rows, true, strict=True)
        ]
        weights = np.minimum(_OFTENEST, (0.5 / np.array(shares)) ** 0.5).clip(1.0)
        return np.asarray(weights / weights.sum(), np.float64)

    def _disturbed(self, number: int, rng: np.random.Generator) -> DisturbedRow:
        row = self._rows[number]
        others = [self._other(row, rng) for _ in range(_TRIES)]
        return self._disturber.disturb(row, others[0], rng, self._differing(row, others))

    def _other(self, row: TrainingRow, rng: np.random.Generator) -> TrainingRow:
        """A row of the same section, of another study wherever there is one."""
        numbers = self._of_section[row.section]
        place = int(rng.integers(len(numbers)))
        other = self._rows[numbers[place]]
        return other if other is not row else self._rows[numbers[(place + 1) % len(numbers)]]

    def _differing(self, row: TrainingRow, others: Sequence[TrainingRow]) -> WritingRequest | None:
        """The first study of which other things are true in the section."""
        differing = (other for other in others if self._true(other) != self._true(row))
        return next((other.study for other in differing), None)

    def _true(self, row: TrainingRow) -> frozenset[object]:
        """What a row's text states: findings, or its sentences where the language knows none of them."""
        return self.table.findings(row.section, row.targets) or frozenset(row.targets)

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
        studies = study_tensors([row.study for row in rows], self._config, self._placement)
        seen = studies.assessed.cpu()[torch.arange(len(rows)), tensors.section.cpu()]
        return Batch(
            studies=studies,
            rows=tensors,
            text=text.to(device),
            state=TextState(
                text_beginnings(text, self._tokenizer.sep).to(device),
                self._said(text, tensors.sentences).to(device),
            ),
            targets=targets.to(device),
            counted=counted.to(device),
            findings=torch.stack([self.table.stated(row.section, row.stated or row.targets) for row in rows]).to(
                device
            ),
            asked=(torch.stack([self.table.of_section(row.section) for row in rows]) & seen[:, None]).to(device),
            contrast=self._contrast(rows, tensors),
        )

    def _contrast(self, rows: Sequence[DisturbedRow], tensors: RowTensors) -> Contrast | None:
        """As many rows as every fourth would be, the first that have another study to be compared with."""
        able = [(number, row.contrast) for number, row in enumerate(rows) if row.contrast is not None]
        chosen = able[: max(1, len(rows) // _CONTRAST_EVERY)]
        if not chosen:
            return None
        numbers = [number for number, _ in chosen]
        return Contrast(
            rows=torch.tensor(numbers).to(self._placement.device),
            studies=study_tensors([study for _, study in chosen], self._config, self._placement),
            tensors=tensors.of_studies(numbers),
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
