"""Learns from rendered clips of known truth when each kind of measurement is to be believed."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from model.echo.tracing.judging import SLOTS, Judgement
from scripts.rendered.tracing.measured_rows import MeasuredRow

# Error that counts as near, by the measurement's name: points of percent, else a share of the value. About what two
# readers of one clip differ by (Lang et al. 2015, section 2; Dorosz et al. 2012 for ejection fraction).
_TOLERANCES = {
    "lv_ejection_fraction": 8.0,
    "lv_fractional_area_change": 8.0,
    "rv_fractional_area_change": 8.0,
    "la_emptying_fraction": 10.0,
    "lv_end_diastolic_volume": 0.2,
    "lv_end_systolic_volume": 0.25,
    "lv_length": 0.1,
    "la_area": 0.15,
    "ra_area": 0.15,
    "lv_end_diastolic_diameter": 0.12,
    "lv_end_systolic_diameter": 0.15,
    "lv_septal_thickness": 0.2,
    "lv_posterior_wall_thickness": 0.2,
}
_RIGHT_SHARE = 0.85  # of the measurements that are stated, within tolerance
_STATED_SHARE = 0.25  # fewer clips than these make no rule
_FEWEST = 30  # measurements; fewer teach nothing
_FREEDOM = 0.1  # inverse strength of the penalty on weights: a hundred clips and nine signs
# A report's number must be as near as the bar for ejection fraction, or within tolerance as often as asked.
_SLOT_METHODS = ("disks_A4C", "biplane_disks", "A4C")
_SLOT_ERROR = 4.5  # points, mean of those stated


def fit_judgements(rows: Sequence[MeasuredRow]) -> dict[str, Judgement]:
    """Kind → how it is judged; kinds with too few rows are left out."""
    kinds = sorted({row.kind for row in rows})
    found = {kind: fit_judgement(kind, [row for row in rows if row.kind == kind]) for kind in kinds}
    return {kind: judgement for kind, judgement in found.items() if judgement is not None}


def fit_judgement(kind: str, rows: Sequence[MeasuredRow]) -> Judgement | None:
    """How one kind is judged; None with too few rows."""
    name, method = kind.split(":")
    if len(rows) < _FEWEST or name not in _TOLERANCES:
        return None
    tolerance = _TOLERANCES[name]
    measured, truth = (np.array([getattr(row, field) for row in rows]) for field in ("measured", "truth"))
    is_relative = tolerance < 1
    slope, offset = _correction(measured, truth, is_relative=is_relative)
    errors = _errors(measured, truth, [row.look for row in rows], is_relative=is_relative)
    right = np.abs(errors) <= tolerance
    weights, intercept = _logistic([row.signs for row in rows], right)
    quality = np.array([_quality(weights, intercept, row.signs) for row in rows])
    limit, reached = _limit(quality, right)
    stated = quality >= limit if (quality >= limit).any() else np.ones(len(rows), bool)
    low, high = _range(errors[stated])
    near = reached and (is_relative or float(np.abs(errors[stated]).mean()) <= _SLOT_ERROR)
    return Judgement(
        intercept=round(intercept, 4),
        weights={sign: round(weight, 4) for sign, weight in weights.items()},
        limit=limit,
        low=round(float(low), 4),
        high=round(float(high), 4),
        tolerance=tolerance,
        slope=round(slope, 4),
        offset=round(offset, 3),
        is_relative=is_relative,
        fills_slot=near and name in SLOTS and method in _SLOT_METHODS,
    )


def _correction(measured: NDArray[np.float64], truth: NDArray[np.float64], *, is_relative: bool) -> tuple[float, float]:
    """Slope and offset from measured values to true ones."""
    return (_factor(measured, truth), 0.0) if is_relative else _line(measured, truth)


def _errors(
    measured: NDArray[np.float64], truth: NDArray[np.float64], looks: Sequence[str], *, is_relative: bool
) -> NDArray[np.float64]:
    """Truth less corrected value, each corrected by what the clips of other looks say: scanners to come are others."""
    names, errors = np.array(looks), np.zeros(len(truth))
    for look in sorted(set(looks)):
        own = names == look
        others = ~own if (~own).sum() >= _FEWEST else np.ones(len(own), bool)
        slope, offset = _correction(measured[others], truth[others], is_relative=is_relative)
        corrected = slope * measured[own] + offset
        errors[own] = (truth[own] - corrected) / (np.maximum(corrected, 1e-6) if is_relative else 1.0)
    return errors


def _line(measured: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of the line from measured shares to true ones; outlines of a network lie a little inside.

    The line is fitted twice, without what lies far off the first one.
    """
    slope, offset = np.polyfit(measured, truth, 1)
    apart = np.abs(truth - slope * measured - offset)
    kept = apart <= 2.5 * max(float(np.median(apart)), 1e-6)
    slope, offset = np.polyfit(measured[kept], truth[kept], 1)
    return float(slope), float(offset)


def _factor(measured: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """By how much a length, an area or a volume is too small, as a network that is unsure of a border draws it."""
    return float(np.median(truth / np.maximum(measured, 1e-6)))


def _range(errors: NDArray[np.float64]) -> tuple[float, float]:
    """What holds 80 % of further errors: the order statistics of split conformal prediction (Vovk et al. 2005)."""
    ordered = np.sort(errors)
    out = int(0.1 * (len(ordered) + 1))  # from each end, the bound among them
    return float(ordered[max(0, out - 1)]), float(ordered[min(len(ordered) - 1, len(ordered) - out)])


def _logistic(signs: Sequence[Mapping[str, float]], right: NDArray[np.bool_]) -> tuple[dict[str, float], float]:
    """Weights of the signs as they are, and the intercept."""
    names = sorted(signs[0])
    table = np.array([[row.get(name, 0.0) for name in names] for row in signs])
    middle, spread = table.mean(axis=0), table.std(axis=0)
    kept = spread > 1e-9
    share = float(np.clip(right.mean(), 0.01, 0.99))
    if right.all() or not right.any() or not kept.any():
        return {}, float(np.log(share / (1 - share)))
    model = LogisticRegression(C=_FREEDOM).fit((table[:, kept] - middle[kept]) / spread[kept], right)
    slopes = model.coef_[0] / spread[kept]
    used = [name for name, keep in zip(names, kept, strict=True) if keep]
    return dict(zip(used, slopes.tolist(), strict=True)), float(model.intercept_[0] - slopes @ middle[kept])


def _quality(weights: Mapping[str, float], intercept: float, signs: Mapping[str, float]) -> float:
    score = intercept + sum(weight * signs.get(name, 0.0) for name, weight in weights.items())
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def _limit(quality: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, bool]:
    """The lowest quality from which on as many are right as asked, and whether there is one; else 1: none is stated."""
    order = np.argsort(-quality)
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((shares >= _RIGHT_SHARE) & (np.arange(1, len(order) + 1) >= _STATED_SHARE * len(order)))
    # Rounded down, or a kind whose qualities are all alike would lie a hair below its own limit.
    return (float(np.floor(1e3 * quality[order[good[-1]]] - 0.1) / 1e3), True) if len(good) else (1.0, False)
