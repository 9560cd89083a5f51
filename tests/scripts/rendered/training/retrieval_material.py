"""A small bundle, bank and set of encoded studies of synthetic patients: vectors follow labels, nothing is rendered."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from model.bundle import BundleManifest, sha256_of, taxonomy_fields, write_bundle
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.phantom_reports import draw_reports, phrase_table
from service.artifacts import ArtifactPaths

DIM, CANDIDATES, QUERIES, CLIPS = 32, 70, 10, 3
WEIGHTS, CONTENT = "video_encoder.safetensors", b"no weights"
TWINS = (0, CANDIDATES)  # the last candidate has the first one's report, and a vector of its own


def write_material(folder: Path) -> ArtifactPaths:
    """A bundle without networks or decoder, and a bank of patients of the bank's seeds."""
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    paths.bundle.mkdir(parents=True)
    (paths.bundle / WEIGHTS).write_bytes(CONTENT)
    views = dict.fromkeys(ECHO_TAXONOMY.views, 1.0)
    manifest = BundleManifest(
        name="material",
        trained=False,
        domain="synthetic",
        preprocessing={},
        networks={"video_encoder": {"file": WEIGHTS}},
        embedding_dim=DIM,
        view_weighting="probability",
        min_section_weight=0.5,
        mil_weights=dict.fromkeys(ECHO_TAXONOMY.sections, views),
        licence_notice="MIT",
        **taxonomy_fields(ECHO_TAXONOMY),
    )
    write_bundle(paths.bundle, manifest)
    _write_bank(paths)
    return paths


def encoded(purpose: str = "decoder", encoder_sha256: str | None = None) -> EncodedStudies:
    """Studies of a purpose's seed, three clips each."""
    seed = seed_for(purpose)
    vectors = np.repeat(vectors_of(seed, QUERIES), CLIPS, axis=0)
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(len(ECHO_TAXONOMY.views)), len(vectors)).astype(np.float32)
    return EncodedStudies(
        seed=seed,
        prior="clinical",
        views=ECHO_TAXONOMY.views,
        encoder_sha256=encoder_sha256 or hashlib.sha256(CONTENT).hexdigest(),
        studies=np.arange(QUERIES),
        offsets=np.arange(QUERIES + 1) * CLIPS,
        clip_embeddings=vectors + 0.05 * rng.standard_normal(vectors.shape, dtype=np.float32),
        view_probabilities=probabilities,
    )


def vectors_of(seed: int, studies: int) -> NDArray[np.float32]:
    """float32 (N, DIM) unit norm: a fixed projection of each patient's labels."""
    labels = [labels_of(state_of(seed, study, "clinical")) for study in range(studies)]
    scaled = np.array([[row[p.name] / p.high - 0.3 for p in ECHO_TAXONOMY.phenotypes] for row in labels], np.float32)
    vectors = scaled @ np.random.default_rng(0).standard_normal((scaled.shape[1], DIM)).astype(np.float32)
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _write_bank(paths: ArtifactPaths) -> None:
    seed, phrases = seed_for("bank"), phrase_table(english())
    reports = draw_reports(english(), range(CANDIDATES), seed)
    numbers = {row.key: row.phrase_id for row in phrases}
    names = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
    vectors = vectors_of(seed, CANDIDATES + 1)
    with BankWriter(paths.bank, phrases, names, DIM, "float32") as writer:
        writer.add_embeddings(vectors)
        for report in (*reports.sections, reports.sections[TWINS[0]]):
            writer.add_report(
                {name: [(numbers[s.phrase.phrase_id], s.value) for s in said] for name, said in report.items()}
            )
        for phenotype, labels in reports.phenotypes.items():
            writer.add_labels(phenotype, np.append(labels, labels[TWINS[0]]))
        writer.finish(
            BankDescription(
                name="material",
                encoder_sha256=sha256_of(paths.bundle / WEIGHTS),
                trained=False,
                domain="synthetic",
                licence_notice="MIT",
            )
        )
