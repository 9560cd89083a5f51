"""Vectors that know the truth vote better than vectors that know nothing; a study is never asked about itself."""

import numpy as np
from numpy.typing import NDArray

from model.bundle import read_bundle
from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.compare_bank_vectors import votes_against_truth
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.training.encoded_studies import EmbeddedStudies
from service.settings import shipped_bundle


def studies(seed: int, count: int) -> EmbeddedStudies:
    views = ECHO_TAXONOMY.views
    return EmbeddedStudies(
        seed=seed,
        prior="clinical",
        views=views,
        encoder_sha256="x",
        studies=np.arange(count),
        offsets=np.arange(count + 1),
        clip_embeddings=np.zeros((count, 2), np.float32),
        view_probabilities=np.full((count, len(views)), 1 / len(views), np.float32),
    )


def knowing(given: EmbeddedStudies) -> dict[str, NDArray[np.float32]]:
    """A vector per section of its phenotypes' labels, the numbers scaled, each study as far out as any."""
    labels = [labels_of(state_of(given.seed, int(study), "clinical")) for study in given.studies]
    vectors = {}
    for section in ECHO_TAXONOMY.sections:
        names = [p for p in ECHO_TAXONOMY.phenotypes if p.section == section]
        columns = [[row[p.name] / (1 if p.kind == "binary" else 15) - 0.5 for p in names] for row in labels]
        rows = np.array(columns, np.float32).reshape(len(labels), -1)
        rows = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1)
        vectors[section] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return vectors


def test_knowing_vectors_vote_better_than_noise() -> None:
    manifest = read_bundle(shipped_bundle())
    bank, asked = studies(30_003, 300), studies(60_003, 80)
    rng = np.random.default_rng(0)
    noise = {name: rng.normal(size=rows.shape).astype(np.float32) for name, rows in knowing(asked).items()}
    good = votes_against_truth((bank, knowing(bank)), (asked, knowing(asked)), manifest, 10)
    bad = votes_against_truth((bank, knowing(bank)), (asked, noise), manifest, 10)
    assert good["mean_auroc"] > 0.97
    assert bad["mean_auroc"] < 0.65
    assert good["r2_ejection_fraction"] > 0.8
    assert bad["r2_ejection_fraction"] < 0.3
