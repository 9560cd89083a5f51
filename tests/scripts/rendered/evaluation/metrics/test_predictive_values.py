import math

import pytest

from scripts.rendered.evaluation.metrics.predictive_values import predictive_values


def test_by_hand() -> None:
    positive, negative = predictive_values(0.9, 0.8, 0.1)
    assert positive == pytest.approx(0.09 / (0.09 + 0.18))
    assert negative == pytest.approx(0.72 / (0.72 + 0.01))


def test_a_call_never_made_has_no_value() -> None:
    assert math.isnan(predictive_values(0.0, 1.0, 0.1)[0])
