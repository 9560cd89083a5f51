"""How a decoder writes on held-out rows: are its sentences well formed, do they say what is true, and how fast.

Measured on raw sentences, before the writer fills slots, drops or repairs anything: that would hide faults.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model.device import Placement
from model.report.decoder.decoder import Decoder
from model.report.decoder.generate import GeneratedRow, generate, generate_naive
from model.report.decoder.prefix import (
    RowPrefix,
    RowTensors,
    StudyTensors,
    encode_evidence,
    row_tensors,
    study_tensors,
)
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Finding, Language
from model.report.request import EvidenceSentence
from model.report.writing.decoded_sentences import Draft, split_sentences
from service.site.decoder_training.rows import DisturbedRow


@dataclass(frozen=True)
class WritingMeasures:
    """Shares are 0..1. well_formed: sentences that are a phrase of their section. finished: rows with an end.

    precision, recall: findings against the true report, micro over rows. retrieved: sentences whose wording was copied.
    """

    rows: int
    sentences: int
    well_formed: float
    finished: float
    precision: float
    recall: float
    retrieved: float
    tokens_per_second: float


class WritingMeasurer:
    """Writes rows with a decoder and counts."""

    def __init__(self, decoder: Decoder, tokenizer: ReportTokenizer, language: Language, placement: Placement) -> None:
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._placement = placement
        self._findings: dict[tuple[str, str], tuple[Finding, ...]] = {}
        for phrase in language.phrases:
            for template in (phrase.template, phrase.numberless):
                self._findings.setdefault((phrase.section, template), phrase.findings)

    def measure(self, rows: Sequence[DisturbedRow], rows_per_batch: int = 30) -> WritingMeasures:
        """Measures of the cached decoder; rows_per_batch: sections decoded at once."""
        started = time.perf_counter()
        texts: list[GeneratedRow] = []
        for start in range(0, len(rows), rows_per_batch):
            texts += self._generate(rows[start : start + rows_per_batch])
        seconds = time.perf_counter() - started
        drafts = [self._drafts(row, text) for row, text in zip(rows, texts, strict=True)]
        said = [
            self._said(row.section, [draft.template for draft in own]) for row, own in zip(rows, drafts, strict=True)
        ]
        true = [self._said(row.section, row.targets) for row in rows]
        right = sum((a & b).total() for a, b in zip(said, true, strict=True))
        every = [draft for own in drafts for draft in own]
        return WritingMeasures(
            rows=len(rows),
            sentences=len(every),
            well_formed=_share((draft.section, draft.template) in self._findings for draft in every),
            finished=_share(text.finished for text in texts),
            precision=right / max(1, sum(counts.total() for counts in said)),
            recall=right / max(1, sum(counts.total() for counts in true)),
            retrieved=_share(draft.source == "retrieved" for draft in every),
            tokens_per_second=sum(len(text.tokens) + 1 for text in texts) / seconds,
        )

    def naive_tokens_per_second(self, rows: Sequence[DisturbedRow]) -> float:
        """Speed of the naive twin: one row at a time, nothing kept."""
        started = time.perf_counter()
        tokens = 0
        for row in rows:
            studies, tensors = self._tensors([row])
            tokens += len(generate_naive(self._decoder, self._tokenizer, studies, tensors).tokens) + 1
        return tokens / (time.perf_counter() - started)

    def _generate(self, rows: Sequence[DisturbedRow]) -> list[GeneratedRow]:
        studies, tensors = self._tensors(rows)
        return generate(self._decoder, self._tokenizer, studies, tensors)

    def _tensors(self, rows: Sequence[DisturbedRow]) -> tuple[StudyTensors, RowTensors]:
        config = self._decoder.config
        prefixes = [RowPrefix(number, row.section, self._evidence(row)) for number, row in enumerate(rows)]
        studies = study_tensors([row.study for row in rows], config, self._placement)
        return studies, row_tensors(prefixes, self._tokenizer, config, self._placement)

    def _evidence(self, row: DisturbedRow) -> tuple[EvidenceSentence, ...]:
        return encode_evidence(row.evidence, self._tokenizer, self._decoder.config)

    def _drafts(self, row: DisturbedRow, text: GeneratedRow) -> tuple[Draft, ...]:
        return split_sentences(text, row.section, self._evidence(row), self._tokenizer)

    def _said(self, section: str, templates: Sequence[str]) -> Counter[Finding]:
        """The distinct findings of some sentences, each counted once."""
        return Counter({finding for template in templates for finding in self._findings.get((section, template), ())})


def _share(flags: Iterable[bool]) -> float:
    counted = list(flags)
    return sum(counted) / max(1, len(counted))
