import numpy as np
import pytest

from scripts.rendered.evaluation.studies.strange_clips import STRANGE


@pytest.mark.parametrize("kind", sorted(STRANGE))
def test_strange_clips_move_and_are_reproducible(kind: str) -> None:
    one, other = (STRANGE[kind](np.random.default_rng(3)) for _ in range(2))
    assert one.dtype == np.uint8
    assert one.shape == (32, 300, 400, 3)
    assert np.array_equal(one, other)
    assert np.abs(np.diff(one.astype(int), axis=0)).mean() > 0.2
