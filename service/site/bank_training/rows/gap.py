"""How a video query differs from the text that tells of the same heart, and stand-ins for videos made by it.

A bank's vectors are of texts; what will be searched for are videos, which lie beside them (the modality gap, Liang et
al. 2022). Encoded studies with reports say how far: how each section's queries follow from the text vector, their
offset, and what is left over, which is drawn from real studies as it was found. Without such studies noise alone stands
in (CapDec, Nukrai et al. 2022), and the decoder reads vectors drawn onto the bank (DeCap, Li et al. 2023), where no
offset is left.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# Cosine of a query with the text of its own study where nothing was measured: the order of CLIP's image-text pairs, for
# which CapDec's noise was chosen (variance 0.016 in 640 dimensions, Nukrai et al. 2022, section 4).
ASSUMED_COSINE = 0.3
_SHARED = 0.5  # of assumed noise is the same in all sections of a study: they are sums over the same clips; not tuned
_UNSEEN = 0.1  # share of studies that lack some sections, and of sections that these lack
_UNSEEN_SECTIONS = 0.5
_STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0, 1e6)  # of the ridge; the one that predicts the other half of studies best


@dataclass(frozen=True, eq=False)
class Gap:
    """What lies between a study's text vector and its queries.

    maps: float32 (S, D, D), text vector → what of it a section's query has. offset: float32 (S, D). residuals: float16
    (N, S, D) what is left of real studies. assessed: bool (N, S) what these showed. None where nothing was measured;
    deviation: then of noise per dimension.
    """

    sections: int
    dimension: int
    deviation: float = 0.0
    maps: Floats | None = None
    offset: Floats | None = None
    residuals: NDArray[np.float16] | None = None
    assessed: NDArray[np.bool_] | None = None

    @classmethod
    def assumed(cls, sections: int, dimension: int, cosine: float = ASSUMED_COSINE) -> "Gap":
        """Noise alone, after which a unit vector has that cosine with itself, in the mean."""
        return cls(sections, dimension, float(np.sqrt((1 / cosine**2 - 1) / dimension)))

    @classmethod
    def of_studies(cls, queries: Floats, assessed: NDArray[np.bool_], texts: Floats) -> "Gap":
        """As N studies show it. queries: float32 (N, S, D) unit norm. texts: float32 (N, D) of what reports say."""
        weights = assessed.astype(np.float32)[..., None]
        counts = np.maximum(weights.sum(axis=0), 1)
        middle = (queries * weights).sum(axis=0) / counts
        text_middle = (texts[:, None] * weights).sum(axis=0) / counts
        moved = (texts[:, None] - text_middle) * weights
        left = (queries - middle) * weights
        scale = np.float32(max((left * moved).sum() / max((moved**2).sum(), 1e-12), 0.0))
        maps = np.repeat(scale * np.eye(texts.shape[1], dtype=np.float32)[None], assessed.shape[1], axis=0)
        left -= scale * moved
        study, section = np.nonzero(assessed)
        shared = _ridge(moved[study, section], left[study, section], study)
        left -= moved @ shared
        maps += shared
        for place in range(assessed.shape[1]):
            seen = np.flatnonzero(assessed[:, place])
            if len(seen) > 1:
                own = _ridge(moved[seen, place], left[seen, place], seen)
                left[:, place] -= moved[:, place] @ own
                maps[place] += own
        offset = (middle - np.einsum("sd,sde->se", text_middle, maps)).astype(np.float32)
        size = assessed.shape[1], texts.shape[1]
        return cls(*size, 0.0, maps, offset, (left * weights).astype(np.float16), assessed.copy())

    def queries(self, texts: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
        """Stand-ins for videos: float32 (n, S, D) of unit norm, bool (n, S) what they show. texts: float32 (n, D)."""
        if self.maps is None or self.residuals is None or self.assessed is None or self.offset is None:
            return self._noisy(texts, rng)
        drawn = rng.integers(len(self.residuals), size=len(texts))
        moved = np.stack([texts @ own for own in self.maps], axis=1) + self.offset + self.residuals[drawn]
        return unit(moved), self.assessed[drawn]

    def _noisy(self, texts: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
        shape = (len(texts), self.sections, self.dimension)
        common = rng.standard_normal((shape[0], 1, shape[2]), np.float32) * np.float32(np.sqrt(_SHARED))
        own = rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(1 - _SHARED))
        lacking = (rng.random((shape[0], 1)) < _UNSEEN) & (rng.random(shape[:2]) < _UNSEEN_SECTIONS)
        return unit(unit(texts)[:, None] + np.float32(self.deviation) * (common + own)), ~lacking

    def about(self) -> dict[str, Any]:
        """What was measured, for a person."""
        if self.residuals is None or self.offset is None or self.maps is None:
            return {"measured": False, "assumed_cosine": ASSUMED_COSINE, "noise_deviation": round(self.deviation, 5)}
        left = float(np.linalg.norm(self.residuals.astype(np.float32), axis=2)[self.assessed].mean())
        return {
            "measured": True,
            "studies": len(self.residuals),
            "offset_norm": round(float(np.linalg.norm(self.offset, axis=1).mean()), 4),
            "left_over_norm": round(left, 4),
        }


def _ridge(inputs: Floats, outputs: Floats, groups: NDArray[np.int64]) -> Floats:
    """float32 (D, D): outputs ≈ inputs @ it. groups: of rows; even ones judge what odd ones teach, and the reverse."""
    halves = [groups % 2 == 0, groups % 2 == 1]
    grams = [(inputs[half].T @ inputs[half]).astype(np.float64) for half in halves]
    crosses = [(inputs[half].T @ outputs[half]).astype(np.float64) for half in halves]
    bases = [np.linalg.eigh(gram) for gram in grams]
    misses = np.zeros(len(_STRENGTHS))
    for (values, vectors), cross, gram, other in zip(bases, crosses, grams[::-1], crosses[::-1], strict=True):
        turned = vectors.T @ cross
        for place, strength in enumerate(_STRENGTHS):
            weights = vectors @ (turned / (np.maximum(values, 0) + strength)[:, None])
            misses[place] += (weights * (gram @ weights - 2 * other)).sum()
    strength = _STRENGTHS[int(misses.argmin())]
    gram = sum(grams) + strength * np.eye(inputs.shape[1])
    return np.linalg.solve(gram, sum(crosses)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TextModel:
    """The text vector that a report's wordings make one expect: a ridge regression over a bank's own vectors.

    weights: float32 (wordings + 1, D), the last row for every report.
    """

    weights: Floats

    @classmethod
    def of(cls, said: NDArray[np.bool_], vectors: Floats, strength: float = 1.0) -> "TextModel":
        """said: bool (n, W) which wordings each report has. vectors: float32 (n, D). strength: of the ridge."""
        columns = np.c_[said, np.ones(len(said), np.bool_)].astype(np.float32)
        gram = columns.T @ columns
        gram[np.diag_indices(len(gram) - 1)] += np.float32(strength)
        return cls(np.linalg.solve(gram.astype(np.float64), columns.T @ vectors).astype(np.float32))

    def vectors(self, said: NDArray[np.bool_]) -> Floats:
        """float32 (n, D) of reports with these wordings."""
        found: Floats = said.astype(np.float32) @ self.weights[:-1] + self.weights[-1]
        return found


def unit(vectors: NDArray[np.floating]) -> Floats:
    """The vectors with length one; zeros stay."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: Floats = (vectors / np.maximum(norms, np.finfo(np.float32).tiny)).astype(np.float32)
    return found
