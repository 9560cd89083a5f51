from pathlib import Path

import numpy as np
import pytest

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from tests.index.small_bank import DESCRIPTION, PHRASES, SECTIONS, unit_rows, write_bank


def writer(folder: Path) -> BankWriter:
    return BankWriter(folder, PHRASES, SECTIONS, 4)


def fill(started: BankWriter, *, reports: int, labels: int) -> None:
    """Two candidates' vectors, and as many reports and labels as asked for."""
    with started:
        started.add_embeddings(unit_rows(2, 4))
        for _ in range(reports):
            started.add_report({})
        started.add_labels("ef", np.zeros(labels))
        started.finish(BankDescription(**DESCRIPTION))


def test_an_existing_bank_is_not_overwritten(tmp_path: Path) -> None:
    write_bank(tmp_path / "bank")
    with pytest.raises(FileExistsError, match="bank: exists already"):
        writer(tmp_path / "bank")


@pytest.mark.parametrize(
    ("reports", "labels", "reported"), [(1, 2, "2 embeddings and 1 reports"), (2, 3, "labels of 'ef' have 3 rows")]
)
def test_counts_must_agree_and_an_unfinished_bank_leaves_nothing_behind(
    tmp_path: Path, reports: int, labels: int, reported: str
) -> None:
    with pytest.raises(ValueError, match=reported):
        fill(writer(tmp_path / "bank"), reports=reports, labels=labels)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_a_vector_that_cannot_be_stored_is_named(tmp_path: Path, bad: float) -> None:
    vectors = unit_rows(3, 4)
    vectors[1, 2] = bad
    with writer(tmp_path / "bank") as started:
        started.add_embeddings(unit_rows(3, 4))
        with pytest.raises(ValueError, match="candidate 4 is not finite as float16"):
            started.add_embeddings(vectors)


def test_an_unknown_phrase_is_refused(tmp_path: Path) -> None:
    with writer(tmp_path / "bank") as started:
        for phrase_id in (-1, len(PHRASES)):
            with pytest.raises(ValueError, match=r"must lie in 0\.\.5"):
                started.add_report({"Aorta": [(phrase_id, None)]})


def test_labels_of_zero_and_one_take_a_byte_others_four(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    dtypes = {name: np.load(bank.folder / c.file).dtype.name for name, c in bank.manifest.phenotypes.items()}
    assert dtypes == {"ef": "float32", "calcium": "uint8"}
    assert {name: c.derived for name, c in bank.manifest.phenotypes.items()} == {"ef": True, "calcium": False}


def test_two_banks_of_the_same_data_are_the_same_bytes(tmp_path: Path) -> None:
    assert write_bank(tmp_path / "a").sha256 == write_bank(tmp_path / "b").sha256


def test_norms_are_those_of_the_stored_vectors(tmp_path: Path) -> None:
    vectors = np.array([[3, 0, 0, 4], [1, 0, 0, 0]], np.float32)
    with writer(tmp_path / "bank") as started:
        started.add_embeddings(vectors)
        started.add_report({})
        started.add_report({})
        norms = started.finish(BankDescription(**DESCRIPTION)).norms
    assert (norms.minimum, norms.mean, norms.maximum) == (1.0, 3.0, 5.0)
    assert np.array_equal(CandidateBank.open(tmp_path / "bank", None).embeddings, vectors)
