"""Queries to measure a search with, and their exact answers: of the candidates' own distribution, and of one near it.

A text candidate and a video query of one patient do not coincide: contrastive encoders leave a gap between their
modalities (Liang et al. 2022, "Mind the gap"). Cross-modal queries are therefore moved by a fixed offset and noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.search import Search
from index.usual_search import NEIGHBOURS

OFFSET_NORM = 0.5  # of the fixed offset, where candidates have norm 1
NOISE_NORM = 0.25  # as much as the noise in a synthetic candidate: 0.3 against a signal of about 1.1 a coordinate
KINDS = ("in_distribution", "cross_modal")
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class QuerySet:
    """Queries of one kind, with what an exact search finds.

    vectors: float32 (Q, D) unit norm. own: int64 (Q,) the candidate that a query was made from, -1 for none; it counts
    neither as found nor as missed. nearest: int64 (Q, 50) ids of the exact search.
    """

    kind: str
    vectors: Floats
    own: NDArray[np.int64]
    nearest: NDArray[np.int64]

    def recall(self, found: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64 (Q,): which share of its nearest each query's row of `found` holds. found: int64 (Q, any)."""
        shares = [
            len(np.intersect1d(wanted, row)) / len(wanted) for wanted, row in zip(self.nearest, found, strict=True)
        ]
        return np.array(shares)


class VectorGenerator(Protocol):
    """The distribution that a bank's vectors were drawn from, where it is known."""

    @property
    def seed(self) -> int:
        """What the distribution follows from."""

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int64]]:
        """Vectors float32 (count, D) of unit norm, and the centre int64 (count,) that each belongs to."""


@dataclass(frozen=True, eq=False)
class QuerySource:
    """Where queries come from: the generator of the candidates, or, where it is not known, held-out candidates.

    seed: of the fixed offset; the draws have a generator of their own.
    """

    embeddings: NDArray[Any]
    generator: VectorGenerator | None = None
    seed: int = 0

    @property
    def described(self) -> str:
        """For `bank.json`."""
        return "held-out candidates" if self.generator is None else f"generator of seed {self.generator.seed}"

    def draw(self, kind: str, count: int, rng: np.random.Generator, exact: Search) -> QuerySet:
        """Queries of a kind with their exact answers. Raises ValueError for a kind that is none."""
        vectors, own = self._bases(count, rng)
        if kind == "cross_modal":
            vectors = unit(vectors + self._offset() + NOISE_NORM * _directions(rng, vectors.shape))
        elif kind != "in_distribution":
            raise ValueError(f"queries are of one of {KINDS}, not {kind!r}")
        ids, _ = exact.search(vectors, NEIGHBOURS + 1)
        nearest = [row[row != mine][:NEIGHBOURS] for row, mine in zip(ids, own, strict=True)]
        return QuerySet(kind, vectors, own, np.stack(nearest))

    def sets(self, count: int, rng: np.random.Generator, exact: Search) -> Sequence[QuerySet]:
        """One set of each kind."""
        return [self.draw(kind, count, rng, exact) for kind in KINDS]

    def _bases(self, count: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
        if self.generator is not None:
            return self.generator.draw(rng, count)[0], np.full(count, -1)
        rows = np.sort(rng.choice(len(self.embeddings), count, replace=False))
        return unit(self.embeddings[rows].astype(np.float32)), rows.astype(np.int64)

    def _offset(self) -> Floats:
        offset: Floats = np.float32(OFFSET_NORM) * _directions(
            np.random.default_rng([self.seed, 7]), (1, self.embeddings.shape[1])
        )
        return offset


def unit(vectors: NDArray[Any]) -> Floats:
    """The vectors with norm 1, float32 (Q, D)."""
    scaled: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def _directions(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return unit(rng.standard_normal(shape, np.float32))
