"""Patterns of wall motion stay within what the ejection fraction allows."""

import pytest

from scripts.rendered.phantom.patient.noise import NamedNoise
from scripts.rendered.phantom.patient.state import WallMotion
from scripts.rendered.phantom.patient.wall_motion import TERRITORIES, wall_motion_of


def _patterns(*, ischemic: bool, ejection_fraction_percent: float) -> list[tuple[WallMotion, ...]]:
    return [
        wall_motion_of(
            NamedNoise(str(seed)),
            abnormal=True,
            ischemic=ischemic,
            ejection_fraction_percent=ejection_fraction_percent,
        )
        for seed in range(300)
    ]


def test_territories_share_out_the_segments() -> None:
    assert sorted(number for numbers in TERRITORIES.values() for number in numbers) == list(range(1, 18))


def test_not_abnormal_is_all_normal() -> None:
    scores = wall_motion_of(NamedNoise("0"), abnormal=False, ischemic=True, ejection_fraction_percent=20.0)
    assert set(scores) == {WallMotion.NORMAL}


@pytest.mark.parametrize(("ejection_fraction_percent", "most"), [(60.0, 3), (45.0, 7), (25.0, 14)])
def test_disease_reaches_further_the_lower_the_ejection_fraction(ejection_fraction_percent: float, most: int) -> None:
    patterns = _patterns(ischemic=True, ejection_fraction_percent=ejection_fraction_percent)
    reach = [sum(score != WallMotion.NORMAL for score in scores) for scores in patterns]
    assert min(reach) >= 1
    assert max(reach) <= most
    assert len(set(patterns)) > 3


def test_global_hypokinesis_is_of_failing_hearts_without_ischemia() -> None:
    failing = _patterns(ischemic=False, ejection_fraction_percent=25.0)
    assert set(failing) == {(WallMotion.HYPOKINETIC,) * 17}
    assert (WallMotion.HYPOKINETIC,) * 17 not in _patterns(ischemic=False, ejection_fraction_percent=45.0)
