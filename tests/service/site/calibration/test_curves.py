"""Thresholds, curves and intervals: chosen where there is something to choose, refused where there is not."""

import numpy as np
import pytest

from service.site.calibration.curves import MIN_OF_EACH, MIN_STUDIES, Floats, cut_of, interval_offset, probability_curve


def drawn(seed: int, studies: int = 400) -> tuple[Floats, Floats]:
    """Votes of 50 neighbours and the labels they are right about with probability vote."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(0.5, 0.5, studies)
    return rng.binomial(50, truth) / 50, rng.binomial(1, truth).astype(np.float64)


def f1(votes: Floats, labels: Floats, threshold: float) -> float:
    called, positives = votes >= threshold, labels > 0
    return float(2 * (called & positives).sum() / (called.sum() + positives.sum()))


@pytest.mark.parametrize("seed", range(4))
def test_the_cut_is_about_the_best_for_studies_it_has_not_seen(seed: int) -> None:
    votes, labels = drawn(seed)
    cut = cut_of(votes, labels)
    assert cut is not None
    later = drawn(seed + 100, studies=50_000)
    best = max(f1(*later, t) for t in np.linspace(-0.01, 1.01, 103))  # the slow twin: every cut there can be
    assert f1(*later, cut.threshold) > best - 0.01
    assert cut.threshold not in votes
    assert cut.sensitivity == pytest.approx((votes >= cut.threshold)[labels > 0].mean())


def test_a_target_sensitivity_is_reached_by_the_highest_threshold() -> None:
    votes, labels = drawn(1)
    cut = cut_of(votes, labels, sensitivity=0.9)
    assert cut is not None
    assert cut.sensitivity >= 0.9
    higher = np.unique(votes[votes > cut.threshold])[0] + 1e-9
    assert (votes >= higher)[labels > 0].mean() < 0.9


def test_too_few_or_worse_than_chance_gets_no_threshold() -> None:
    votes, labels = drawn(2)
    assert cut_of(votes[labels < 1], labels[labels < 1]) is None
    few = np.r_[np.flatnonzero(labels > 0)[: MIN_OF_EACH - 1], np.flatnonzero(labels < 1)]
    assert cut_of(votes[few], labels[few]) is None
    assert probability_curve(votes[few], labels[few]) is None
    ideal = np.r_[np.zeros(20), np.ones(20)]
    assert cut_of(1 - ideal, ideal) is None
    assert probability_curve(1 - votes, labels) is None
    assert cut_of(np.full(40, 0.5), ideal) is None


def test_the_curve_makes_votes_into_frequencies() -> None:
    rng = np.random.default_rng(3)
    votes = rng.random(20_000)
    truth = 1 / (1 + np.exp(-(6 * votes - 4)))
    curve = probability_curve(votes, rng.binomial(1, truth).astype(np.float64))
    assert curve is not None
    assert curve["slope"] == pytest.approx(6, abs=0.3)
    assert curve["intercept"] == pytest.approx(-4, abs=0.3)


def test_votes_that_separate_completely_get_a_finite_curve() -> None:
    ideal = np.r_[np.zeros(50), np.ones(50)]
    curve = probability_curve(ideal, ideal)
    assert curve is not None
    assert np.isfinite(list(curve.values())).all()


@pytest.mark.parametrize("width", [2.0, 30.0])
def test_the_interval_holds_its_share_on_other_studies(width: float) -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(55, 10, 8000)
    middle = truth + rng.normal(0, 8, 8000)
    low, high = middle - width, middle + width
    offset = interval_offset(low[:4000], high[:4000], truth[:4000])
    assert offset is not None
    inside = (truth >= low - offset)[4000:] & (truth <= high + offset)[4000:]
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    assert interval_offset(low[: MIN_STUDIES - 1], high[: MIN_STUDIES - 1], truth[: MIN_STUDIES - 1]) is None
