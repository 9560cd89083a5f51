import numpy as np

from scripts.rendered.checks.ranking import chance_p_value, holm


def test_p_values_are_small_for_skill_and_even_for_chance() -> None:
    rng = np.random.default_rng(2)
    positive = np.arange(300) % 2 == 0
    assert chance_p_value(positive + rng.normal(0, 1, 300), positive, 1) < 0.01
    chances = [chance_p_value(rng.normal(0, 1, 300), positive, seed, 400) for seed in range(60)]
    assert 0.35 < float(np.mean(chances)) < 0.65


def test_holm_is_the_textbook_example() -> None:
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1.0, 1.0])
