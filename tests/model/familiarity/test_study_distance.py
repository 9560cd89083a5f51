"""A whole study beyond what is known is found, also by clips that tell nothing; its limit goes by its clips."""

import math

import pytest
import torch

from model.familiarity.clip_distances import ViewGaussians
from model.familiarity.study_distance import StudyFamiliarity, familiarity_of, relative_distances

GENERATOR = torch.Generator().manual_seed(0)
KNOWN = ViewGaussians(
    torch.randn(3, 6, generator=GENERATOR) * 4,
    torch.linalg.qr(torch.randn(6, 6, generator=GENERATOR)).Q[:2].contiguous(),
    torch.tensor([4.0, 2.0]),
    0.5,
    torch.ones(3),
)


def test_the_distance_is_that_of_both_covariances_inverted() -> None:
    """The slow twin: full matrices."""
    rest = torch.eye(6) - KNOWN.components.T @ KNOWN.components
    within = ((KNOWN.components.T * KNOWN.variances) @ KNOWN.components + 0.5 * rest).double()
    middle = KNOWN.means.double().mean(dim=0)
    apart = KNOWN.means.double() - middle
    clips, views = torch.randn(9, 6, generator=GENERATOR) * 3, torch.arange(9) % 3
    own, all_ = clips.double() - KNOWN.means.double()[views], clips.double() - middle
    pooled = within + apart.T @ apart / 3
    slow = (own @ within.inverse() * own).sum(1) - (all_ @ pooled.inverse() * all_).sum(1)
    torch.testing.assert_close(
        relative_distances(KNOWN, clips, views), slow, rtol=1e-5, atol=1e-3
    )  # directions are float32


def test_a_clip_in_the_middle_of_all_views_is_farther_than_one_of_its_view() -> None:
    at_home = relative_distances(KNOWN, KNOWN.means, torch.arange(3))
    in_the_middle = relative_distances(KNOWN, KNOWN.means.mean(dim=0).repeat(3, 1), torch.arange(3))
    assert (in_the_middle > at_home + 10).all()


def test_the_limit_goes_by_the_number_of_clips_and_the_median_counts() -> None:
    limits = torch.tensor([9.0, 5.0, 3.0])
    assert familiarity_of(torch.tensor([8.0]), limits) == StudyFamiliarity(8.0, 9.0)
    assert familiarity_of(torch.tensor([4.0, 8.0]), limits) == StudyFamiliarity(6.0, 5.0)
    assert familiarity_of(torch.tensor([1.0, 2.0, 99.0, 99.0, 2.5]), limits) == StudyFamiliarity(2.5, 3.0)


@pytest.mark.parametrize(("distance", "unlike"), [(3.0, False), (3.1, True), (-7.0, False), (math.nan, True)])
def test_beyond_the_limit_or_no_number_is_unlike(distance: float, unlike: bool) -> None:
    assert StudyFamiliarity(distance, 3.0).unlike is unlike
