"""Probability and interval of a vote, and their absence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.retrieval import PhenotypeVote
from model.taxonomy import Phenotype
from service.answer.calibration import interval_of, probability_of

NUMBER = Phenotype("ef", "Heart", "continuous", "%", 5, 85)


def vote(value: float | None, p10: float | None = None, p90: float | None = None) -> PhenotypeVote:
    return PhenotypeVote(value, p10, p90, 50, 50, None)


def test_probability_is_the_logistic_curve() -> None:
    curve = {"slope": 8.0, "intercept": -4.0}
    assert probability_of(vote(0.5), curve) == pytest.approx(0.5)
    assert probability_of(vote(0.75), curve) == pytest.approx(1 / (1 + math.exp(-2)))
    assert probability_of(vote(None), curve) is None
    assert probability_of(vote(0.5), None) is None


@given(st.floats(0, 1), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_probability_is_always_one(value: float, slope: float, intercept: float) -> None:
    found = probability_of(vote(value), {"slope": slope, "intercept": intercept})
    assert found is not None
    assert 0 <= found <= 1


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(0.0, (40, 60)), (5.0, (35, 65)), (100.0, (5, 85)), (-4.0, (44, 56)), (-100.0, (50, 50))],
)
def test_interval_is_widened_and_stays_plausible(offset: float, expected: tuple[float, float]) -> None:
    assert interval_of(vote(50, 40, 60), NUMBER, {"offset": offset, "level": 0.8}) == expected
    assert interval_of(vote(None), NUMBER, {"offset": offset}) is None
    assert interval_of(vote(50, 40, 60), NUMBER, None) is None
