"""How much worse figures become with another scanner, and how often views are recognised."""

from collections.abc import Sequence

import numpy as np

from scripts.rendered.evaluation.parts.controls import score_summary
from scripts.rendered.evaluation.parts.scores import scores_of
from scripts.rendered.evaluation.studies.context import Evaluation
from scripts.rendered.evaluation.studies.embedding_cache import BASE, CachedStudy
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.results import Results
from scripts.rendered.evaluation.studies.study_sets import SHIFTS


def view_accuracy(studies: Sequence[CachedStudy]) -> float:
    """Share of used clips whose most probable view is the one they were rendered as."""
    right = []
    for study in studies:
        embedding = study.embeddings[BASE]
        best = embedding.view_probabilities.argmax(dim=1).tolist() if embedding.positions else []
        said = [embedding.views[view] for view in best]
        right += [study.truth[p]["view"] == view for p, view in zip(embedding.positions, said, strict=True)]
    return float(np.mean(right)) if right else float("nan")


def measure_shifts(evaluation: Evaluation, results: Results) -> None:
    """Adds each shift's figures beside those of the same patients without it, and the bars of the views."""
    few = evaluation.protocol.shifted
    found = {"none": _figures(evaluation, evaluation.studies[:few])}
    found |= {shift: _figures(evaluation, evaluation.cached(shift)) for shift in SHIFTS}
    results.figures["shifts"] = {
        shift: row | {"auroc_drop": found["none"]["mean_auroc"] - row["mean_auroc"]} for shift, row in found.items()
    }
    results.figures["views_top_1"] = {
        "test": view_accuracy(evaluation.studies),
        **{shift: view_accuracy(evaluation.cached(shift)) for shift in SHIFTS},
    }
    results.at_least("views, top-1 on held-out phantoms", results.figures["views_top_1"]["test"], 0.95)
    results.at_least("views, top-1 on held-out looks", results.figures["views_top_1"]["looks"], 0.90)


def _figures(evaluation: Evaluation, studies: Sequence[CachedStudy]) -> dict[str, float]:
    documents = evaluation.documents([replayed(evaluation.pipeline, study) for study in studies], "retrieval")
    skipped = sum(clip.reason.value != "duplicate" for study in studies for clip in study.skipped)
    figures = score_summary(evaluation, evaluation.truths[: len(studies)], scores_of(documents))
    return figures | {"clips_skipped": skipped}
