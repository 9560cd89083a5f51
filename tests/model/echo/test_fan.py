import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.fan import Fan, fit_fan


@settings(max_examples=40, deadline=None)
@given(
    half=st.floats(16, 50),
    tilt=st.floats(-12, 12),
    near=st.sampled_from([0.0, 30.0, 60.0]),
    apex_x=st.floats(120, 200),
)
def test_a_whole_fan_is_found_again(half: float, tilt: float, near: float, apex_x: float) -> None:
    left, right = np.radians([tilt - half, tilt + half]).tolist()
    drawn = Fan(apex_x, 12 - 0.8 * near, left, right, near, 200)
    live = drawn.mask(240, 320)
    found = fit_fan(live)
    assert found is not None
    covered = found.mask(240, 320)
    assert (covered & live).sum() >= 0.98 * live.sum()
    assert (covered & ~live).sum() <= 0.06 * live.sum()


def test_a_fan_with_a_dark_corner_is_completed() -> None:
    drawn = Fan(160, 10, -0.75, 0.75, 0, 210)
    live = drawn.mask(240, 320)
    live[120:, :90] = False
    found = fit_fan(live)
    assert found is not None
    assert (found.mask(240, 320) & drawn.mask(240, 320)).sum() >= 0.97 * drawn.mask(240, 320).sum()


@pytest.mark.parametrize("shape", ["full", "rectangle", "disc", "empty", "dot"])
def test_other_shapes_are_no_fan(shape: str) -> None:
    live = np.zeros((240, 320), bool)
    y, x = np.mgrid[:240, :320]
    shapes = {
        "full": np.ones_like(live),
        "rectangle": (x > 60) & (x < 260) & (y > 40) & (y < 200),
        "disc": np.hypot(x - 160, y - 120) < 90,
        "empty": live,
        "dot": np.hypot(x - 160, y - 120) < 4,
    }
    assert fit_fan(shapes[shape]) is None


def test_upside_down_and_scaled_masks_agree_with_the_upright_one() -> None:
    fan = Fan(160, 10, -0.7, 0.7, 5, 200)
    turned = Fan(160, 10, -0.7, 0.7, 5, 200, upside_down=True)
    assert np.array_equal(np.flipud(fan.mask(240, 320)), turned.mask(240, 320))
    assert abs(fan.scaled(2).mask(480, 640)[::2, ::2].mean() - fan.mask(240, 320).mean()) < 0.01
    assert turned.depth(np.array([160.0]), np.array([240.0 - 210]), 240)[0] == pytest.approx(1)
