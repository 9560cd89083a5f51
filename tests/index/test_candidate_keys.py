"""Pseudonyms in a bank, and a search that leaves one patient's candidates out."""

from pathlib import Path

import numpy as np
import pytest

from index.building.bank_writer import BankDescription, BankWriter
from index.candidate_bank import CandidateBank
from index.candidate_keys import key_bytes
from index.retriever import Retriever, open_search
from tests.index.small_bank import DESCRIPTION, PHRASES, SECTIONS, report_of, unit_rows

PATIENTS = ["a" * 32, "b" * 32, "c" * 32]
VECTORS = unit_rows(60, 16)


def keyed_bank(folder: Path, ids: list[int], kind: str = "faiss") -> CandidateBank:
    """A bank of some of 60 candidates; every third is of one patient."""
    search = {"kind": "exact"} if kind == "exact" else {"kind": "faiss", "index": "flat"}
    with BankWriter(folder, PHRASES, SECTIONS, 16) as writer:
        writer.add_embeddings(VECTORS[ids])
        for candidate in ids:
            writer.add_report(report_of(candidate))
        writer.add_keys([PATIENTS[i % 3] for i in ids[:5]], [f"{i:032x}" for i in ids[:5]])
        writer.add_keys([PATIENTS[i % 3] for i in ids[5:]], [f"{i:032x}" for i in ids[5:]])
        writer.finish(BankDescription(**DESCRIPTION, search=search))
    return CandidateBank.open(folder, None)


def test_candidates_are_found_by_their_patient(tmp_path: Path) -> None:
    bank = keyed_bank(tmp_path / "bank", list(range(60)))
    assert bank.candidates_of_patient(PATIENTS[1]).tolist() == list(range(1, 60, 3))
    assert bank.candidates_of_patient("d" * 32).size == 0
    patients, studies = bank.keys([4, 0])
    assert patients == [PATIENTS[1], PATIENTS[0]]
    assert studies == [f"{4:032x}", f"{0:032x}"]


@pytest.mark.parametrize("key", ["", "A" * 32, "a" * 31, "a" * 33, "g" * 32, " " + "a" * 32])
def test_what_is_no_pseudonym_is_refused_without_being_said(key: str) -> None:
    with pytest.raises(ValueError, match="another form"):
        key_bytes(key)


@pytest.mark.parametrize("kind", ["faiss", "exact"])
@pytest.mark.parametrize("depth", [1, 12, 60])
def test_leaving_a_patient_out_equals_a_bank_that_never_had_him(tmp_path: Path, kind: str, depth: int) -> None:
    bank = keyed_bank(tmp_path / "all", list(range(60)), kind)
    kept = [i for i in range(60) if i % 3 != 1]
    smaller = keyed_bank(tmp_path / "without", kept, kind)
    queries = unit_rows(len(SECTIONS), 16, seed=3)
    assessed = np.array([True, True, False])
    excluded = bank.candidates_of_patient(PATIENTS[1])
    fast = Retriever(bank, open_search(bank), excluded).retrieve(
        queries, SECTIONS, assessed, neighbours=8, depth=depth, context=20
    )
    slow = Retriever(smaller, open_search(smaller)).retrieve(
        queries, SECTIONS, assessed, neighbours=8, depth=depth, context=20
    )
    expected = np.where(slow.neighbours.candidate_ids < 0, -1, np.array(kept)[slow.neighbours.candidate_ids])
    np.testing.assert_array_equal(fast.neighbours.candidate_ids, expected)
    np.testing.assert_array_equal(fast.neighbours.similarities, slow.neighbours.similarities)
    for section in ("Left Ventricle", "Aorta"):
        found = [(c.candidate_id, c.similarity, c.sentences) for c in fast.context[section]]
        assert found == [(kept[c.candidate_id], c.similarity, c.sentences) for c in slow.context[section]]
