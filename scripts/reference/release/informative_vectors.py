"""Vectors that carry what reports say, and vectors of clips from the other side of a gap.

    text side    x = unit(h(f) + text_noise · n)          f: what the report says, h a fixed random nonlinear map
    clip side    c = unit(h(f where the view shows it) + clip_noise · n),   y = unit(R c + gap_offset · o)

h is a layer of tanh units for each section, added up and scaled so that |h| is 1 in the mean. n is a Gaussian vector of
mean length 1. R turns every vector by `gap_degrees`, always in the same 256 planes, and o is a fixed direction: the
modality gap of contrastive models is such an offset and turn (Liang et al. 2022, "Mind the gap").
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scripts.reference.release.study_features import NAMES, features_of, section_slices, shown_by, weights_of_features
from scripts.rendered.phantom.patient.findings import findings_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.prior import state_of

Floats = NDArray[np.float32]
DIMENSION = 512
_UNITS = 64  # tanh units of a section: more than any section has findings
_REFERENCE = 1000  # patients whose mean and deviation make a feature 0 and 1
_CLIPPED = 4.0  # deviations
_MAP, _PATIENTS, _GAP = 21, 22, 23  # streams of a seed


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much noise and how wide a gap: lengths against 1, the length of what is carried."""

    text_noise: float = 2.0
    clip_noise: float = 4.5
    gap_degrees: float = 60.0
    gap_offset: float = 0.5


@dataclass(frozen=True)
class InformativeVectors:
    """The two sides of an invented space."""

    seed: int
    sizes: Sizes = field(default_factory=Sizes)

    def text_side(self, features: Floats, rng: np.random.Generator) -> Floats:
        """float32 (n, 512) unit norm: candidates whose reports say these features (n, F)."""
        return _unit(self._carried(self._standard(features)) + self._noise(rng, len(features), self.sizes.text_noise))

    def clip_side(self, features: Floats, views: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """float32 (n, 512) unit norm: clips that show the features (n, F) as far as their views (n,) do."""
        seen = self._standard(features) * shown_by()[views]
        clips = _unit(self._carried(seen) + self._noise(rng, len(seen), self.sizes.clip_noise))
        turn, offset = self._gap
        return _unit(clips @ turn + np.float32(self.sizes.gap_offset) * offset)

    @cached_property
    def _scale(self) -> tuple[Floats, Floats]:
        """Mean and deviation of each feature over the reference patients."""
        states = [state_of(_PATIENTS, number, "clinical") for number in range(_REFERENCE)]
        features = np.stack([features_of(findings_of(state), measurements_of(state)) for state in states])
        return features.mean(axis=0), np.maximum(features.std(axis=0), 0.05)

    def _standard(self, features: Floats) -> Floats:
        mean, deviation = self._scale
        return np.asarray(np.clip((features - mean) / deviation, -_CLIPPED, _CLIPPED), dtype=np.float32)

    @cached_property
    def _layers(self) -> list[tuple[slice, Floats, Floats]]:
        """Of each section its features, the weights into its units and those out of them."""
        rng = np.random.default_rng([self.seed, _MAP])
        weights = weights_of_features()
        layers = []
        for part in section_slices().values():
            weight = weights[part]
            into = rng.standard_normal((len(weight), _UNITS), np.float32) * np.sqrt(weight / weight.sum())[:, None]
            out = rng.standard_normal((_UNITS, DIMENSION), np.float32) * np.sqrt(weight.sum() / _UNITS / DIMENSION)
            layers.append((part, into.astype(np.float32), out.astype(np.float32)))
        return layers

    @cached_property
    def _length(self) -> float:
        """Root mean square length of the sum over sections, for features of deviation 1."""
        sample = np.random.default_rng(_PATIENTS).standard_normal((_REFERENCE, len(NAMES)), np.float32)
        return float(np.sqrt((self._summed(sample) ** 2).sum(axis=1).mean()))

    def _summed(self, standard: Floats) -> Floats:
        total = np.zeros((len(standard), DIMENSION), np.float32)
        for part, into, out in self._layers:
            total += np.tanh(standard[:, part] @ into) @ out
        return total

    def _carried(self, standard: Floats) -> Floats:
        return self._summed(standard) / np.float32(self._length)

    @cached_property
    def _gap(self) -> tuple[Floats, Floats]:
        """R (512, 512), applied from the right, and o (512,) of unit norm."""
        rng = np.random.default_rng([self.seed, _GAP])
        basis, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
        angle = np.deg2rad(self.sizes.gap_degrees)
        planes = np.kron(np.eye(DIMENSION // 2), [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        offset = rng.standard_normal(DIMENSION)
        return (basis @ planes @ basis.T).astype(np.float32), (offset / np.linalg.norm(offset)).astype(np.float32)

    @staticmethod
    def _noise(rng: np.random.Generator, count: int, length: float) -> Floats:
        return np.float32(length / np.sqrt(DIMENSION)) * rng.standard_normal((count, DIMENSION), np.float32)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
