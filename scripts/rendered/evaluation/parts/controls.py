"""Controls: figures must fall when inputs are wrong, and must be low for an encoder that never learned."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from model.embeddings import StudyEmbedding
from scripts.rendered.evaluation.parts.arms import Reports, core_of, f1_samples
from scripts.rendered.evaluation.parts.decoder_arms import DecoderArm
from scripts.rendered.evaluation.parts.probes import Probes, phenotype_targets
from scripts.rendered.evaluation.parts.scores import (
    Columns,
    columns_of,
    mean_auroc,
    number_table,
    phenotype_table,
    scores_of,
)
from scripts.rendered.evaluation.studies.context import NUMBERS, Evaluation
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy
from scripts.rendered.evaluation.studies.reading import ReadReport
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.truth import StudyTruth

_VIDEO = ("another study's video: macro-F1 lost, share", "another study's video: Core Metric")
_CONTEXT = "another study's context: macro-F1 lost, share of what another's video costs"


def neighbours_of(studies: int) -> list[int]:
    """For each study another one: the next, the first for the last."""
    return [(study + 1) % studies for study in range(studies)]


def measure_wrong_inputs(evaluation: Evaluation, reports: Reports, results: Results) -> None:
    """Another study's video, and another study's context."""
    if "rag" not in reports:
        results.not_measured([*_VIDEO, _CONTEXT], "the bundle has no decoder")
        return
    truths, others = evaluation.truths, neighbours_of(len(evaluation.truths))
    own = f1_samples(evaluation, truths, reports["rag"])[0]
    swapped = [reports["rag"][other] for other in others]  # all that is said follows from the video
    lost = own - f1_samples(evaluation, truths, swapped)[0]
    core = core_of(evaluation, truths, swapped).value
    results.at_least(_VIDEO[0], lost / own if own else float("nan"), 1 / 3)
    results.at_most(_VIDEO[1], core, 0.55)
    arm = DecoderArm.of_product(evaluation, "rag")
    assert arm is not None  # there are rag reports
    misled = [ReadReport.of(text, evaluation.reader) for text in arm.texts(context_of=others)]
    cost = own - f1_samples(evaluation, truths, misled)[0]
    results.at_most(_CONTEXT, cost / lost if lost > 0 else float("nan"), 0.5)
    results.figures["wrong_inputs"] = {
        "own": float(own),
        "other_video": float(own - lost),
        "other_context": float(own - cost),
        "core_metric_other_video": core,
    }


def variant_scores(
    evaluation: Evaluation, studies: Sequence[CachedStudy], truths: Sequence[StudyTruth], variant: str
) -> dict[str, float]:
    """Mean AUROC and the numbers' figures of one reading of some studies."""
    embedded = [replayed(evaluation.pipeline, study, variant) for study in studies if variant in study.embeddings]
    truths = [truth for truth, study in zip(truths, studies, strict=True) if variant in study.embeddings]
    if not embedded:
        return {}
    scores = scores_of(evaluation.documents(embedded, "retrieval"))
    return score_summary(evaluation, truths, scores)


def score_summary(evaluation: Evaluation, truths: Sequence[StudyTruth], scores: Columns) -> dict[str, float]:
    """Mean AUROC over phenotypes with five cases of either class, and the numbers' figures."""
    truth, means = columns_of(truths), evaluation.training_means
    numbers = number_table(truth, scores, means)
    least = 5 if len(truths) >= 25 else 1
    flat = {f"{name}_{key}": value for name, row in numbers.items() for key, value in row.items()}
    return {"studies": len(truths), "mean_auroc": mean_auroc(phenotype_table(truth, scores, means, least)), **flat}


def measure_readings(evaluation: Evaluation, results: Results) -> None:
    """One frame, shuffled frames, permuted views, a masked organ."""
    sets = {name: (evaluation.cached(name), evaluation.truths_of(evaluation.sets[name])) for name in ("independent",)}
    studies, truths = sets["independent"]
    found = {name: variant_scores(evaluation, studies, truths, name) for name in (BASE, "one_frame", "shuffled")}
    key = f"{NUMBERS[0]}_r2"
    loss = found[BASE].get(key, np.nan) - max(0.0, found["one_frame"].get(key, np.nan))
    results.at_least("one frame: R² of EF lost under the independent prior", loss, 0.25)
    results.at_least("independent prior: mean AUROC from scores", found[BASE].get("mean_auroc", np.nan), 0.85)
    permuted = [replayed(evaluation.pipeline, s, embedding=_permuted(s.embeddings[BASE])) for s in evaluation.studies]
    scores = scores_of(evaluation.documents(permuted, "retrieval"))
    results.figures["readings"] = {
        **{f"independent, {name}": row for name, row in found.items()},
        "test, shuffled": variant_scores(evaluation, evaluation.studies, evaluation.truths, "shuffled"),
        "test, views permuted": score_summary(evaluation, evaluation.truths, scores),
    }


def _permuted(embedding: StudyEmbedding) -> StudyEmbedding:
    """The clips with each other's views."""
    return replace(embedding, view_probabilities=torch.roll(embedding.view_probabilities, 1, dims=0))


def measure_random_encoder(evaluation: Evaluation, results: Results) -> None:
    """Probes on an encoder that never learned, against the same probes on the product's."""
    learn, truth = evaluation.cached("calibration"), evaluation.truths_of(evaluation.sets["calibration"])
    found = {}
    for variant in (BASE, "random_encoder"):
        if not all(variant in study.embeddings for study in (*learn, *evaluation.studies)):
            continue
        train, test = (
            [replayed(evaluation.pipeline, study, variant).sections for study in studies]
            for studies in (learn, evaluation.studies)
        )
        probes = Probes.fit(train, phenotype_targets(columns_of(truth)))
        scores = {
            name: np.full(len(test), evaluation.training_means[name]) for name in evaluation.training_means
        } | probes.scores(test)
        found[variant] = score_summary(evaluation, evaluation.truths, scores)
    results.figures["probes"] = found
    apart = [found.get(name, {}).get("mean_auroc", np.nan) for name in (BASE, "random_encoder")]
    results.at_least("mean AUROC of probes over those on a random encoder", apart[0] - apart[1], 0.05)
