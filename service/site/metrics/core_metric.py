"""The Core Metric of echovlm's table, computed as there: hard labels read from text, two numbers, one mean.

It mixes AUROC of hard labels (balanced accuracy) with R². Ours is of rendered hearts and is another task than the
published one: the two figures cannot be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.site.metrics.auroc import balanced_accuracy
from service.site.metrics.regression import r_squared

Column = NDArray[np.float64]  # (N,), NaN where the text says nothing


@dataclass(frozen=True)
class CoreMetric:
    """value: mean of `parts`. coverage: share of labels that the texts state. undefined: labels of one class only."""

    value: float
    parts: Mapping[str, float]
    coverage: float
    undefined: tuple[str, ...]


def core_metric(
    truth: Mapping[str, Column], read: Mapping[str, Column], training_means: Mapping[str, float]
) -> CoreMetric:
    """The metric over phenotypes; those named in `training_means` are numbers, all others binary.

    A binary label that the text leaves out counts as absent, a missing number as its training mean, and a negative R²
    as 0. Studies whose true label is unknown (NaN) are left out of its part.
    """
    parts, undefined = {}, []
    known = {name: np.isfinite(wanted) for name, wanted in truth.items()}
    for name in truth:
        wanted, said = truth[name][known[name]], read[name][known[name]]
        if name in training_means:
            filled = np.where(np.isnan(said), training_means[name], said)
            part = max(0.0, r_squared(wanted, filled)) if len(wanted) and np.ptp(wanted) > 0 else float("nan")
        else:
            part = balanced_accuracy(wanted >= 0.5, np.nan_to_num(said) >= 0.5)
        if np.isnan(part):
            undefined.append(name)
        else:
            parts[name] = part
    stated = np.concatenate([~np.isnan(read[name][known[name]]) for name in truth])
    value = float(np.mean(list(parts.values()))) if parts else float("nan")
    return CoreMetric(value, parts, float(stated.mean()), tuple(undefined))
