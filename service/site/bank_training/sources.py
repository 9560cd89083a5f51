"""Where queries come from: stand-ins made of a bank's candidates, or encoded studies with their reports."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from model.embeddings import StudyEmbedding
from model.taxonomy import Taxonomy
from service.pipeline import ReportPipeline
from service.site.bank_training.errors import UnusableStudies
from service.site.bank_training.evaluation.held_out import HeldOut
from service.site.bank_training.rows.gap import Gap, TextModel, unit
from service.site.bank_training.rows.row_making import Queries, Reports
from service.site.bank_training.rows.wording_table import WordingTable
from service.site.encoded_folder import ABOUT_FILE, BadEncodedFolder, EncodedFolder

Ids = NDArray[np.int64]
_TEXT_MODEL_CANDIDATES = 20_000  # for up to some thousand wordings; more moved nothing that was looked at
_LEAST_STUDIES = 60  # ten on each held-out side
_PARTS = 6
_FOLDERS = ("train", "tuning", "test")  # of studies that somebody has split already
_SIXTHS = (0, 4, 5)  # what each of them counts as: one that trains, the one of thresholds, the one of the test


def wordings_said(table: WordingTable, reports: Reports, count: int) -> NDArray[np.bool_]:
    """Bool (count, W): which wordings each report has."""
    said = np.zeros((count, len(table.texts)), np.bool_)
    texts = table.said(reports.phrase, reports.value, reports.text)
    said[reports.study[texts >= 0], texts[texts >= 0]] = True
    return said


@dataclass(frozen=True, eq=False)
class StandIns:
    """Candidates as if they were videos.

    text_model: what a report makes one expect, where the gap was measured by it. subspaces: float32 (S, D) of zeros and
    ones, which dimensions each section reads.
    """

    bank: CandidateBank
    taxonomy: Taxonomy
    table: WordingTable
    patients: Ids
    gap: Gap
    text_model: TextModel | None
    seed: int
    subspaces: NDArray[np.float32]

    def queries(self, candidates: Ids, stream: int) -> Queries:
        """The candidates' stand-ins; the same again for equal seeds and streams."""
        rng = np.random.default_rng([self.seed, stream])
        if self.text_model is None:
            texts = self.bank.embeddings[candidates].astype(np.float32)
        else:
            reports = Reports.of_candidates(self.bank, candidates)
            texts = self.text_model.vectors(wordings_said(self.table, reports, len(candidates)))
        vectors, assessed = self.gap.queries(texts, rng)
        return Queries(unit(vectors * self.subspaces), assessed, self.patients[candidates])

    def held_out(self, candidates: Ids, stream: int) -> HeldOut:
        """The candidates as studies that are tested."""
        nothing = StudyEmbedding(torch.zeros(0, self.gap.dimension), torch.zeros(0, 0), (), ())
        labels = {name: self.bank.labels(name, candidates) for name in self.taxonomy.phenotype_names}
        reports = Reports.of_candidates(self.bank, candidates)
        return HeldOut(self.queries(candidates, stream), reports, labels, (nothing,) * len(candidates))


def text_model_of(bank: CandidateBank, table: WordingTable, candidates: Ids) -> TextModel:
    """The text vectors that reports make one expect, learned from some candidates."""
    some = np.sort(candidates[:_TEXT_MODEL_CANDIDATES])
    said = wordings_said(table, Reports.of_candidates(bank, some), len(some))
    return TextModel.of(said, bank.embeddings[some].astype(np.float32))


@dataclass(frozen=True, eq=False)
class EncodedStudies:
    """The studies of a folder, pooled as the service pools them, split by patients."""

    studies: HeldOut
    parts: NDArray[np.uint8]

    @classmethod
    def read(cls, folder: Path, pipeline: ReportPipeline) -> "EncodedStudies":
        """Those of a folder, split by patients, or of its parts `train`, `tuning` and `test`, split as they are.

        Raises UnusableStudies naming what does not fit the bundle or the bank.
        """
        if (folder / ABOUT_FILE).is_file():
            return cls._read(folder, pipeline)
        parts = [cls._read(folder / name, pipeline).studies for name in _FOLDERS]
        sixths = [np.full(len(part), sixth, np.uint8) for part, sixth in zip(parts, _SIXTHS, strict=True)]
        return cls(joined(parts), np.concatenate(sixths))

    @classmethod
    def _read(cls, folder: Path, pipeline: ReportPipeline) -> "EncodedStudies":
        try:
            found = EncodedFolder.read(folder)
        except BadEncodedFolder as error:
            raise UnusableStudies(str(error)) from error
        _compare(folder, found, pipeline)
        embeddings = tuple(found.embedding(row) for row in range(len(found)))
        pooled = [pipeline.pool(embedding) for embedding in embeddings]
        nobody = np.full(len(found), -1, np.int64)
        queries = Queries(
            np.stack([sections.vectors.numpy() for sections in pooled]),
            np.stack([sections.assessed.numpy() for sections in pooled]),
            nobody,
        )
        assert found.report_offsets is not None  # compared above
        assert found.report_phrases is not None
        assert found.report_values is not None
        counts = np.diff(found.report_offsets)
        study = np.repeat(np.arange(len(found)), counts)
        phrases = found.report_phrases.astype(np.int64)
        reports = Reports(study, phrases, found.report_values, np.zeros(len(study), np.bool_))
        empty = np.full(len(found), np.nan, np.float32)
        labels = {name: found.labels.get(name, empty) for name in pipeline.bundle.taxonomy().phenotype_names}
        parts = np.array([_part(patient) for patient in found.patients], np.uint8)
        return cls(HeldOut(queries, reports, labels, embeddings), parts)

    def of(self, parts: tuple[int, ...], most: int | None = None) -> HeldOut:
        """The studies of some sixths of the patients."""
        return chosen(self.studies, np.flatnonzero(np.isin(self.parts, parts))[:most])


def joined(parts: Sequence[HeldOut]) -> HeldOut:
    """All studies of some parts, one part after the other."""
    firsts = np.cumsum([0, *(len(part) for part in parts)])
    queries, reports = [part.queries for part in parts], [part.reports for part in parts]
    return HeldOut(
        Queries(*(np.concatenate([getattr(q, n) for q in queries]) for n in ("vectors", "assessed", "patients"))),
        Reports(
            np.concatenate([r.study + first for r, first in zip(reports, firsts, strict=False)]),
            *(np.concatenate([getattr(r, name) for r in reports]) for name in ("phrase", "value", "text")),
        ),
        {name: np.concatenate([part.labels[name] for part in parts]) for name in parts[0].labels},
        tuple(embedding for part in parts for embedding in part.embeddings),
    )


def chosen(studies: HeldOut, numbers: Ids) -> HeldOut:
    """Some of the studies, in that order."""
    place = np.full(len(studies), -1, np.int64)
    place[numbers] = np.arange(len(numbers))
    reports, queries = studies.reports, studies.queries
    kept = place[reports.study] >= 0
    labels: Mapping[str, NDArray[np.float32]] = {name: column[numbers] for name, column in studies.labels.items()}
    return HeldOut(
        Queries(queries.vectors[numbers], queries.assessed[numbers], queries.patients[numbers]),
        Reports(place[reports.study[kept]], reports.phrase[kept], reports.value[kept], reports.text[kept]),
        labels,
        tuple(studies.embeddings[number] for number in numbers.tolist()),
    )


def _part(patient: str) -> int:
    return int.from_bytes(hashlib.blake2b(patient.encode(), digest_size=8).digest(), "big") % _PARTS


def _compare(folder: Path, found: EncodedFolder, pipeline: ReportPipeline) -> None:
    bundle, phrases = pipeline.bundle, len(pipeline.retriever.bank.phrases)
    if found.clip_embeddings.shape[1] != bundle.embedding_dim:
        width = found.clip_embeddings.shape[1]
        raise UnusableStudies(f"{folder}: vectors of {width}, bundle {bundle.name!r} embeds in {bundle.embedding_dim}")
    if set(found.views) != set(bundle.views):
        differ = sorted(set(found.views) ^ set(bundle.views))
        raise UnusableStudies(f"{folder}: its views and those of bundle {bundle.name!r} differ in {differ}")
    if found.report_offsets is None or found.report_phrases is None or found.report_values is None:
        raise UnusableStudies(f"{folder}: holds no reports; a decoder cannot learn from vectors alone")
    if len(found.report_phrases) and not 0 <= found.report_phrases.min() <= found.report_phrases.max() < phrases:
        raise UnusableStudies(f"{folder}: its reports name phrases beyond the {phrases} of the bank")
    if not np.isfinite(found.clip_embeddings).all():
        raise UnusableStudies(f"{folder}: its vectors hold NaN or infinity")
    if len(found) < _LEAST_STUDIES:
        raise UnusableStudies(f"{folder}: {len(found)} studies; {_LEAST_STUDIES} are the least")
