"""Decoder training rows from a bank alone: its own vectors with noise stand in for videos (CapDec, Nukrai et al. 2022).

For imported banks, whose candidates are whole-report vectors and whose videos nobody has. A candidate's vector plus
noise is the query of every section; the candidate itself and all with the same report are left out of the search, else
the answer would be in the evidence. The noise is as wide as real video queries are from what they retrieve.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.phrase_table import UNTYPED
from index.retrieval import RetrievedSentence
from model.embeddings import SectionEmbeddings, StudyEmbedding
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.decoder_training.rows import TrainingRow


def noise_deviation(queries: NDArray[np.float32], texts: NDArray[np.float32]) -> float:
    """Standard deviation per dimension of the noise that takes a unit text vector as far as a video query is from it.

    queries, texts: (N, D), row by row a video query and the text vector that it found. A unit vector with noise of
    deviation s has the cosine 1/sqrt(1 + s²D) with itself, in the mean; s is where that is the mean cosine of the rows.
    Raises ValueError when queries and texts point apart.
    """
    lengths = np.linalg.norm(queries, axis=1) * np.linalg.norm(texts, axis=1)
    cosine = float(((queries * texts).sum(axis=1) / lengths).mean())
    if cosine <= 0:
        raise ValueError(
            f"video queries and the texts they find have a mean cosine of {cosine:.3f}; no noise matches it"
        )
    return float(np.sqrt((1 / min(cosine, 1.0) ** 2 - 1) / queries.shape[1]))


def measured_deviation(pipeline: ReportPipeline, studies: Iterable[StudyEmbedding]) -> float:
    """The deviation that matches real video queries: assessed sections of encoded studies, against their nearest."""
    queries, texts = [], []
    for study in studies:
        sections = pipeline.pool(study)
        neighbours = pipeline.retrieve(sections, RunOptions(neighbours=1)).neighbours
        for row in torch.nonzero(sections.assessed)[:, 0].tolist():
            queries.append(sections.vectors[row].numpy())
            texts.append(pipeline.retriever.bank.embeddings[neighbours.candidate_ids[row, 0]].astype(np.float32))
    return noise_deviation(np.stack(queries), np.stack(texts))


@dataclass(frozen=True, eq=False)
class BankRows:
    """Makes rows of a bank's candidates. deviation: of the noise, per dimension of a unit vector."""

    pipeline: ReportPipeline
    deviation: float
    seed: int

    def rows(self, candidates: Iterable[int]) -> list[TrainingRow]:
        """A row for every section that each candidate has and the bundle writes."""
        return [row for candidate in candidates for row in self._rows_of(candidate)]

    def _rows_of(self, candidate: int) -> Iterator[TrainingRow]:
        sections = self._noisy(candidate)
        others = replace(self.pipeline.retriever, excluded=self.same_report(candidate))
        retrieval = replace(self.pipeline, retriever=others).retrieve(sections, RunOptions())
        votes = self.pipeline.vote(retrieval)
        nothing = StudyEmbedding(sections.vectors[:0], torch.zeros(0, 0), (), ())
        request = replace(self.pipeline.request(nothing, sections, retrieval, votes, "generate"), slot_values={})
        (report,) = self.bank.sections_of([candidate])
        for section, context in retrieval.context.items():
            if targets := self._said(report.get(section, ())):
                yield TrainingRow(request, section, targets, context)

    @property
    def bank(self) -> CandidateBank:
        """The bank that rows are made of."""
        return self.pipeline.retriever.bank

    def same_report(self, candidate: int) -> NDArray[np.int64]:
        """int64 (E,) ascending: the candidate and all others that say the same, whatever their numbers."""
        found: NDArray[np.int64] = np.flatnonzero(self._reports == self._reports[candidate]).astype(np.int64)
        return found

    @cached_property
    def _reports(self) -> NDArray[np.int64]:
        """int64 (M,): equal numbers for candidates of equal sentences."""
        columns = self.bank.report_columns(np.arange(self.bank.manifest.candidates))
        ends = columns.counts.cumsum()
        numbers: dict[bytes, int] = {}
        said = (np.sort(part).tobytes() for part in np.split(columns.phrase_ids, ends[:-1]))
        return np.array([numbers.setdefault(report, len(numbers)) for report in said], dtype=np.int64)

    def _noisy(self, candidate: int) -> SectionEmbeddings:
        """The candidate's vector as the query of every section, each with noise of its own."""
        names = self.pipeline.bundle.sections
        vector = self.bank.embeddings[candidate].astype(np.float32)
        vector = vector / max(float(np.linalg.norm(vector)), np.finfo(np.float32).tiny)
        rng = np.random.default_rng([self.seed, candidate, 4])  # 4: the noise's own stream
        noise = rng.standard_normal((len(names), len(vector)), dtype=np.float32) * self.deviation
        noisy = torch.nn.functional.normalize(torch.from_numpy(vector + noise), dim=1)
        return SectionEmbeddings(noisy, torch.ones(len(names), dtype=torch.bool), torch.zeros(len(names), 0), names)

    def _said(self, sentences: Iterable[RetrievedSentence]) -> tuple[str, ...]:
        """Templates of a candidate's section, numberless where the slot is empty; none that may not be copied.

        A slot that is not understood counts as empty: nothing could fill it.
        """
        said = ((self.bank.phrases[sentence.phrase_id], sentence.value) for sentence in sentences)
        told = (
            phrase.numberless if phrase.slot and (value is None or phrase.slot in UNTYPED) else phrase.template
            for phrase, value in said
            if phrase.may_be_copied
        )
        return tuple(template for template in told if template)
