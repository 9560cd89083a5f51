"""Nothing may be tested on patients it was trained on: ranges of seeds never meet."""

from itertools import combinations

import pytest

from scripts.rendered.seed_ranges import SEED_RANGES, purpose_of, seed_for


def test_ranges_never_meet() -> None:
    for (first, one), (second, other) in combinations(SEED_RANGES.items(), 2):
        assert one.stop <= other.start or other.stop <= one.start, (first, second)


def test_a_seed_knows_its_purpose_and_no_number_leaves_its_range() -> None:
    for purpose, seeds in SEED_RANGES.items():
        assert purpose_of(seed_for(purpose)) == purpose_of(seeds[-1]) == purpose
        with pytest.raises(ValueError, match=purpose):
            seed_for(purpose, len(seeds))
    assert purpose_of(85_000) is None
    with pytest.raises(ValueError, match="none of"):
        seed_for("exam")
