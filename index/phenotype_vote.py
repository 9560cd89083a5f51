"""Neighbours → phenotype estimates: the mean label of those that carry it, with spread and count."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.retrieval import Neighbours, PhenotypeVote

NOT_LABELLED = "not_labelled_in_bank"
NOT_ASSESSED = "section_not_assessed"
NOT_SHOWN = "no_clip_that_shows_it"
NOT_SHOWN_VOTE = PhenotypeVote(None, None, None, 0, 0, NOT_SHOWN)


class Labels(Protocol):
    """What the vote needs of a bank."""

    def labels(self, phenotype: str, candidate_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Labels of the candidates, NaN where one does not carry it."""


def vote(neighbours: Neighbours, labels: Labels, sections_of_phenotypes: Mapping[str, str]) -> dict[str, PhenotypeVote]:
    """A vote for every phenotype, by the neighbours of the section it is named for, in the mapping's order.

    Sections are found by name: reading them by position is what misplaces 19 of 21 phenotypes in the published code.
    """
    return {
        phenotype: _vote(neighbours.of(section)[0], labels, phenotype)
        for phenotype, section in sections_of_phenotypes.items()
    }


def _vote(ids: NDArray[np.int64], labels: Labels, phenotype: str) -> PhenotypeVote:
    if not len(ids):
        return PhenotypeVote(None, None, None, 0, 0, NOT_ASSESSED)
    found = labels.labels(phenotype, ids).astype(np.float64)
    carried = found[np.isfinite(found)]
    if not len(carried):
        return PhenotypeVote(None, None, None, 0, len(ids), NOT_LABELLED)
    low, high = np.percentile(carried, (10, 90))
    return PhenotypeVote(float(carried.mean()), float(low), float(high), len(carried), len(ids), None)
