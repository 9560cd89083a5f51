"""Paired randomisation test: is the difference as large when each study's two texts are swapped by a coin."""

import numpy as np

from service.site.metrics.finding_scores import Table, Weights, macro_f1


def paired_randomisation(truth: Table, one: Table, other: Table, rounds: int = 2000, seed: int = 0) -> float:
    """Two-sided p of the difference of macro-F1 (Noreen 1989): (1 + as extreme) / (1 + rounds)."""
    studies = np.ones((1, len(truth)))
    observed = abs(_difference(truth, one, other, studies))
    rng = np.random.default_rng(seed)
    extreme = 0
    for _ in range(rounds):
        swapped = rng.random(len(truth))[:, None] < 0.5
        found = _difference(truth, np.where(swapped, other, one), np.where(swapped, one, other), studies)
        extreme += abs(found) >= observed - 1e-12
    return (1 + extreme) / (1 + rounds)


def _difference(truth: Table, one: Table, other: Table, weights: Weights) -> float:
    return float(macro_f1(truth, one, weights)[0] - macro_f1(truth, other, weights)[0])
