import numpy as np
import pytest

from scripts.rendered.evaluation.metrics.calibration import reliability


def test_by_hand() -> None:
    truth = np.array([True, False, True, True])
    found = reliability(truth, np.array([0.05, 0.05, 0.95, np.nan]))
    assert found.count.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert found.error == pytest.approx((2 * 0.45 + 1 * 0.05) / 3)


def test_probabilities_that_come_true_have_no_error() -> None:
    rng = np.random.default_rng(0)
    stated = rng.random(20_000)
    assert reliability(rng.random(20_000) < stated, stated).error < 0.02
    assert reliability(rng.random(20_000) < stated**3, stated).error > 0.2
