"""Limits of whole studies hold for as many clips as they were set on, and only where studies are enough."""

import numpy as np
import pytest
import torch

from service.site.calibration.study_limits import STUDY_FALSE_FLAGS, study_limits


def drawn(count: int, clips: int, seed: int) -> list[torch.Tensor]:
    """Studies whose clips lie around a place of their own."""
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(rng.normal(rng.normal(), 1.0, clips)) for _ in range(count)]


@pytest.mark.parametrize("clips", [1, 3, 8])
def test_about_one_unseen_study_in_a_hundred_lies_beyond(clips: int) -> None:
    limits = study_limits(drawn(400, 8, 0))
    assert limits is not None
    assert len(limits) == 8
    beyond = np.mean([float(rows.quantile(0.5)) > float(limits[clips - 1]) for rows in drawn(4000, clips, 1)])
    assert beyond == pytest.approx(STUDY_FALSE_FLAGS, abs=0.008)


def test_more_clips_have_no_higher_limit() -> None:
    limits = study_limits(drawn(150, 9, 2))
    assert limits is not None
    assert (limits[1:] <= limits[:-1]).all()


def test_a_limit_needs_99_studies_of_as_many_clips() -> None:
    assert study_limits(drawn(98, 4, 3)) is None
    assert study_limits([]) is None
    limits = study_limits([*drawn(60, 2, 4), *drawn(98, 5, 5)])
    assert limits is not None
    assert len(limits) == 2
