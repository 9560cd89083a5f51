"""Precision, recall and F1 of findings, from boolean tables studies × findings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.bool_]  # (N studies, C findings)
Weights = NDArray[np.floating]  # (B, N): how often each study counts in each of B samples


@dataclass(frozen=True, eq=False)
class FindingScores:
    """Macro means over the findings."""

    precision: float
    recall: float
    f1: float


def finding_scores(truth: Table, said: Table) -> FindingScores:
    """Scores of what was said against what is true; a finding never said has precision 0."""
    hit, extra, missed = ((a & b).sum(axis=0) for a, b in ((truth, said), (~truth, said), (truth, ~said)))
    precision = hit / np.maximum(hit + extra, 1)
    recall = hit / np.maximum(hit + missed, 1)
    f1 = 2 * hit / np.maximum(2 * hit + extra + missed, 1)
    return FindingScores(
        precision=_mean(precision),
        recall=_mean(recall),
        f1=_mean(f1),
    )


def _mean(column: NDArray[np.floating]) -> float:
    return float(column.mean()) if len(column) else float("nan")


def macro_f1(truth: Table, said: Table, weights: Weights) -> NDArray[np.float64]:
    """float64 (B,): macro-F1 of every sample of studies."""
    hit, wrong = (truth & said).astype(np.float64), (truth ^ said).astype(np.float64)
    hits, wrongs = weights @ hit, weights @ wrong
    f1 = np.divide(2 * hits, 2 * hits + wrongs, out=np.zeros_like(hits), where=2 * hits + wrongs > 0)
    return np.asarray(f1.mean(axis=1), dtype=np.float64)
