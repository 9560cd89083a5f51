"""The test of an AUROC against chance, and Holm's correction."""

import numpy as np
from numpy.typing import NDArray


def chance_p_value(scores: NDArray[np.floating], positive: NDArray[np.bool_], seed: int, draws: int = 4000) -> float:
    """Two-sided permutation p-value of an AUROC against 0.5."""
    rng = np.random.default_rng([seed, 13])
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores, kind="stable")] = np.arange(len(scores))
    n = int(positive.sum())
    shuffled = rng.permuted(np.tile(ranks, (draws, 1)), axis=1)[:, :n].mean(axis=1)
    centre = ranks.mean()
    observed = abs(ranks[positive].mean() - centre)
    return float((1 + (np.abs(shuffled - centre) >= observed - 1e-9).sum()) / (draws + 1))


def holm(p_values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjusted p-values (Holm 1979)."""
    order = np.argsort(p_values)
    adjusted = np.empty(len(p_values))
    running = 0.0
    for place, index in enumerate(order):
        running = max(running, (len(p_values) - place) * float(p_values[index]))
        adjusted[index] = min(1.0, running)
    return adjusted
