"""What own labels say about a vote: its threshold, its probability curve, its interval. Plain numpy, no study files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Fewest positives and negatives that a threshold may rest on: with fewer, one study moves sensitivity by 10 points.
MIN_OF_EACH = 10
# Fewest studies for an interval: the 80 % conformal quantile of fewer is set by a handful of residuals.
MIN_STUDIES = 30
LEVEL = 0.8  # of an interval from the 10th to the 90th percentile
_STEPS = 100  # Newton steps; the curve has two parameters and converges in about ten
_TOLERANCE = 1e-10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """A threshold (a vote of at least this is positive) and what it reaches on the labels it was chosen on."""

    threshold: float
    sensitivity: float
    specificity: float


def cut_of(votes: Floats, labels: Floats, sensitivity: float | None = None) -> Cut | None:
    """The threshold of largest expected F1 (Lipton et al. 2014), or the highest one of a target sensitivity.

    votes: 0..1 (N,); labels: 0 or 1 (N,). F1 is expected under the fitted curve, not counted: with a few dozen
    positives the counted one jumps from vote to vote (LOG 2026-11-22). None with too few of either kind, and where a
    vote does not tell. Thresholds lie midway between votes that occur, so that rounding on another machine changes no
    call.
    """
    curve, positives = probability_curve(votes, labels), labels > 0.5
    if curve is None:
        return None
    probable = 1 / (1 + np.exp(-(curve["slope"] * votes + curve["intercept"])))
    values = np.unique(votes)
    cuts = [Cut(float(t), *_rates(votes, positives, t)) for t in (values[1:] + values[:-1]) / 2]
    useful = [cut for cut in cuts if cut.sensitivity + cut.specificity > 1]
    if sensitivity is not None:
        useful = [cut for cut in useful if cut.sensitivity >= sensitivity]
        return max(useful, key=lambda cut: cut.threshold, default=None)
    return max(useful, key=lambda cut: _expected_f1(probable, votes >= cut.threshold), default=None)


def _expected_f1(probable: Floats, called: NDArray[np.bool_]) -> float:
    """F1 of some calls as often as their probabilities say."""
    return float(2 * probable[called].sum() / (called.sum() + probable.sum()))


def _rates(votes: Floats, positives: NDArray[np.bool_], threshold: float) -> tuple[float, float]:
    called = votes >= threshold
    return float(called[positives].mean()), float((~called[~positives]).mean())


def probability_curve(votes: Floats, labels: Floats) -> dict[str, float] | None:
    """Slope and intercept of P(positive | vote), fitted with Platt's corrected targets (Platt 1999, section 2.2).

    None with too few of either kind, and where a higher vote does not mean a higher probability.
    """
    positives = labels > 0.5
    count, others = int(positives.sum()), int((~positives).sum())
    if min(count, others) < MIN_OF_EACH:
        return None
    targets = np.where(positives, (count + 1) / (count + 2), 1 / (others + 2))
    design = np.stack([votes, np.ones_like(votes)], axis=1)
    weights = np.array([0.0, np.log((count + 1) / (others + 1))])
    for _ in range(_STEPS):
        fitted = 1 / (1 + np.exp(-(design @ weights)))
        gradient = design.T @ (fitted - targets)
        # the ridge keeps votes that separate the labels completely from running away
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - np.clip(step, -5, 5)
        if np.abs(step).max() < _TOLERANCE:
            break
    slope, intercept = map(float, weights)
    return {"slope": slope, "intercept": intercept} if slope > 0 else None


def interval_offset(low: Floats, high: Floats, truth: Floats) -> float | None:
    """How far an interval must be widened on either side to hold `LEVEL` of the truths; negative narrows it.

    low, high, truth: (N,). The finite-sample quantile of conformalised quantile regression (Romano et al. 2019,
    section 4). None with fewer than `MIN_STUDIES`.
    """
    if len(truth) < MIN_STUDIES:
        return None
    misses = np.sort(np.maximum(low - truth, truth - high))
    rank = int(np.ceil((len(truth) + 1) * LEVEL)) - 1
    return float(misses[min(rank, len(misses) - 1)])
