"""The seeds that each part of training may draw patients from; ranges do not overlap, so no trained patient is tested.

A patient is (seed, study number, prior); two patients of different seeds share nothing. Every script that draws
patients asks here, and `scripts.rendered.evaluate` refuses a seed outside `test`.
"""

from collections.abc import Mapping
from types import MappingProxyType

SEED_RANGES: Mapping[str, range] = MappingProxyType(
    {
        "phantom_checks": range(0, 10_000),  # scripts.rendered.check_phantom and scripts.rendered.make_study
        "encoder": range(10_000, 20_000),  # video and text encoder, view classifier
        "mil": range(20_000, 30_000),
        "bank": range(30_000, 40_000),
        "decoder": range(40_000, 50_000),
        "calibration": range(50_000, 60_000),  # thresholds, calibration, out-of-distribution statistics
        "tuning": range(60_000, 70_000),  # every choice made by looking at a figure
        "tracer": range(70_000, 80_000),  # frames and masks that the tracer learns from
        "test": range(90_000, 100_000),
    }
)


def seed_for(purpose: str, number: int = 0) -> int:
    """The seed number `number` of a purpose. Raises ValueError for an unknown purpose or beyond its range."""
    if purpose not in SEED_RANGES:
        raise ValueError(f"purpose {purpose!r} is none of {sorted(SEED_RANGES)}")
    seeds = SEED_RANGES[purpose]
    if not 0 <= number < len(seeds):
        raise ValueError(f"{purpose}: seed number must lie in 0..{len(seeds) - 1}, not {number}")
    return seeds[number]


def purpose_of(seed: int) -> str | None:
    """The purpose whose range holds the seed, None for seeds of no purpose."""
    return next((purpose for purpose, seeds in SEED_RANGES.items() if seed in seeds), None)
