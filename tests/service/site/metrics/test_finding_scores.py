import numpy as np
import pytest
from sklearn.metrics import f1_score

from scripts.rendered.evaluation.metrics.randomisation import paired_randomisation
from service.site.metrics.finding_scores import finding_scores, macro_f1
from service.site.metrics.intervals import sample_weights

RNG = np.random.default_rng(1)
TRUTH, SAID = RNG.random((50, 6)) < 0.4, RNG.random((50, 6)) < 0.5


def test_equals_sklearn() -> None:
    wanted = f1_score(TRUTH, SAID, average="macro", zero_division=0)
    assert finding_scores(TRUTH, SAID).f1 == pytest.approx(wanted)
    assert macro_f1(TRUTH, SAID, np.ones((1, 50)))[0] == pytest.approx(wanted)


def test_weights_repeat_studies() -> None:
    weights = sample_weights(50, 3)
    rows = np.repeat(np.arange(50), weights[2].astype(int))
    assert macro_f1(TRUTH, SAID, weights)[2] == pytest.approx(finding_scores(TRUTH[rows], SAID[rows]).f1)


def test_a_finding_never_said_scores_nothing() -> None:
    scores = finding_scores(np.array([[True], [False]]), np.array([[False], [False]]))
    assert (scores.precision, scores.recall, scores.f1) == (0.0, 0.0, 0.0)


def test_equal_texts_differ_by_chance_and_perfect_ones_do_not() -> None:
    assert paired_randomisation(TRUTH, SAID, SAID, rounds=50) == 1.0
    assert paired_randomisation(TRUTH, TRUTH, SAID, rounds=200) < 0.01
