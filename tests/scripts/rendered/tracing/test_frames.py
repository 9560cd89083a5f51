"""Runs of frames and their exact masks."""

import numpy as np
import pytest

from model.echo.tracing.chambers import CHAMBERS
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.scan.acquisition import standard_acquisition
from scripts.rendered.seed_ranges import seed_for
from scripts.rendered.tracing.frames import FRAMES, TracedClip, wide_run
from scripts.rendered.tracing.wide_acquisition import draw_brightness

SEED = seed_for("tracer", 999)
LV, WALL, LA, RV, RA = (1 + CHAMBERS.index(name) for name in ("lv", "myocardium", "la", "rv", "ra"))


def test_the_four_chamber_cut_shows_all_chambers_where_they_belong() -> None:
    clip = TracedClip(state_of(SEED, 0, "clinical"), standard_acquisition("A4C"), 1)
    found = clip.frames(np.array([0, 10]), 96)
    middle = {number: np.argwhere(found.chambers[0] == number).mean(axis=0) for number in (LV, WALL, LA, RV, RA)}
    assert middle[LV][0] < middle[LA][0]  # ventricles above, towards the probe
    assert middle[RV][1] < middle[LV][1]  # right heart on the picture's left
    assert middle[RA][1] < middle[LA][1]
    assert (found.chambers[1] == LV).sum() < (found.chambers[0] == LV).sum()  # systole


def test_masks_lie_within_the_sector_and_cavities_are_darker_than_their_wall() -> None:
    clip = TracedClip(state_of(SEED, 1, "clinical"), standard_acquisition("A2C"), 2)
    found = clip.frames(np.array([0]), 96)
    assert not found.chambers[0][:3].any()
    assert found.grey[0][found.chambers[0] == LV].mean() < found.grey[0][found.chambers[0] == WALL].mean()


def test_the_area_of_the_mask_is_the_ventricle_s() -> None:
    state = state_of(SEED, 2, "clinical")
    clip = TracedClip(state, standard_acquisition("A4C"), 3)
    areas = [
        (found.chambers[0] == LV).sum() * (found.pixel_mm / 10) ** 2
        for found in (clip.frames(np.array([0]), size) for size in (96, 192))
    ]
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


def test_a_run_is_the_same_whenever_asked_and_every_run_another_patient() -> None:
    first, again, other = wide_run(SEED, 5, 64), wide_run(SEED, 5, 64), wide_run(SEED, 6, 64)
    np.testing.assert_array_equal(first.grey, again.grey)
    np.testing.assert_array_equal(first.chambers, again.chambers)
    assert first.grey.shape == (FRAMES, 64, 64)
    assert not np.array_equal(first.chambers, other.chambers)


def test_leaflets_are_hardly_seen_in_a_part_of_the_hearts() -> None:
    drawn = [draw_brightness(np.random.default_rng(seed)) for seed in range(300)]
    valves = np.array([(levels[Tissue.MITRAL_VALVE], levels[Tissue.TRICUSPID_VALVE]) for levels in drawn]).mean(axis=1)
    walls = np.array([levels[Tissue.LV_WALL] for levels in drawn])
    assert 0.1 < (valves < -8).mean() < 0.35
    assert abs(walls.mean()) < 1
