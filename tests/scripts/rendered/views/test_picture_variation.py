"""A varied picture keeps its view: flow keeps its colour, black stays black, only named views are ever mirrored."""

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.views.picture_variation import MIRRORED_VIEWS, vary_picture

SIZE = 80


def two_sides() -> NDArray[np.uint8]:
    """A large patch at the left, a small one at the right."""
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[25:55, 15:35], picture[35:45, 50:60] = 160, 160
    return picture


def left_heavy(view: str, seeds: int = 60) -> list[bool]:
    """For each drawn picture whether its left half holds most of what is lit."""
    found = []
    for seed in range(seeds):
        lit = vary_picture(two_sides(), view, np.random.default_rng(seed), 64).max(axis=2) > 60
        if 100 < lit.sum() < 1500:
            columns = np.flatnonzero(lit.any(axis=0))
            middle = (columns[0] + columns[-1]) // 2
            found.append(bool(lit[:, :middle].sum() > lit[:, middle + 1 :].sum()))
    return found


def test_only_views_that_keep_their_name_are_mirrored() -> None:
    assert "A4C" in MIRRORED_VIEWS
    assert "Parasternal_Long" not in MIRRORED_VIEWS
    assert np.mean(left_heavy("Parasternal_Long")) > np.mean(left_heavy("A4C")) + 0.03


def test_flow_keeps_its_colour_and_grey_gets_none() -> None:
    grey = two_sides()
    coloured = grey.copy()
    coloured[30:45, 18:30] = (220, 30, 20)
    red = [vary_picture(coloured, "Apical_Doppler", np.random.default_rng(seed), 64) for seed in range(20)]
    plain = [vary_picture(grey, "A2C", np.random.default_rng(seed), 64) for seed in range(20)]

    def apart(rows: list[NDArray[np.uint8]]) -> list[int]:
        return [int((row[..., 0].astype(int) - row[..., 2]).max()) for row in rows]

    assert np.median(apart(red)) > 100
    assert max(apart(plain)) < 48  # what the service takes for colour


def test_shape_and_seeds() -> None:
    first, again, other = (vary_picture(two_sides(), "A4C", np.random.default_rng(seed), 64) for seed in (1, 1, 2))
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
