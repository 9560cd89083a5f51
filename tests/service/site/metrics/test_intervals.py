import numpy as np
import pytest

from service.site.metrics.intervals import bootstrap, of_samples, sample_weights


def test_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(0, 1, 400)
    found = bootstrap(lambda rows: float(values[rows].mean()), 400)
    error = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.02)


def test_weights_and_draws_tell_the_same() -> None:
    values = np.random.default_rng(0).normal(0, 1, 100)
    weights = sample_weights(100, 200)
    by_weight = of_samples(weights @ values / 100)
    by_draw = bootstrap(lambda rows: float(values[rows].mean()), 100, 200)
    assert (by_weight.low, by_weight.high) == pytest.approx((by_draw.low, by_draw.high))


def test_samples_without_a_figure_are_left_out() -> None:
    found = bootstrap(lambda rows: float("nan") if len(set(rows.tolist())) < 3 else 1.0, 3, 50)
    assert (found.low, found.high) == (1.0, 1.0)
