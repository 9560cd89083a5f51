import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error as sklearn_mae
from sklearn.metrics import r2_score

from service.site.metrics.regression import mean_absolute_error, r_squared


def test_equals_sklearn() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(55, 10, 40)
    estimate = truth + rng.normal(0, 6, 40)
    assert r_squared(truth, estimate) == pytest.approx(r2_score(truth, estimate))
    assert mean_absolute_error(truth, estimate) == pytest.approx(sklearn_mae(truth, estimate))


def test_a_constant_truth_has_no_r_squared() -> None:
    assert np.isnan(r_squared(np.ones(3), np.zeros(3)))
