"""Patterns of segmental wall motion: coronary territories and global disease, never more of it than the EF allows."""

from collections.abc import Iterable

from scripts.rendered.phantom.patient.noise import NamedNoise
from scripts.rendered.phantom.patient.state import SEGMENTS, WallMotion

# Territories as assigned by Cerqueira et al. 2002, segments by their AHA number.
TERRITORIES: dict[str, tuple[int, ...]] = {
    "left anterior descending": (1, 2, 7, 8, 13, 14, 17),
    "right coronary": (3, 4, 9, 10, 15),
    "left circumflex": (5, 6, 11, 12, 16),
}
# Parts that fail alone: the apical region (distal LAD), one wall or two of its levels, one segment.
_PARTS: tuple[tuple[int, ...], ...] = (
    *((13, 14, 15, 16, 17), (1, 7), (7, 13), (1, 7, 13), (4, 10), (10, 15), (4, 10, 15)),
    *((2, 8), (3, 9), (5, 11), (6, 12), (8, 14), (12, 16), (4,), (17,)),
)
_NORMAL = (WallMotion.NORMAL,) * len(SEGMENTS)

PRESERVED_EF_PERCENT = 52.0  # from here on at most three segments may fail (lower limit of normal, Lang et al. 2015)
REDUCED_EF_PERCENT = 41.0  # below it disease may be global or reach a second territory


def wall_motion_of(
    noise: NamedNoise, *, abnormal: bool, ischemic: bool, ejection_fraction_percent: float
) -> tuple[WallMotion, ...]:
    """Scores of the 17 segments, all normal unless `abnormal`.

    How far it reaches follows the ejection fraction, so that text and cine of one heart can both be true: preserved,
    up to three segments; mildly reduced, one part or territory; below that, a territory with or without a second, or
    (without ischemia) global hypokinesis.
    """
    if not abnormal:
        return _NORMAL
    if ejection_fraction_percent >= PRESERVED_EF_PERCENT:
        return _scored(noise.choice("part", tuple(part for part in _PARTS if len(part) <= 3)), WallMotion.HYPOKINETIC)
    if ejection_fraction_percent >= REDUCED_EF_PERCENT:
        if noise.chance("whole territory", 0.4):
            return _territory(noise)
        return _scored(noise.choice("part", _PARTS), _severity(noise, hypokinetic=0.6))
    if not ischemic:
        return (WallMotion.HYPOKINETIC,) * len(SEGMENTS)
    return _extensive(noise)


def _severity(noise: NamedNoise, *, hypokinetic: float) -> WallMotion:
    """Hypokinetic with that probability, else akinetic; one part in ten bulges."""
    if noise.chance("aneurysm", 0.1):
        return WallMotion.DYSKINETIC
    return WallMotion.HYPOKINETIC if noise.chance("severity", hypokinetic) else WallMotion.AKINETIC


def _scored(numbers: Iterable[int], score: WallMotion) -> tuple[WallMotion, ...]:
    failing = set(numbers)
    return tuple(score if number in failing else WallMotion.NORMAL for number in range(1, len(SEGMENTS) + 1))


def _territory(noise: NamedNoise) -> tuple[WallMotion, ...]:
    """A whole territory, hypokinetic or akinetic, its apex sometimes dyskinetic."""
    numbers = noise.choice("territory", tuple(TERRITORIES.values()))
    hypokinetic = noise.chance("territory severity", 0.5)
    scores = _scored(numbers, WallMotion.HYPOKINETIC if hypokinetic else WallMotion.AKINETIC)
    bulges = 17 in numbers and noise.chance("apical aneurysm", 0.3)
    return (*scores[:-1], WallMotion.DYSKINETIC) if bulges else scores


def _extensive(noise: NamedNoise) -> tuple[WallMotion, ...]:
    """A whole territory, and in a third of the hearts a second one hypokinetic."""
    scores = _territory(noise)
    if noise.chance("second territory", 1 / 3):
        second = _scored(noise.choice("second", tuple(TERRITORIES.values())), WallMotion.HYPOKINETIC)
        scores = tuple(max(pair) for pair in zip(scores, second, strict=True))
    return scores
