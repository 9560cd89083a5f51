"""Figures of the evaluation as PNG."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.rendered.evaluation.metrics.calibration import Reliability
from scripts.rendered.evaluation.parts.scores import columns_of, scores_of
from scripts.rendered.evaluation.studies.context import NUMBERS, Evaluation
from service.schemas import ReportDocument
from service.site.metrics.regression import mean_absolute_error

_GROUPS = ((1, 4), (5, 6), (7, 8), (9, 10), (11, 40))  # clips used, both ends included


def draw_reliability(diagram: Reliability, path: Path) -> Path:
    """Writes the reliability diagram of all binary phenotypes."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra; nothing else of the evaluation needs it

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="stated probability", ylabel="share that is true")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot(diagram.stated, diagram.true, marker="o")
    axes.set_title(f"calibration error {diagram.error:.3f}")
    figure.savefig(path, dpi=120)
    return path


def accuracy_by_clips(evaluation: Evaluation, documents: Sequence[ReportDocument]) -> dict[str, dict[str, float]]:
    """Clips used → studies, share of thresholded calls that are right, error of EF."""
    truth, scores = columns_of(evaluation.truths), scores_of(documents)
    used = np.array([sum(clip.used for clip in document.clips) for document in documents])
    found = {}
    for low, high in _GROUPS:
        rows = np.flatnonzero((used >= low) & (used <= high)).tolist()
        if not rows:
            continue
        right = [
            documents[row].phenotypes[name].positive == (truth[name][row] >= 0.5)
            for row in rows
            for name in truth
            if name not in NUMBERS and documents[row].phenotypes[name].positive is not None
        ]
        name = NUMBERS[0]
        known = [row for row in rows if np.isfinite(scores[name][row])]
        error = mean_absolute_error(truth[name][known], scores[name][known])
        label = f"{low}-{high}"
        found[label] = {"studies": len(rows), "calls_right": _mean(right), "ef_mae": error}
    return found


def _mean(flags: Sequence[bool]) -> float:
    return float(np.mean(flags)) if flags else float("nan")


def draw_accuracy(table: dict[str, dict[str, float]], path: Path) -> Path:
    """Writes accuracy by number of clips."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra; nothing else of the evaluation needs it

    figure = Figure(figsize=(6, 3.2), layout="constrained")
    for place, (key, label) in enumerate((("calls_right", "calls that are right"), ("ef_mae", "EF: mean error, %")), 1):
        axes = figure.add_subplot(1, 2, place, xlabel="clips used", ylabel=label)
        axes.plot(list(table), [row[key] for row in table.values()], marker="o")
    figure.savefig(path, dpi=120)
    return path
