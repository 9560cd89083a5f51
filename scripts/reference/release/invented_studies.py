"""Invented patients block by block: reports, labels and features, the same whatever number of processes makes them."""

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.reference.release.said_phrases import SaidPhrases, invented_phrases, users_phrases
from scripts.reference.release.study_features import features_of
from scripts.reference.release.truthful_reports import Sentence, TruthfulReports
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.prior import state_of

BLOCK = 1000  # patients made at a time: 0.6 MB of features and reports
_WORDING = 31  # stream of a patient
Place = tuple[int, int]


@dataclass(frozen=True, eq=False)
class StudyBlock:
    """Patients one after another.

    reports: sentences as (section_id, phrase_id), value. labels: float32 (n, 25) by the taxonomy's order. features:
    float32 (n, F).
    """

    reports: list[list[tuple[Place, float | str | None]]]
    labels: NDArray[np.float32]
    features: NDArray[np.float32]


def phrases_of_file(path: Path | None) -> SaidPhrases:
    """The user's phrases, or our own invented ones. Raises ValueError for a file that cannot be read."""
    return invented_phrases() if path is None else users_phrases(path)


@dataclass(frozen=True)
class InventedStudies:
    """The patients of a seed. first: number of the first one, so that banks and queries share none."""

    reports: TruthfulReports
    seed: int
    first: int = 0

    def sentences(self, number: int) -> list[Sentence]:
        """The report of one patient, counted from `first`."""
        return self.reports.of(state_of(self.seed, self.first + number, "clinical"), self._wording(number))

    def block(self, start: int, stop: int) -> StudyBlock:
        """Patients start..stop, counted from `first`."""
        reports, labels, features = [], [], []
        for number in range(start, stop):
            state = state_of(self.seed, self.first + number, "clinical")
            findings, numbers, found = findings_of(state), measurements_of(state), labels_of(state)
            report = self.reports.saying(findings, numbers, self._wording(number))
            reports.append([(phrase.place, value) for phrase, value in report])
            labels.append([found[name] for name in ECHO_TAXONOMY.phenotype_names])
            features.append(features_of(findings, numbers))
        return StudyBlock(reports, np.array(labels, np.float32), np.stack(features))

    def _wording(self, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.first + number, _WORDING])


def study_blocks(phrases: Path | None, seed: int, first: int, count: int, workers: int) -> Iterator[StudyBlock]:
    """Blocks of patients in order, made by that many processes; as many again wait, so memory does not grow."""
    spans = [(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    if workers <= 1 or len(spans) == 1:
        studies = InventedStudies(TruthfulReports(phrases_of_file(phrases)), seed, first)
        yield from (studies.block(*span) for span in spans)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy threads of numpy and torch
    with ProcessPoolExecutor(workers, context, _open, (phrases, seed, first)) as pool:
        waiting: deque[Future[StudyBlock]] = deque()
        for span in spans:
            waiting.append(pool.submit(_made, span))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_opened: list[InventedStudies] = []  # of a worker process


def _open(phrases: Path | None, seed: int, first: int) -> None:
    _opened[:] = [InventedStudies(TruthfulReports(phrases_of_file(phrases)), seed, first)]


def _made(span: tuple[int, int]) -> StudyBlock:
    return _opened[0].block(*span)
