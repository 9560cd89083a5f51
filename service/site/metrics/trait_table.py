"""How well texts tell each label, label by label, and the mean of all, which is called Core Metric, with its spread.

Labels read from text are yes or no: their AUROC is balanced accuracy. Beside it stands the AUROC of scores, where there
are some, and R² of numbers. All figures share the same bootstrap samples of studies, so that two tables of the same
studies can be taken from each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.site.metrics.intervals import Interval, sample_weights

SAMPLES = 1000
Column = NDArray[np.floating[Any]]  # (N,) a value per study, NaN where nothing is known or said
Samples = NDArray[np.float64]  # (1 + SAMPLES,) a figure of all studies, then of every bootstrap sample


@dataclass(frozen=True, eq=False)
class Trait:
    """One label. told: share of the studies whose text states it. samples: AUROC of the text, or R² of a number."""

    name: str
    continuous: bool
    studies: int
    positives: int
    told: float
    text: Interval
    scores: Interval | None
    samples: Samples


@dataclass(frozen=True, eq=False)
class TraitTable:
    """All labels, and the mean over those that could be measured. undefined: of which all studies have one value."""

    traits: tuple[Trait, ...]
    core: Interval
    samples: Samples
    undefined: tuple[str, ...]

    def less(self, other: "TraitTable") -> Interval:
        """The difference of the two means, study by study the same samples."""
        return interval_of(self.samples - other.samples)

    def lines(self) -> list[str]:
        """The table in Markdown."""
        rows = [
            f"| {trait.name}{' R²' if trait.continuous else ''} | {_shown(trait.text)} | {_shown(trait.scores)} | "
            f"{trait.studies if trait.continuous else f'{trait.positives} of {trait.studies}'} | {trait.told:.2f} |"
            for trait in self.traits
        ]
        head = ["| trait | from text | from scores | positive | told |", "|---|---|---|---|---|"]
        return [*head, *rows, f"| **Core Metric** | **{_shown(self.core)}** | | | |"]


def trait_table(
    truth: Mapping[str, Column],
    said: Mapping[str, Column],
    training_means: Mapping[str, float],
    scores: Mapping[str, Column] | None = None,
) -> TraitTable:
    """The table of some texts. training_means: of the numbers; every label that is not there is binary.

    truth, said, scores: label → (N,). Studies without a true value are left out of that label. What a text leaves
    unsaid counts as absent, a number as its mean in training; R² below 0 counts as 0, as nothing known would.
    """
    studies = len(next(iter(truth.values())))
    weights = sample_weights(studies, SAMPLES)
    traits = []
    for name, true in truth.items():
        known = ~np.isnan(true)
        of_known = true[known], said[name][known], weights[:, known]
        samples = (
            _r_squared(*of_known, training_means[name]) if name in training_means else _balanced_accuracy(*of_known)
        )
        beside = scores.get(name) if scores is not None and name not in training_means else None
        traits.append(
            Trait(
                name=name,
                continuous=name in training_means,
                studies=int(known.sum()),
                positives=int((true[known] >= 0.5).sum()),
                told=float((~np.isnan(said[name][known])).mean()) if known.any() else 0.0,
                text=interval_of(samples),
                scores=None if beside is None else interval_of(_auroc(true[known], beside[known], weights[:, known])),
                samples=samples,
            )
        )
    measured = [trait for trait in traits if not np.isnan(trait.samples[0])]
    undefined = tuple(trait.name for trait in traits if np.isnan(trait.samples[0]))
    core = _mean_of(measured, SAMPLES + 1)
    return TraitTable(tuple(traits), interval_of(core), core, undefined)


def columns_of(read: Sequence[Mapping[str, float | None]], names: Sequence[str]) -> dict[str, Column]:
    """Name → its values in some readings, NaN where one does not tell."""
    return {
        name: np.array([np.nan if (value := one.get(name)) is None else value for one in read], np.float64)
        for name in names
    }


def interval_of(samples: Samples) -> Interval:
    """The first figure, and where 95 % of the others lie; samples that could not be measured are left out."""
    others = samples[1:][~np.isnan(samples[1:])]
    low, high = np.percentile(others, (2.5, 97.5)) if len(others) else (np.nan, np.nan)
    return Interval(float(samples[0]), float(low), float(high))


def _mean_of(traits: Sequence[Trait], length: int) -> Samples:
    """Mean over the labels that a sample holds both kinds of."""
    if not traits:
        return np.full(length, np.nan)
    table = np.stack([trait.samples for trait in traits])
    known = ~np.isnan(table)
    return np.asarray(np.where(known, table, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _balanced_accuracy(true: Column, said: Column, weights: NDArray[np.float64]) -> Samples:
    """Mean of the share of positives called so and of negatives called so."""
    positive, called = true >= 0.5, np.nan_to_num(said) >= 0.5
    kinds = [(positive, called), (~positive, ~called)]
    shares = [_share(weights @ (kind & right), weights @ kind) for kind, right in kinds]
    return np.asarray(np.mean(shares, axis=0), np.float64)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _r_squared(true: Column, said: Column, weights: NDArray[np.float64], mean: float) -> Samples:
    """Coefficient of determination of every sample, at least 0; NaN where the truth does not vary."""
    estimate = np.where(np.isnan(said), mean, said)
    count = weights.sum(axis=1)
    middle = _share(weights @ true, count)
    total = weights @ true**2 - count * middle**2
    left = weights @ (true - estimate) ** 2
    explained = 1 - np.divide(left, total, out=np.full_like(left, np.nan), where=total > 1e-9)
    return np.asarray(np.maximum(0.0, explained), np.float64)


def _auroc(true: Column, scores: Column, weights: NDArray[np.float64]) -> Samples:
    """Area under the ROC curve of every sample, ties counted half; studies without a score count as the lowest."""
    positive = true >= 0.5
    place = np.unique(np.where(np.isnan(scores), -np.inf, scores), return_inverse=True)[1]
    groups = int(place.max()) + 1 if len(place) else 0
    member = place[:, None] == np.arange(groups)
    positives, negatives = weights @ (member & positive[:, None]), weights @ (member & ~positive[:, None])
    below = np.cumsum(negatives, axis=1) - negatives
    won = (positives * (below + negatives / 2)).sum(axis=1)
    return _share(won, positives.sum(axis=1) * negatives.sum(axis=1))


def _shown(figure: Interval | None) -> str:
    if figure is None or np.isnan(figure.value):
        return "–"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
