"""The studies that both systems write reports of, and that neither has learned from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.phrase_table import PhraseTable
from model.embeddings import SectionEmbeddings, StudyEmbedding
from scripts.reference.echovlm.layout import sections_of
from service.answer.encoded_study import EncodedStudy
from service.pipeline import ReportPipeline
from service.site.encoded_folder import EncodedFolder
from service.stage_clock import StageClock

Text = dict[str, list[str]]
STUDIES = "studies"  # of a release by `make_echoprime_release --informative`: train, tuning, test


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Studies with their own reports.

    vectors: float32 (N, D), one per study, of unit norm. encoded: their clips, empty where only the vectors are known.
    candidates: int64 (C,) rows of the bank that are these studies; nobody learns from them or quotes them.
    """

    vectors: NDArray[np.float32]
    truths: tuple[Text, ...]
    encoded: tuple[StudyEmbedding, ...] = ()
    candidates: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of_bank(cls, bank: CandidateBank, studies: int, seed: int) -> Self:
        """Some candidates, whose vectors stand in for their videos: of a release without encoded studies."""
        rng = np.random.default_rng([seed, 17])
        rows = np.sort(rng.choice(bank.manifest.candidates, studies, replace=False)).astype(np.int64)
        vectors = unit(bank.embeddings[rows].astype(np.float32))
        return cls(vectors, tuple(sections_of(bank, rows)), candidates=rows)

    @classmethod
    def of_release(cls, release: Path, bank: CandidateBank, studies: int) -> Self:
        """The first test studies of an informative release; of any other release, some of its candidates."""
        folder = release / STUDIES / "test"
        return cls.of_folder(folder, bank, studies) if folder.is_dir() else cls.of_bank(bank, studies, seed=0)

    @classmethod
    def of_folder(cls, folder: Path, bank: CandidateBank, studies: int | None = None) -> Self:
        """The first encoded studies of a folder, all of them unless a number is given."""
        encoded = EncodedFolder.read(folder)
        rows = range(len(encoded) if studies is None else min(studies, len(encoded)))
        embeddings = tuple(encoded.embedding(row) for row in rows)
        truths = tuple(_text(bank.phrases, encoded.report(row)) for row in rows)
        return cls(np.stack([mean_of_clips(embedding) for embedding in embeddings]), truths, embeddings)

    def nearest(self, bank: CandidateBank, kept: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32 (N, D): of the candidates `kept` the nearest to each study, as echovlm's script takes it."""
        best = np.full(len(self.vectors), -np.inf, np.float32)
        found = np.zeros_like(self.vectors)
        for start in range(0, len(kept), 50_000):
            block = unit(bank.embeddings[kept[start : start + 50_000]].astype(np.float32))
            scores = self.vectors @ block.T
            place = scores.argmax(axis=1)
            top = scores[np.arange(len(place)), place]
            better = top > best
            best[better], found[better] = top[better], block[place[better]]
        return np.asarray(found, np.float32)

    def study(self, row: int, pipeline: ReportPipeline) -> EncodedStudy:
        """A study as the pipeline has it after its networks."""
        if self.encoded:
            embedding = self.encoded[row]
            sections = pipeline.pool(embedding)
        else:
            names = pipeline.bundle.sections
            vector = torch.from_numpy(self.vectors[row])
            embedding = StudyEmbedding(vector[None][:0], torch.zeros(0, 0), (), ())
            everywhere = torch.ones(len(names), dtype=torch.bool)
            sections = SectionEmbeddings(vector.repeat(len(names), 1), everywhere, torch.zeros(len(names), 0), names)
        return EncodedStudy((), (), (), embedding, sections, StageClock())


def _text(phrases: PhraseTable, report: Iterable[tuple[int, float]]) -> Text:
    text: Text = {}
    for number, value in report:
        row = phrases[number]
        text.setdefault(row.section, []).append(row.text(None if np.isnan(value) else value))
    return text


def mean_of_clips(embedding: StudyEmbedding) -> NDArray[np.float32]:
    """float32 (D,) of unit norm: a study as echovlm sees it."""
    mean: NDArray[np.float32] = embedding.clip_embeddings.mean(dim=0, keepdim=True).numpy()
    return np.asarray(unit(mean)[0], np.float32)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of unit norm."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, np.finfo(np.float32).tiny), np.float32)
