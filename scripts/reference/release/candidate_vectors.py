"""Candidate vectors of a synthetic release: clustered as real ones are, from a few latent dimensions, plus noise.

x = unit(A z + 0.3 n), z a mixture of 4,096 Gaussian centres in 48 dimensions whose weights follow Zipf's law. A, the
centres and their weights depend on the seed only, so that queries can be drawn from the same distribution later.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

CENTRES, LATENT, NOISE = 4096, 48, 0.3
SPREAD = 0.5  # of a centre's own candidates around it, where centres lie a distance of about 10 apart
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CandidateVectors:
    """The distribution that a seed stands for."""

    seed: int
    dimension: int = 512

    @cached_property
    def projection(self) -> Floats:
        """A: float32 (D, 48), entries of variance 1/48 so that each coordinate of A z has about unit variance."""
        rng = np.random.default_rng([self.seed, 1])
        return rng.standard_normal((self.dimension, LATENT), np.float32) / np.float32(np.sqrt(LATENT))

    @cached_property
    def centres(self) -> Floats:
        """float32 (4096, 48)."""
        return np.random.default_rng([self.seed, 2]).standard_normal((CENTRES, LATENT), np.float32)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """float64 (4096,) Zipf's law: the r-th centre has a weight proportional to 1 / r."""
        weights = 1 / np.arange(1, CENTRES + 1)
        return np.asarray(weights / weights.sum())

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int64]]:
        """Vectors float32 (count, D) of unit norm, and the centre int64 (count,) that each belongs to."""
        centre = rng.choice(CENTRES, size=count, p=self.weights)
        latent = self.centres[centre] + np.float32(SPREAD) * rng.standard_normal((count, LATENT), np.float32)
        vectors = latent @ self.projection.T
        vectors += np.float32(NOISE) * rng.standard_normal((count, self.dimension), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors, centre
