import json
from pathlib import Path

import numpy as np
import pytest

from index import layout
from index.candidate_bank import CandidateBank
from index.errors import BankCorrupt, BankMismatch
from index.manifest import MANIFEST_FILE
from index.phrase_table import PHRASES_FILE
from index.retrieval import RetrievedSentence
from tests.index.small_bank import report_of, write_bank


@pytest.fixture
def bank(tmp_path: Path) -> CandidateBank:
    return write_bank(tmp_path / "bank")


def test_reports_read_back_for_any_rows_in_any_order(bank: CandidateBank) -> None:
    ids = [7, 4, 5, 4, 39, 0]
    for candidate, report in zip(ids, bank.sections_of(ids), strict=True):
        written = {s: tuple(RetrievedSentence(*pair) for pair in part) for s, part in report_of(candidate).items()}
        assert report == written
    for section in ("Left Ventricle", "Aorta"):
        expected = [report.get(section, ()) for report in bank.sections_of(ids)]
        assert bank.sentences_of(ids, section) == expected
    assert bank.sections_of([]) == []


def test_labels_are_nan_where_a_candidate_does_not_carry_them(bank: CandidateBank) -> None:
    found = bank.labels("calcium", np.array([[0, 1], [29, 30]]))
    assert np.array_equal(found, np.array([[1, 0], [0, np.nan]], np.float32), equal_nan=True)
    assert np.array_equal(bank.labels("ef", [2, 3]), np.array([42.5, np.nan], np.float32), equal_nan=True)
    assert np.isnan(bank.labels("not in this bank", [0, 1])).all()


def test_rows_of_a_section_need_no_report(bank: CandidateBank) -> None:
    having = [c for c in range(40) if "Aorta" in report_of(c)]
    assert bank.rows_of_section("Aorta").tolist() == having
    assert np.flatnonzero(bank.has_section(np.arange(40), "Aorta")).tolist() == having
    assert len(bank.rows_of_section("Postoperative Findings")) == 0
    with pytest.raises(BankMismatch, match="no section 'Mitral Valve'"):
        bank.rows_of_section("Mitral Valve")


def test_another_encoder_is_refused(bank: CandidateBank) -> None:
    with pytest.raises(BankMismatch, match="encoder_sha256"):
        CandidateBank.open(bank.folder, "f" * 64)
    assert CandidateBank.open(bank.folder, None).manifest == bank.manifest


@pytest.mark.parametrize("name", [layout.EMBEDDINGS, layout.SENTENCE_VALUES, layout.TEXTS, "labels_00.npy"])
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_missing_or_short_file_is_named_at_opening(bank: CandidateBank, name: str, damage: str) -> None:
    path = bank.folder / name
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[:-1])
    with pytest.raises(BankCorrupt, match=name):
        CandidateBank.open(bank.folder, None)


def test_an_altered_byte_is_found_by_the_block_check(bank: CandidateBank) -> None:
    assert {check.file for check in bank.verify_blocks()} == set(bank.manifest.files)
    with (bank.folder / layout.EMBEDDINGS).open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    reopened = CandidateBank.open(bank.folder, None)
    with pytest.raises(BankCorrupt, match=r"embeddings\.npy: block 0"):
        list(reopened.verify_blocks())
    with pytest.raises(BankCorrupt, match=r"embeddings\.npy: block 0"):
        CandidateBank.open(bank.folder, None, verify="all")


def test_an_altered_phrase_is_found_before_the_bank_is_used(bank: CandidateBank) -> None:
    path = bank.folder / PHRASES_FILE
    path.write_text(path.read_text().replace("large", "small"))
    with pytest.raises(BankCorrupt, match=PHRASES_FILE):
        CandidateBank.open(bank.folder, None)


@pytest.mark.parametrize(("field", "value"), [("dimension", 17), ("candidates", 41), ("sentences", 1)])
def test_counts_that_differ_from_the_arrays_are_refused(bank: CandidateBank, field: str, value: int) -> None:
    path = bank.folder / MANIFEST_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(BankMismatch, match="expected"):
        CandidateBank.open(bank.folder, None)


def test_pickled_arrays_are_never_read(bank: CandidateBank) -> None:
    path = bank.folder / layout.TEXT_CODES
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    stated = json.loads((bank.folder / MANIFEST_FILE).read_text())
    stated["files"][layout.TEXT_CODES]["size_bytes"] = path.stat().st_size
    (bank.folder / MANIFEST_FILE).write_text(json.dumps(stated))
    with pytest.raises(BankCorrupt, match=layout.TEXT_CODES):
        CandidateBank.open(bank.folder, None)


def test_a_file_that_the_manifest_does_not_list_is_refused(bank: CandidateBank) -> None:
    stated = json.loads((bank.folder / MANIFEST_FILE).read_text())
    del stated["files"][layout.SECTION_MASK]
    (bank.folder / MANIFEST_FILE).write_text(json.dumps(stated))
    with pytest.raises(BankCorrupt, match=layout.SECTION_MASK):
        CandidateBank.open(bank.folder, None)
