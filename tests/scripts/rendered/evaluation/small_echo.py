"""An echo pipeline that needs no rendering: embeddings tell the truth with noise, and the bank is of other patients."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.retriever import Retriever, open_search
from model.bundle import BundleManifest, taxonomy_fields
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.embeddings import StudyEmbedding
from model.pooling import MilTable
from scripts.rendered.evaluation.parts.abstention import informative_views
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding import truth_of_clips
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy, cache_folder, write_study
from scripts.rendered.evaluation.studies.replay import ReplayedModality
from scripts.rendered.evaluation.studies.study_sets import Protocol
from scripts.rendered.evaluation.studies.truth import is_abnormal
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import Prior, state_of
from scripts.rendered.training.phantom_reports import draw_reports, phrase_table
from service.answer.text.text_check import TextCheck
from service.artifacts import ArtifactPaths
from service.pipeline import ReportPipeline

LANGUAGE = english()
DIMENSION = 64
PROTOCOL = Protocol(seed=90_001, studies=24, file_studies=2, calibration=40, independent=6, shifted=3, min_positives=3)


def vector_of(seed: int, study: int, prior: Prior, noise: float) -> NDArray[np.float32]:
    """A random projection of everything that is true, with noise."""
    state = state_of(seed, study, prior)
    labels = labels_of(state)
    stated = [f for found in findings_of(state).values() for f in found.stated if is_abnormal(f)]
    vector = sum((_direction(f"{f.name}={f.value}") for f in stated), 2 * _direction("heart"))
    vector = vector + 2 * (labels["ejection_fraction"] - 50) / 12 * _direction("ef")
    vector += 2 * (labels["pulmonary_artery_pressure_continuous"] - 35) / 12 * _direction("pap")
    vector += noise * np.random.default_rng([seed, study]).standard_normal(DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _direction(name: str) -> NDArray[np.float64]:
    key = int.from_bytes(name.encode(), "little") % 2**63
    return np.random.default_rng(key).standard_normal(DIMENSION)


def write_bank(folder: Path, candidates: int = 800) -> CandidateBank:
    """A bank of patients of the bank's own seeds."""
    reports = draw_reports(LANGUAGE, range(candidates), 30_000)
    table = phrase_table(LANGUAGE)
    numbers = {row.key: row.phrase_id for row in table}
    names = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
    with BankWriter(folder, table, names, DIMENSION, "float32") as writer:
        writer.add_embeddings(np.stack([vector_of(30_000, study, "clinical", 0.1) for study in range(candidates)]))
        for sections in reports.sections:
            writer.add_report(
                {name: [(numbers[s.phrase.phrase_id], s.value) for s in said] for name, said in sections.items()}
            )
        for phenotype, labels in reports.phenotypes.items():
            writer.add_labels(phenotype, labels)
        writer.finish(
            BankDescription(name="t", encoder_sha256="0" * 64, trained=True, domain="synthetic", licence_notice="MIT")
        )
    return CandidateBank.open(folder, None)


def build_evaluation(folder: Path, protocol: Protocol = PROTOCOL) -> Evaluation:
    """An evaluation whose studies are all in the cache."""
    bank = write_bank(folder / "bank")
    weights = {s: {v: float(v in informative_views(s)) for v in ECHO_TAXONOMY.views} for s in ECHO_TAXONOMY.sections}
    bundle = _manifest(weights)
    pipeline = ReportPipeline(
        modality=ReplayedModality(ECHO_TAXONOMY, DIMENSION, _NOBODY, _NOBODY.embeddings[BASE]),
        bundle=bundle,
        mil=MilTable.from_mapping(weights, bundle.sections, bundle.views),
        retriever=Retriever(bank, open_search(bank)),
        writer=None,
        text_check=TextCheck(LANGUAGE),
    )
    found = Evaluation(pipeline, ArtifactPaths(folder, folder / "bank"), LANGUAGE, protocol, folder / "cache")
    for chosen in found.sets.values():
        target = cache_folder(found.cache, pipeline, chosen)
        target.mkdir(parents=True)
        for study in range(chosen.studies):
            truth = truth_of_clips(chosen, study)
            vector = vector_of(chosen.seed, study, chosen.prior, 0.3 if chosen.shift else 0.1)
            write_study(target / f"{study}.npz", _cached(study, truth, vector, chosen.variants))
    return found


def _cached(
    study: int, truth: Mapping[int, Mapping[str, object]], vector: NDArray[np.float32], variants: tuple[str, ...]
) -> CachedStudy:
    """All clips have the study's vector and their true view; every variant is noise."""
    views = torch.tensor([[float(row["view"] == view) for view in ECHO_TAXONOMY.views] for row in truth.values()])
    positions = tuple(truth)
    own = StudyEmbedding(torch.from_numpy(vector).repeat(len(positions), 1), views, positions, ECHO_TAXONOMY.views)
    noise = torch.randn(own.clip_embeddings.shape, generator=torch.Generator().manual_seed(study))
    others = {name: StudyEmbedding(noise, views, positions, ECHO_TAXONOMY.views) for name in variants}
    used = {position: (f"{study}/{position}", 0) for position in positions}
    return CachedStudy(study, {BASE: own, **others}, used, (), truth, 0.0)


def _manifest(weights: Mapping[str, Mapping[str, float]]) -> BundleManifest:
    return BundleManifest(
        name="small", trained=True, domain="synthetic", preprocessing={}, networks={"video_encoder": {"file": "w"}},
        embedding_dim=DIMENSION, view_weighting="argmax", min_section_weight=0.5,
        mil_weights={section: dict(row) for section, row in weights.items()},
        thresholds={p.name: 0.5 for p in ECHO_TAXONOMY.phenotypes if p.kind == "binary"},
        licence_notice="MIT", files={"w": "0" * 64}, **taxonomy_fields(ECHO_TAXONOMY),
    )  # fmt: skip


_EMPTY = StudyEmbedding(torch.zeros(0, DIMENSION), torch.zeros(0, len(ECHO_TAXONOMY.views)), (), ECHO_TAXONOMY.views)
_NOBODY = CachedStudy(0, {BASE: _EMPTY}, {}, (), {}, 0.0)
