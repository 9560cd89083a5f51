"""Calibration: whether the event happens in a share p of the cases that have probability p."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, eq=False)
class Reliability:
    """One entry per bin of equal width. stated: mean probability; true: share of positives; count: cases."""

    stated: NDArray[np.float64]
    true: NDArray[np.float64]
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error: mean |stated − true| by count (Naeini et al. 2015)."""
        total = int(self.count.sum())
        gap = np.abs(np.nan_to_num(self.stated) - np.nan_to_num(self.true))
        return float((gap * self.count).sum() / total) if total else float("nan")


def reliability(truth: NDArray[np.bool_], probability: NDArray[np.floating], bins: int = BINS) -> Reliability:
    """The reliability diagram; NaN probabilities are left out."""
    known = ~np.isnan(probability)
    truth, probability = truth[known], probability[known]
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        stated = np.bincount(place, probability, bins) / count
        true = np.bincount(place, truth, bins) / count
    return Reliability(stated, true, count)
