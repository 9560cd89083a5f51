"""Numbers of a manifest that no training gives: not finite, or outside what they stand for."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from model.taxonomy import Phenotype

_SHARE: Final = (0.0, 1.0)  # of neighbours, and a probability


def not_finite(fields: Any, name: str = "") -> Iterator[str]:
    """Names of the fields that hold NaN or infinity, which Python reads in JSON."""
    if isinstance(fields, float) and not math.isfinite(fields):
        yield name
    if isinstance(fields, Mapping):
        for key, value in fields.items():
            yield from not_finite(value, f"{name}.{key}".removeprefix("."))
    elif isinstance(fields, Sequence) and not isinstance(fields, str):
        for position, value in enumerate(fields):
            yield from not_finite(value, f"{name}.{position}")


def out_of_range(
    thresholds: Mapping[str, float],
    mil_weights: Mapping[str, Mapping[str, float]],
    preprocessing: Mapping[str, Any],
    phenotypes: Sequence[Phenotype],
) -> Iterator[str]:
    """What is wrong with them, each with its name, value and range.

    A threshold is one of votes, which are shares of neighbours or a number of the phenotype's own range. A negative
    weight would turn a clip round; a spread of 0 would divide by it.
    """
    ranges = {one.name: _SHARE if one.kind == "binary" else (one.low, one.high) for one in phenotypes}
    for name, value in thresholds.items():
        low, high = ranges.get(name, (-math.inf, math.inf))
        if not low <= value <= high:
            yield f"thresholds.{name}: is {value:g}, must lie in {low:g} to {high:g}"
    for section, weights in mil_weights.items():
        for view, weight in weights.items():
            if weight < 0:
                yield f"mil_weights.{section}.{view}: is {weight:g}, must not be negative"
    spread = preprocessing.get("std", ())
    for value in spread if isinstance(spread, Sequence) else ():
        if isinstance(value, int | float) and value <= 0:
            yield f"preprocessing.std: is {value:g}, must be more than 0"
