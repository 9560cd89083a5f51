"""Named noise: the distribution asked for, no draw shared between names."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scripts.rendered.phantom.patient.noise import NamedNoise


@given(st.text(), st.text())
def test_draws_lie_inside_their_bounds_and_repeat(key: str, name: str) -> None:
    noise = NamedNoise(key)
    assert 0 < noise.uniform(name) < 1
    assert noise.normal(name) == NamedNoise(key).normal(name)
    assert noise.choice(name, (1, 2, 3)) in (1, 2, 3)


def test_names_and_children_give_independent_standard_normals() -> None:
    draws = np.array(
        [
            [noise.normal("a"), noise.normal("b"), noise.child("b").normal("a")]
            for noise in (NamedNoise(str(i)) for i in range(4000))
        ]
    )
    assert np.abs(draws.mean(0)).max() < 0.07  # four standard errors
    assert np.abs(draws.std(0) - 1).max() < 0.05
    assert np.abs(np.corrcoef(draws.T) - np.eye(3)).max() < 0.07


def test_chance_happens_as_often_as_asked() -> None:
    happened = [NamedNoise(str(i)).chance("x", 0.3) for i in range(4000)]
    assert abs(np.mean(happened) - 0.3) < 0.03
