import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from service.site.metrics.auroc import auroc, balanced_accuracy, sensitivity_specificity


@pytest.mark.parametrize("seed", range(5))
def test_equals_sklearn_with_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, scores = rng.random(60) < 0.3, rng.integers(0, 8, 60) / 8
    truth[0], truth[1] = True, False
    assert auroc(truth, scores) == pytest.approx(roc_auc_score(truth, scores))
    said = scores > 0.5
    assert balanced_accuracy(truth, said) == pytest.approx(balanced_accuracy_score(truth, said))


def test_by_hand() -> None:
    truth = np.array([True, False, True, False])
    assert auroc(truth, np.array([0.9, 0.1, 0.4, 0.4])) == pytest.approx(0.875)  # 3 of 4 pairs, one tie
    assert sensitivity_specificity(truth, np.array([True, False, False, False])) == (0.5, 1.0)


def test_one_class_has_no_auroc() -> None:
    assert math.isnan(auroc(np.ones(3, bool), np.arange(3.0)))
