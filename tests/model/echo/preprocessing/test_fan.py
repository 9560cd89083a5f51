import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan, _edge, fit_fan


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


@settings(max_examples=60, deadline=None)
@given(
    left=st.floats(-1.3, 0.3),
    opening=st.floats(0.3, 2.79),
    near=st.floats(0, 90),
    apex_x=st.floats(-50, 250),
    apex_y=st.floats(-100, 100),
)
def test_a_mask_holds_the_pixels_of_those_angles_and_radii(
    left: float, opening: float, near: float, apex_x: float, apex_y: float
) -> None:
    fan = Fan(apex_x, apex_y, left, left + opening, near, 120)
    y, x = np.mgrid[:130, :180] + 0.5
    radius, angle = np.hypot(x - apex_x, y - apex_y), np.arctan2(x - apex_x, y - apex_y)
    bounds = ((radius, near), (-radius, -120), (angle, left), (-angle, -left - opening))
    twin = np.all([value >= bound for value, bound in bounds], axis=0)
    at_a_bound = np.any([np.abs(value - bound) < 1e-9 for value, bound in bounds], axis=0) | (radius < 1e-9)
    assert np.array_equal(fan.mask(130, 180)[~at_a_bound], twin[~at_a_bound])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 400))
def test_the_edge_is_the_best_of_all_lines_taken_at_once(seed: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    y = np.arange(rows, dtype=np.float64) + 0.5
    drawn = 200 - generator.uniform(-0.5, 1.5) * y + generator.normal(0, 2, rows)
    x = np.asarray(np.round(np.clip(drawn, 0, None)), np.float64)
    assert _edge(y, x) == _edge_at_once(y, x)


def _edge_at_once(y: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[float, float] | None:
    """The slow twin of `_edge`: every line against every point of the outline."""
    y, x = y[x > 1], x[x > 1]
    if len(y) < 8:
        return None
    probes = np.unique(np.linspace(0, len(y) - 1, 72).astype(int))
    first, second = (probes[index] for index in np.triu_indices(len(probes), 1))
    slope = (x[second] - x[first]) / (y[second] - y[first])
    offset = x[first] - slope * y[first]
    signed = (x - (offset[:, None] + slope[:, None] * y)) / np.hypot(1, slope)[:, None]
    touches, outside = np.abs(signed) <= 1.5, signed < -1.5
    above = y <= y[second][:, None]
    score = touches.sum(1) - 3.0 * (outside & above).sum(1) - 0.4 * (outside & ~above).sum(1)
    score[slope > 0.2] = -np.inf
    best = int(score.argmax())
    if slope[best] > 0.2 or touches[best].sum() < 0.15 * len(y):
        return None
    refined = np.polyfit(y[touches[best]], x[touches[best]], 1)
    return float(refined[1]), float(refined[0])


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
