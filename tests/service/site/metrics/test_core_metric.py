import numpy as np
import pytest

from service.site.metrics.core_metric import core_metric

TRUTH = {"clip": np.array([1.0, 0, 0, 0]), "ef": np.array([40.0, 50, 60, 70]), "never": np.zeros(4)}


def test_by_hand() -> None:
    read = {"clip": np.array([1.0, 1, np.nan, 0]), "ef": np.array([40.0, np.nan, 60, 70]), "never": np.zeros(4)}
    found = core_metric(TRUTH, read, {"ef": 55.0})
    assert found.parts["clip"] == pytest.approx((1 + 2 / 3) / 2)  # the unsaid one counts as absent
    assert found.parts["ef"] == pytest.approx(1 - 25 / 500)  # the missing number counts as the training mean
    assert found.value == pytest.approx((found.parts["clip"] + found.parts["ef"]) / 2)
    assert found.undefined == ("never",)
    assert found.coverage == pytest.approx(10 / 12)


def test_a_negative_r_squared_counts_as_zero() -> None:
    read = {"clip": np.zeros(4), "ef": np.array([70.0, 60, 50, 40]), "never": np.zeros(4)}
    assert core_metric(TRUTH, read, {"ef": 55.0}).parts["ef"] == 0.0
