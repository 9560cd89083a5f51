"""The weight from which a section counts as seen.

It lies between two sums of weights: that of clips which do not show the section, and that of studies which have a clip
that does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.mil.mil_studies import MilStudies

# Shares of errors that the evaluation allows. A section may be assessed without an informative view in one of 100
# studies, and left out although there is one in two of 100.
_ALLOWED_ASSESSED, _ALLOWED_LEFT_OUT = 0.01, 0.02
_CANDIDATES = np.geomspace(0.005, 1.0, 300)


@dataclass(frozen=True, eq=False)
class SectionSums:
    """Summed weights by section.

    absent: of studies without their informative clips. present: of whole studies with at least one. Studies reduced to
    one informative clip were tried for `present`. Then a view with a quarter of the largest weight had to suffice, and
    a grey clip of a wrongly recognised view sufficed as well (LOG 2026-11-22: the pericardium was assessed in 27 % of
    the studies without an informative clip).
    """

    absent: Mapping[str, NDArray[np.float64]]
    present: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, studies: MilStudies, weights: NDArray[np.float32], rows: NDArray[np.int64]) -> "SectionSums":
        """Sums of some studies under a table; whether a clip is informative follows from its true view."""
        absent, present = {}, {}
        rendered, shares = studies.rendered[rows], studies.shares[rows].numpy()
        for row, section in enumerate(studies.sections):
            clip_weights = shares @ weights[row]  # (B, C)
            telling = np.isin(rendered, np.flatnonzero(weights[row] > 0))
            rest = np.where(telling, 0, clip_weights).sum(axis=1)
            some = telling.any(axis=1)
            others = (~telling & (rendered >= 0)).any(axis=1)
            absent[section], present[section] = rest[some & others], clip_weights.sum(axis=1)[some]
        return cls(absent, present)

    def right(self, least: float) -> tuple[float, float]:
        """Shares of sections left out without an informative clip, and assessed with one."""
        absent, present = np.concatenate([*self.absent.values()]), np.concatenate([*self.present.values()])
        return _share(absent < least), _share(present >= least)

    def right_by_section(self, least: float) -> dict[str, tuple[float, float]]:
        """The same for each section."""
        return {name: (_share(sums < least), _share(self.present[name] >= least)) for name, sums in self.absent.items()}


def chosen_weight(sums: SectionSums) -> float:
    """The least weight whose worse kind of error is smallest beside what is allowed; the middle of equals."""
    right = np.array([sums.right(float(least)) for least in _CANDIDATES])
    errors = (1 - right) / np.array([_ALLOWED_ASSESSED, _ALLOWED_LEFT_OUT])
    worst = errors.max(axis=1)
    best = np.flatnonzero(worst <= worst.min() + 1e-9)
    return round(float(_CANDIDATES[best[len(best) // 2]]), 4)


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else 1.0
