"""Neighbours and context of many studies at once, as the service finds them for one, each study's own left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from index.many_queries import search_many
from index.phenotype_vote import NOT_ASSESSED, NOT_LABELLED
from index.retrieval import ContextCandidate, Neighbours, PhenotypeVote, Retrieval
from index.retriever import CONTEXT
from index.usual_search import DEPTH, NEIGHBOURS
from model.taxonomy import Taxonomy

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]
VOTE_FIELDS = 5  # value, p10, p90, labelled, neighbours


@dataclass(frozen=True, eq=False)
class Found:
    """What n studies find. ids are rows of the bank, -1 beyond what was found and where a section is not assessed.

    neighbours: int64 (n, S, K), similarities: float32 (n, S, K), context: int64 (n, S, C): the nearest that have the
    section.
    """

    neighbours: Ids
    similarities: Floats
    context: Ids


@dataclass(frozen=True, eq=False)
class SectionRetrieval:
    """Searches some rows of a bank for many studies.

    rows: int64 (R,) ascending, what may be found. patients: int64 (M,) of every candidate of the bank.
    """

    bank: CandidateBank
    taxonomy: Taxonomy
    rows: Ids
    patients: Ids
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    _of_section: dict[str, NDArray[np.int32]] = field(default_factory=dict, init=False)

    def find(self, queries: Floats, assessed: NDArray[np.bool_], patients: Ids) -> Found:
        """Neighbours and context. queries: float32 (n, S, D). patients: int64 (n,), -1 for one who is not in the bank.

        A candidate of the study's own patient is never found.
        """
        studies, sections = np.nonzero(assessed)
        shape = assessed.shape
        asked = np.ascontiguousarray(queries[studies, sections])
        spare = self._most_of_one(patients)
        ids, scores = search_many(asked, self.bank.embeddings, DEPTH + spare, self.rows, self.device)
        ids, scores = _without(ids, scores, self.patients, patients[studies], DEPTH)
        neighbours = np.full((*shape, min(NEIGHBOURS, ids.shape[1])), -1, np.int64)
        similarities = np.full(neighbours.shape, np.nan, np.float32)
        neighbours[studies, sections] = ids[:, : neighbours.shape[2]]
        similarities[studies, sections] = scores[:, : neighbours.shape[2]]
        similarities[neighbours < 0] = np.nan
        context = np.full((*shape, CONTEXT), -1, np.int64)
        for section, name in enumerate(self.taxonomy.sections):
            own = np.flatnonzero(sections == section)
            if len(own):
                context[studies[own], section] = self._context(name, asked[own], ids[own], patients[studies[own]])
        return Found(neighbours, similarities, context)

    def _context(self, section: str, queries: Floats, ids: Ids, patients: Ids) -> Ids:
        """int64 (Q, CONTEXT): the nearest candidates that have the section, -1 where there are fewer."""
        having = self.bank.has_section(ids, section) & (ids >= 0)
        context = _first(ids, having, CONTEXT)
        rows = self._rows_of(section)
        short = np.flatnonzero((context >= 0).sum(axis=1) < min(CONTEXT, len(rows)))
        if len(short):
            spare = self._most_of_one(patients[short])
            found, scores = search_many(queries[short], self.bank.embeddings, CONTEXT + spare, rows, self.device)
            context[short] = _padded(_without(found, scores, self.patients, patients[short], CONTEXT)[0], CONTEXT)
        return context

    def _most_of_one(self, patients: Ids) -> int:
        """The most candidates that one of these patients has."""
        known = np.unique(patients[patients >= 0])
        return int(self._counts[known].max()) if len(known) else 0

    @cached_property
    def _counts(self) -> Ids:
        return np.bincount(self.patients).astype(np.int64)

    def _rows_of(self, section: str) -> NDArray[np.int32]:
        """The rows that may be found and have the section, ascending; looked up once."""
        if section not in self._of_section:
            every = self.bank.rows_of_section(section)
            self._of_section[section] = every[self._allowed[every]]
        return self._of_section[section]

    @cached_property
    def _allowed(self) -> NDArray[np.bool_]:
        allowed = np.zeros(self.bank.manifest.candidates, np.bool_)
        allowed[self.rows] = True
        return allowed

    def votes(self, found: Found) -> Floats:
        """float32 (n, P, VOTE_FIELDS): what the neighbours say of each phenotype; NaN where nobody carries it."""
        names = self.taxonomy.sections
        votes = np.zeros((len(found.neighbours), len(self.taxonomy.phenotypes), VOTE_FIELDS), np.float32)
        for place, phenotype in enumerate(self.taxonomy.phenotypes):
            ids = found.neighbours[:, names.index(phenotype.section)]
            labels = self.bank.labels(phenotype.name, np.maximum(ids, 0))
            labels[ids < 0] = np.nan
            votes[:, place] = _summed_up(labels, (ids >= 0).sum(axis=1))
        return votes

    def retrievals(self, found: Found) -> Iterator[Retrieval]:
        """The same study by study, as the service's own type."""
        names = self.taxonomy.sections
        for neighbours, similarities, context in zip(found.neighbours, found.similarities, found.context, strict=True):
            assessed = [place for place in range(len(names)) if neighbours[place, 0] >= 0]
            yield Retrieval(
                Neighbours(names, neighbours, similarities),
                {names[place]: self._candidates(names[place], context[place]) for place in assessed},
            )

    def _candidates(self, section: str, ids: Ids) -> tuple[ContextCandidate, ...]:
        ids = ids[ids >= 0]
        texts = self.bank.sentences_of(ids, section)
        return tuple(ContextCandidate(int(i), float("nan"), said) for i, said in zip(ids, texts, strict=True))


def votes_by_name(votes: Floats, taxonomy: Taxonomy) -> dict[str, PhenotypeVote]:
    """One study's votes as the service's own type. votes: float32 (P, VOTE_FIELDS)."""
    return {p.name: _vote(row) for p, row in zip(taxonomy.phenotypes, votes.tolist(), strict=True)}


def _vote(row: list[float]) -> PhenotypeVote:
    value, p10, p90, labelled, neighbours = row
    if not neighbours:
        return PhenotypeVote(None, None, None, 0, 0, NOT_ASSESSED)
    if not labelled:
        return PhenotypeVote(None, None, None, 0, int(neighbours), NOT_LABELLED)
    return PhenotypeVote(value, p10, p90, int(labelled), int(neighbours), None)


def _summed_up(labels: Floats, neighbours: Ids) -> Floats:
    """float32 (n, VOTE_FIELDS) of labels (n, K), NaN where unknown. Percentiles as numpy's, linear between values."""
    ordered = np.sort(labels.astype(np.float64), axis=1)  # NaN last
    counts = np.isfinite(ordered).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(ordered, axis=1) / counts
    found = np.stack([mean, *(_percentile(ordered, counts, share) for share in (0.1, 0.9)), counts, neighbours], axis=1)
    found[counts == 0, :3] = np.nan
    return found.astype(np.float32)


def _percentile(ordered: NDArray[np.float64], counts: Ids, share: float) -> NDArray[np.float64]:
    place = np.maximum(counts - 1, 0) * share
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0))
    rows = np.arange(len(ordered))
    return np.asarray(ordered[rows, low] + (place - low) * (ordered[rows, high] - ordered[rows, low]))


def _without(ids: Ids, scores: Floats, patients: Ids, own: Ids, k: int) -> tuple[Ids, Floats]:
    """The first k of each row that are not of its own patient, -1 where there are fewer."""
    kept = (patients[np.maximum(ids, 0)] != own[:, None]) & (ids >= 0)
    order = np.argsort(~kept, axis=1, kind="stable")[:, :k]
    left = np.take_along_axis(kept, order, axis=1)
    return np.where(left, np.take_along_axis(ids, order, 1), -1), np.take_along_axis(scores, order, 1)


def _first(ids: Ids, wanted: NDArray[np.bool_], k: int) -> Ids:
    """The first k wanted ids of each row, -1 beyond."""
    order = np.argsort(~wanted, axis=1, kind="stable")[:, :k]
    return _padded(np.where(np.take_along_axis(wanted, order, 1), np.take_along_axis(ids, order, 1), -1), k)


def _padded(ids: Ids, k: int) -> Ids:
    return np.pad(ids[:, :k], ((0, 0), (0, max(0, k - ids.shape[1]))), constant_values=-1)


def labels_of(bank: CandidateBank, taxonomy: Taxonomy, candidate: int) -> Mapping[str, float]:
    """The labels that a candidate carries."""
    found = {name: float(bank.labels(name, [candidate])[0]) for name in taxonomy.phenotype_names}
    return {name: value for name, value in found.items() if np.isfinite(value)}
