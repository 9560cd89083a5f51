from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from index.phenotype_vote import vote
from index.retrieval import Neighbours, PhenotypeVote


class Table:
    """Labels by candidate id."""

    def labels(self, phenotype: str, candidate_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        ids = np.asarray(candidate_ids)
        if phenotype == "unknown":
            return np.full(ids.shape, np.nan, np.float32)
        return np.where(ids < 10, ids, np.nan).astype(np.float32)


NEIGHBOURS = Neighbours(
    ("Aorta", "IVC", "Ventricle"),
    np.array([[0, 4, 8, 50], [1, 2, 3, 4], [-1, -1, -1, -1]]),
    np.array([[0.4, 0.3, 0.2, 0.1]] * 2 + [[np.nan] * 4], np.float32),
)


def test_the_vote_is_the_mean_over_those_that_carry_the_label() -> None:
    votes = vote(NEIGHBOURS, Table(), {"root": "Aorta", "ivc": "IVC"})
    assert list(votes) == ["root", "ivc"]
    root = votes["root"]
    assert root.value == 4.0
    assert root.p10 == pytest.approx(0.8)
    assert root.p90 == pytest.approx(7.2)
    assert (root.labelled, root.neighbours, root.reason) == (3, 4, None)
    assert votes["ivc"].value == pytest.approx(2.5)
    assert votes["ivc"].labelled == 4


def test_unknown_is_null_with_its_reason() -> None:
    votes = vote(NEIGHBOURS, Table(), {"unknown": "Aorta", "ef": "Ventricle"})
    assert votes["unknown"] == PhenotypeVote(None, None, None, 0, 4, "not_labelled_in_bank")
    assert votes["ef"] == PhenotypeVote(None, None, None, 0, 0, "section_not_assessed")


def test_a_phenotype_is_read_off_its_own_section() -> None:
    """The published code reads rows by position; swapping the order of the sections must not change a vote."""
    order = [1, 2, 0]
    swapped = Neighbours(
        tuple(NEIGHBOURS.sections[i] for i in order),
        NEIGHBOURS.candidate_ids[order],
        NEIGHBOURS.similarities[order],
    )
    names = {"root": "Aorta", "ivc": "IVC", "ef": "Ventricle"}
    assert vote(swapped, Table(), names) == vote(NEIGHBOURS, Table(), names)
