"""Decoder training rows from synthetic patients: a bank of reports, and other patients as queries with neighbours.

Neighbours are chosen by the truth with noise, as a trained retrieval of middling quality would; vectors are noise
unless given. Bank and queries are different patients by construction: their study numbers do not meet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from index.phenotype_vote import vote
from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate, Neighbours, RetrievedSentence
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.language import Language
from model.report.request import PhenotypeToken, WritingRequest
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import PhrasedSentence, report_of
from service.site.decoder_training.rows import TrainingRow

NEIGHBOURS = 50  # design section 2
# Noise on the similarity of findings, in standard deviations of the similarity itself. LOG 2026-11-22: at 4 the vote's
# R² is 0.57 (ejection fraction) and 0.75 (pressure), and 90 % of a target's sentences are in its evidence; at 0.5 it is
# 0.85, 0.88 and 95 %, better than retrieval from pixels can be hoped to be.
_NOISE = 4.0
_QUERIES_FROM = 10_000_000  # study numbers of queries begin here, those of the bank at 0


@dataclass(frozen=True, eq=False)
class SyntheticReports:
    """Reports and labels of N patients. labels: phenotype → float32 (N,)."""

    sections: tuple[Mapping[str, tuple[PhrasedSentence, ...]], ...]
    phenotypes: Mapping[str, NDArray[np.float32]]

    def labels(self, phenotype: str, candidate_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Labels of some patients, as `index.phenotype_vote` asks for them."""
        chosen: NDArray[np.float32] = self.phenotypes[phenotype][np.asarray(candidate_ids)]
        return chosen


def draw_reports(language: Language, studies: range, seed: int) -> SyntheticReports:
    """Reports and labels of the patients with these study numbers."""
    states = [state_of(seed, study, "clinical") for study in studies]
    sections = tuple(
        report_of(state, language, wording_stream(seed, study)) for state, study in zip(states, studies, strict=True)
    )
    labels = [labels_of(state) for state in states]
    phenotypes = {name: np.array([row[name] for row in labels], np.float32) for name in ECHO_TAXONOMY.phenotype_names}
    return SyntheticReports(sections, phenotypes)


def wording_stream(seed: int, study: int) -> np.random.Generator:
    """The stream that draws a report's wording; the patient has another."""
    return np.random.default_rng([seed, study, 1])  # 1: the wording's own


def phrase_table(language: Language) -> PhraseTable:
    """The language's phrases as a bank lists them."""
    return PhraseTable(
        tuple(
            PhraseRow(number, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
            for number, p in enumerate(language.phrases)
        )
    )


@dataclass(frozen=True, eq=False)
class QuerySource:
    """Makes rows of query patients against a bank of reports."""

    bank: SyntheticReports
    phrases: PhraseTable
    embedding_dim: int
    seed: int

    def rows(self, language: Language, queries: int, first: int = 0) -> list[TrainingRow]:
        """Rows of all written sections of `queries` patients, study by study, from the `first` query patient on."""
        numbers = range(_QUERIES_FROM + first, _QUERIES_FROM + first + queries)
        reports = draw_reports(language, numbers, self.seed)
        rng = np.random.default_rng([self.seed, first, 2])  # 2: the stream of neighbours and vectors
        nearest = {name: _nearest(name, reports, self.bank, rng) for name in ECHO_TAXONOMY.sections}
        return [row for query in range(queries) for row in self._study_rows(reports, nearest, query, rng)]

    def _study_rows(
        self,
        reports: SyntheticReports,
        nearest: Mapping[str, NDArray[np.int64]],
        query: int,
        rng: np.random.Generator,
    ) -> list[TrainingRow]:
        names = ECHO_TAXONOMY.sections
        ids = np.stack([nearest[name][query] for name in names])
        neighbours = Neighbours(names, ids, np.ones(ids.shape, np.float32))
        study = WritingRequest(
            sections=names,
            section_vectors=_unit_noise(rng, len(names), self.embedding_dim),
            assessed=torch.ones(len(names), dtype=torch.bool),
            clip_vectors=_unit_noise(rng, int(rng.integers(1, 9)), self.embedding_dim),
            phenotypes=self._estimates(neighbours),
            evidence={},
        )
        return [
            TrainingRow(study, name, said_templates(sentences), self._context(name, nearest[name][query]))
            for name, sentences in reports.sections[query].items()
            if name in names and sentences
        ]

    def _estimates(self, neighbours: Neighbours) -> tuple[PhenotypeToken, ...]:
        """The vote, as the service passes it on."""
        sections = {phenotype.name: phenotype.section for phenotype in ECHO_TAXONOMY.phenotypes}
        votes = vote(neighbours, self.bank, sections)
        return tuple(
            PhenotypeToken(n, v.value, v.p10, v.p90, v.labelled / v.neighbours, v.labelled) for n, v in votes.items()
        )

    def _context(self, section: str, ids: NDArray[np.int64]) -> tuple[ContextCandidate, ...]:
        named = self._candidates[section]
        return tuple(candidate for number in ids if (candidate := named[number]) is not None)

    @cached_property
    def _candidates(self) -> Mapping[str, tuple[ContextCandidate | None, ...]]:
        """Section → the bank's patients as candidates, None where one lacks the section. Rows share these objects."""
        numbers = {row.key: row.phrase_id for row in self.phrases}

        def candidate(number: int, sentences: Sequence[PhrasedSentence]) -> ContextCandidate | None:
            said = tuple(RetrievedSentence(numbers[s.phrase.phrase_id], s.value) for s in sentences)
            return ContextCandidate(number, 1.0, said) if said else None

        return {
            name: tuple(candidate(number, report.get(name, ())) for number, report in enumerate(self.bank.sections))
            for name in ECHO_TAXONOMY.sections
        }


def said_templates(sentences: Sequence[PhrasedSentence]) -> tuple[str, ...]:
    """What the decoder should write: slots where a number is stated, the numberless wording where it is not."""
    return tuple(
        sentence.phrase.numberless if sentence.value is None else sentence.phrase.template for sentence in sentences
    )


def _unit_noise(rng: np.random.Generator, rows: int, width: int) -> torch.Tensor:
    drawn = rng.standard_normal((rows, width)).astype(np.float32)
    return torch.from_numpy(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def _nearest(
    section: str, queries: SyntheticReports, bank: SyntheticReports, rng: np.random.Generator
) -> NDArray[np.int64]:
    """int64 (Q, NEIGHBOURS): for each query the bank's patients of most similar findings in the section, with noise."""
    names = sorted({finding for report in bank.sections for finding in _findings(report, section)})
    own, others = (_indicators(reports, section, names) for reports in (queries, bank))
    weights = 1 / np.sqrt(others.mean(0) + 1e-3)  # rare findings set patients apart
    similarity = (own * weights) @ (others * weights).T
    similarity += _NOISE * similarity.std() * rng.standard_normal(similarity.shape, dtype=np.float32)
    best = np.argpartition(-similarity, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
    order = np.take_along_axis(-similarity, best, 1).argsort(1)
    return np.take_along_axis(best, order, 1).astype(np.int64)


def _findings(report: Mapping[str, tuple[PhrasedSentence, ...]], section: str) -> set[tuple[str, str]]:
    return {(f.name, f.value) for sentence in report.get(section, ()) for f in sentence.phrase.findings}


def _indicators(reports: SyntheticReports, section: str, names: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """float32 (N, F): which findings each report's section states, rows of unit norm."""
    columns = {name: column for column, name in enumerate(names)}
    stated = np.zeros((len(reports.sections), len(names)), np.float32)
    for row, report in enumerate(reports.sections):
        for finding in _findings(report, section):
            if finding in columns:
                stated[row, columns[finding]] = 1
    stated /= np.maximum(np.linalg.norm(stated, axis=1, keepdims=True), 1)
    return stated
