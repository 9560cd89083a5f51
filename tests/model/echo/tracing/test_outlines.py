"""Masks and outlines of probabilities."""

import numpy as np

from model.echo.tracing.chambers import CHAMBERS, CLASSES
from model.echo.tracing.outlines import FINER, coarse_piece, fine_labels, fine_mask, outline, soft_area


def probabilities(size: int = 40) -> np.ndarray:
    """A cavity in a wall, a speck of cavity beside it."""
    y, x = np.mgrid[:size, :size] + 0.5
    radius = np.hypot(x - 20, y - 20)
    found = np.full((CLASSES, size, size), 0.02, np.float32)
    cavity, wall = radius < 8, (radius >= 8) & (radius < 12)
    cavity[2:4, 2:4] = True
    found[1][cavity], found[2][wall], found[0][~(cavity | wall)] = 0.9, 0.9, 0.9
    return np.asarray(found / found.sum(axis=0))


def test_the_largest_piece_of_a_chamber_counts() -> None:
    labels = fine_labels(probabilities())
    assert labels.shape == (80, 80)
    assert not (labels[:12, :12] == 1).any()
    assert abs((labels == 1).sum() / FINER**2 - np.pi * 64) < 9
    assert abs((labels == 2).sum() / FINER**2 - np.pi * (144 - 64)) < 20


def test_a_border_pixel_counts_by_its_share() -> None:
    found = probabilities()
    area, certainty = soft_area(found[1], coarse_piece(found, "lv"))
    assert abs(area - np.pi * 64) < 12
    assert certainty > 0.8
    assert soft_area(found[3], coarse_piece(found, "la")) == (0.0, 0.0)


def test_an_outline_runs_around_its_chamber_in_network_pixels() -> None:
    points = outline(fine_mask(probabilities(), "lv"))
    radius = np.hypot(points[:, 0] - 20, points[:, 1] - 20)
    assert len(points) > 8
    assert np.all(np.abs(radius - 8) < 0.8)


def test_a_chamber_that_is_not_there_has_no_outline() -> None:
    assert outline(fine_mask(probabilities(), CHAMBERS[-1])).shape == (0, 2)
    assert FINER == 2
