"""Bootstrap intervals over studies: a study is drawn whole, with all that was said of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def draws(studies: int, samples: int, seed: int = 0) -> NDArray[np.int64]:
    """int64 (samples, studies): study numbers of each bootstrap sample."""
    return np.random.default_rng(seed).integers(studies, size=(samples, studies))


def bootstrap(
    measure: Callable[[NDArray[np.int64]], float], studies: int, samples: int = 1000, seed: int = 0
) -> Interval:
    """`measure` of all studies and its percentile interval (Efron 1979); samples where it is NaN are left out."""
    value = measure(np.arange(studies))
    found = np.array([measure(row) for row in draws(studies, samples, seed)])
    found = found[~np.isnan(found)]
    low, high = np.percentile(found, (2.5, 97.5)) if len(found) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def sample_weights(studies: int, samples: int, seed: int = 0) -> NDArray[np.float64]:
    """float64 (1 + samples, studies): first all studies once, then how often each is in every sample of `draws`."""
    counts = np.stack([np.bincount(row, minlength=studies) for row in draws(studies, samples, seed)])
    return np.vstack([np.ones((1, studies)), counts])


def of_samples(values: NDArray[np.float64]) -> Interval:
    """The interval of a figure computed on `sample_weights`: its first entry is of all studies."""
    low, high = np.percentile(values[1:], (2.5, 97.5))
    return Interval(float(values[0]), float(low), float(high))
