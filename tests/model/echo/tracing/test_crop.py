"""The tracer's square, and the way back to the file's pixels."""

import numpy as np
import pytest
import torch

from model.echo.preprocessing.fan import Fan
from model.echo.sector_geometry.pictures import Shown
from model.echo.tracing.crop import HEIGHTS, CropPlace, tracer_box, tracer_frames


def shown(x0: int, y0: int, x1: int, y1: int, shape: tuple[int, int] = (120, 200)) -> Shown:
    mask = torch.zeros(shape, dtype=torch.bool)
    mask[y0:y1, x0:x1] = True
    return Shown(mask, (0, 0, 120, 120), Fan(100.0, 10.0, -0.78, 0.78, 0.0, 100.0))


def test_the_square_is_as_high_as_the_sector_and_below_the_probe() -> None:
    x0, y0, x1, y1 = tracer_box(shown(30, 10, 170, 110))
    assert (x0 + x1) / 2 == 100
    assert x1 - x0 == y1 - y0 == round(100 * HEIGHTS)


def test_a_sector_that_is_cut_off_is_kept_to_its_edge() -> None:
    x0, _, x1, _ = tracer_box(shown(80, 10, 200, 110))
    assert x0 == pytest.approx(80, abs=2)
    assert x1 <= 200


@pytest.mark.parametrize(("upside_down", "mirrored"), [(False, False), (True, False), (False, True), (True, True)])
def test_points_come_back_to_where_they_were_read(upside_down: bool, mirrored: bool) -> None:
    frames = torch.zeros((1, 120, 200, 3), dtype=torch.uint8)
    frames[0, 70:74, 120:124] = 255
    place = CropPlace((40, 10, 140, 110), 100, upside_down, mirrored)
    grey = tracer_frames(frames, (0,), Shown(None, (0, 0, 120, 120)), place)
    y, x = np.argwhere(grey[0] > 100).mean(axis=0) + 0.5
    back = place.to_source(np.array([[x, y]]))
    assert back[0] == pytest.approx([122, 72], abs=0.6)


def test_pixels_that_are_not_square_are_counted_as_stored() -> None:
    place = CropPlace((0, 0, 100, 100), 50, scale=(0.5, 1.0))
    assert place.to_source(np.array([[25.0, 25.0]]))[0] == pytest.approx([25, 50])


def test_what_lies_outside_the_mask_or_the_picture_is_black() -> None:
    frames = torch.full((2, 60, 60, 3), 200, dtype=torch.uint8)
    part = shown(10, 10, 50, 50, (60, 60))
    grey = tracer_frames(frames, (0, 1), part, CropPlace((-10, -10, 70, 70), 80))
    assert grey.shape == (2, 80, 80)
    assert grey[0, 30, 30] == 200
    assert not grey[:, :18].any()
