"""How well scores and hard labels tell two classes apart."""

import numpy as np
from numpy.typing import NDArray


def auroc(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney); NaN where the truth has one class only.

    truth: bool (N,). scores: floating (N,), finite; larger means positive.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # mean rank of equal scores
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def balanced_accuracy(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    """Mean of sensitivity and specificity, which is the AUROC of hard labels; NaN with one class only."""
    return auroc(truth, said.astype(np.float64))


def sensitivity_specificity(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> tuple[float, float]:
    """(share of positives called positive, share of negatives called negative); NaN where there is none."""
    return _share(said[truth]), _share(~said[~truth])


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
