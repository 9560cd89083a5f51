"""Volumes of shapes whose volume is known."""

import numpy as np
import pytest

from model.echo.tracing.outlines import FINER
from model.echo.tracing.ventricle_shape import DISKS, disks_volume, ventricle_shape

SIZE = 256


def half_ellipse(length: float, radius: float, tilt_deg: float = 0.0) -> np.ndarray:
    """A bullet whose base lies below: half of an ellipse, in network pixels; bool (SIZE, SIZE)."""
    y, x = (np.mgrid[:SIZE, :SIZE] + 0.5) / FINER
    c, s = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    across, down = (x - 64) * c - (y - 90) * s, (x - 64) * s + (y - 90) * c
    return np.asarray((down <= 0) & ((across / radius) ** 2 + (down / length) ** 2 <= 1))


@pytest.mark.parametrize("tilt", [0.0, 12.0, -25.0])
def test_the_volume_of_half_an_ellipsoid_is_found_by_both_methods(tilt: float) -> None:
    shape = ventricle_shape(half_ellipse(60, 18, tilt))
    assert shape is not None
    volume = 2 / 3 * np.pi * 18**2 * 60
    assert shape.length == pytest.approx(60, rel=0.03)
    assert shape.disks_volume == pytest.approx(volume, rel=0.06)
    assert shape.area_length_volume == pytest.approx(volume, rel=0.06)


def test_the_base_lies_towards_the_atrium() -> None:
    mask = half_ellipse(60, 18)[::-1]  # the base above
    shape = ventricle_shape(mask, towards_base=np.array([64.0, 0.0]))
    assert shape is not None
    assert shape.base[1] < shape.apex[1]
    assert shape.diameters[0] < shape.diameters[-1]  # counted from the apex on


def test_disks_of_a_cylinder_give_its_volume() -> None:
    assert disks_volume(10, np.full(DISKS, 4.0), np.full(DISKS, 4.0)) == pytest.approx(np.pi * 4 * 10)


def test_a_speck_has_no_shape() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[3:6, 3:6] = True
    assert ventricle_shape(mask) is None
