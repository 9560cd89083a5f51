import numpy as np
import pytest

from model.echo.taxonomy import VIEWS
from scripts.rendered.phantom.scan.study import MAX_CLIPS, MIN_CLIPS, plan_study, planned_clip


def test_plans_are_reproducible_and_vary() -> None:
    assert plan_study(7, 3) == plan_study(7, 3)
    plans = [plan_study(7, study) for study in range(60)]
    sizes = [len(plan) for plan in plans]
    assert min(sizes) >= MIN_CLIPS
    assert max(sizes) <= MAX_CLIPS
    assert len(set(sizes)) > 8
    assert {clip.view for plan in plans for clip in plan} == set(VIEWS)
    assert any(clip.flaw == "poor" for plan in plans for clip in plan)
    assert sum(len({clip.view for clip in plan}) < len(VIEWS) for plan in plans) > 20  # views are missing
    assert all(len({clip.acquisition.look for clip in plan}) == 1 for plan in plans)  # one scanner per study


def test_duplicates_repeat_an_earlier_original() -> None:
    for study in range(80):
        plan = plan_study(9, study)
        for clip in plan:
            if clip.duplicate_of is not None:
                original = plan[clip.duplicate_of]
                assert original.duplicate_of is None
                assert (original.noise_seed, original.acquisition) == (clip.noise_seed, clip.acquisition)


def test_acquisition_and_noise_have_streams_of_their_own() -> None:
    first, second = planned_clip(1, 2, 0, "A4C"), planned_clip(1, 2, 1, "A4C")
    assert first.noise_seed != second.noise_seed
    assert first.acquisition != second.acquisition
    poor = planned_clip(1, 2, 0, "A4C", quality=0.1)
    assert poor.noise_seed == first.noise_seed
    assert poor.quality == 0.1
    assert poor.acquisition.depth_mm == first.acquisition.depth_mm


@pytest.mark.parametrize("clips", [0, MAX_CLIPS + 1])
def test_impossible_sizes_are_refused(clips: int) -> None:
    with pytest.raises(ValueError, match="clips"):
        plan_study(1, 1, clips=clips)


def test_a_wanted_size_is_kept() -> None:
    assert [len(plan_study(3, 1, clips=wanted)) for wanted in (1, 12, 40)] == [1, 12, 40]
    assert np.isfinite(plan_study(3, 1, clips=1)[0].quality)
