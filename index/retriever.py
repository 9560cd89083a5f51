"""Section vectors → the neighbours that vote and the candidates whose text is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.errors import SearchError
from index.exact_search import ExactSearch
from index.faiss_search import FaissSearch, faiss_gpus
from index.retrieval import ContextCandidate, Neighbours, Retrieval
from index.search import Found, Search
from index.usual_search import DEPTH, NEIGHBOURS

CONTEXT = 50  # design section 7 (d): evidence comes from the 50 nearest that have the section


def open_search(bank: CandidateBank, device: object = "cpu", *, exact: bool = False) -> Search:
    """The search that `bank.json` records; on a GPU that FAISS can use, FAISS over all vectors, which is exact.

    device: a torch device or its name. exact: torch scans all vectors there, whatever is recorded.
    """
    kind, _, number = str(device).partition(":")
    if not exact and kind == "cuda" and faiss_gpus():
        return FaissSearch.on_gpu(bank.embeddings, int(number or 0))
    if exact or bank.manifest.search["kind"] == "exact":
        return ExactSearch(bank.embeddings, str(device))
    search = bank.manifest.search
    return FaissSearch.open(bank.files.path(search["file"]) if "file" in search else None, search, bank.embeddings)


@dataclass(frozen=True, eq=False)
class Retriever:
    """Searches a bank, once per assessed section over all candidates.

    excluded: int64 (E,) ids of candidates that are left out as if the bank did not have them: so many more are fetched
    and then dropped.
    """

    bank: CandidateBank
    search: Search
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _within: ExactSearch = field(init=False)

    def __post_init__(self) -> None:
        exact = self.search if isinstance(self.search, ExactSearch) else ExactSearch(self.bank.embeddings)
        object.__setattr__(self, "_within", exact)

    def retrieve(
        self,
        queries: NDArray[np.float32],
        sections: Sequence[str],
        assessed: NDArray[np.bool_],
        *,
        neighbours: int = NEIGHBOURS,
        depth: int = DEPTH,
        context: int = CONTEXT,
    ) -> Retrieval:
        """Neighbours of every section and, for the assessed ones, the nearest candidates that have it.

        queries: float32 (S, D), rows named by `sections`. assessed: bool (S,); other rows are not searched.
        Raises SearchError when shapes, or a number asked for, do not fit.
        """
        _check(queries, sections, assessed, {"neighbours": neighbours, "depth": depth, "context": context})
        rows = np.flatnonzero(assessed)
        left, fetch = self.bank.manifest.candidates - len(self.excluded), max(depth, neighbours)
        ids, scores = self.search.search(queries[rows].astype(np.float32), fetch + len(self.excluded))
        found = {int(row): self._kept((ids[at], scores[at]), fetch) for at, row in enumerate(rows)}
        return Retrieval(
            neighbours=_neighbours(tuple(sections), found, min(neighbours, left)),
            context={sections[row]: self._context(sections[row], queries[row], found[row], context) for row in found},
        )

    def _kept(self, found: Found, k: int) -> Found:
        """The first k of what was found that are not excluded."""
        ids, scores = found
        kept = np.flatnonzero(~np.isin(ids, self.excluded))[:k]
        return ids[kept], scores[kept]

    def _context(
        self, section: str, query: NDArray[np.float32], found: Found, context: int
    ) -> tuple[ContextCandidate, ...]:
        """The nearest `context` candidates that have the section, with its sentences."""
        ids, scores = found
        having = np.flatnonzero(self.bank.has_section(ids, section))[:context]
        ids, scores = ids[having], scores[having]
        rows: NDArray[np.integer[Any]] = self.bank.rows_of_section(section)
        if len(self.excluded):
            rows = np.setdiff1d(rows, self.excluded, assume_unique=True)
        if len(ids) < min(context, len(rows)):
            ids, scores = (part[0] for part in self._within.search_rows(query[None], context, rows))
        texts = self.bank.sentences_of(ids, section)
        return tuple(
            ContextCandidate(int(candidate), float(score), sentences)
            for candidate, score, sentences in zip(ids, scores, texts, strict=True)
        )


def _neighbours(sections: tuple[str, ...], found: dict[int, Found], k: int) -> Neighbours:
    """The first k of each searched row; -1 and NaN in the others."""
    ids = np.full((len(sections), k), -1, np.int64)
    similarities = np.full((len(sections), k), np.nan, np.float32)
    for row, (row_ids, row_scores) in found.items():
        ids[row], similarities[row] = row_ids[:k], row_scores[:k]
    return Neighbours(sections, ids, similarities)


def _check(
    queries: NDArray[np.float32], sections: Sequence[str], assessed: NDArray[np.bool_], counts: dict[str, int]
) -> None:
    if queries.ndim != 2 or len(queries) != len(sections) or assessed.shape != (len(sections),):
        raise SearchError(f"{len(sections)} sections, but queries {queries.shape} and assessed {assessed.shape}")
    for name, count in counts.items():
        if count < 1:
            raise SearchError(f"{name} must be at least 1, not {count}")
