"""What retrieval returns: neighbours that vote, and the context that is read. Plain frozen types, no files."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest candidates of each section, over all candidates and never filtered: they vote.

    candidate_ids: int64 (S, K) row numbers in the bank, best first; -1 in rows of sections not assessed.
    similarities: float32 (S, K) inner product with the candidate as stored; NaN where the id is -1.
    sections: names of the S rows.
    Raises ValueError when shapes and names do not fit.
    """

    sections: tuple[str, ...]
    candidate_ids: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.candidate_ids.ndim != 2 or self.candidate_ids.shape[0] != len(self.sections):
            raise ValueError(f"candidate_ids must be (S, K) with S = {len(self.sections)}")
        if self.similarities.shape != self.candidate_ids.shape:
            raise ValueError(f"similarities {self.similarities.shape} must match ids {self.candidate_ids.shape}")

    def of(self, section: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids and similarities of one section; empty when it was not assessed."""
        row = self.sections.index(section)
        found = self.candidate_ids[row] >= 0
        return self.candidate_ids[row][found], self.similarities[row][found]


@dataclass(frozen=True)
class RetrievedSentence:
    """One sentence of one candidate's section.

    phrase_id: row in the bank's phrase table. value: what fills its slot, None where it has none or it is unknown.
    """

    phrase_id: int
    value: float | str | None


@dataclass(frozen=True)
class ContextCandidate:
    """A candidate that has the section, with that section's sentences in report order."""

    candidate_id: int
    similarity: float
    sentences: tuple[RetrievedSentence, ...]


@dataclass(frozen=True)
class Retrieval:
    """Neighbours (they vote) and, per assessed section, the nearest candidates that have it (they are read)."""

    neighbours: Neighbours
    context: Mapping[str, tuple[ContextCandidate, ...]]


@dataclass(frozen=True)
class PhenotypeVote:
    """What the neighbours of a phenotype's section say.

    value: mean label of those that carry it; p10, p90: their 10th and 90th percentile. All None without any label.
    labelled, neighbours: how many of how many carry it. reason: why value is None, else None.
    """

    value: float | None
    p10: float | None
    p90: float | None
    labelled: int
    neighbours: int
    reason: str | None
