"""Versions of a bank: one pointer, replaced in one step."""

import shutil
from pathlib import Path

import pytest

from index.bank_versions import current_bank, make_current, next_version, remove_versions_before, versions
from index.candidate_bank import CandidateBank
from index.errors import BankCorrupt
from tests.index.small_bank import write_bank


def test_a_bank_without_versions_is_its_own_folder(tmp_path: Path) -> None:
    write_bank(tmp_path / "bank")
    assert current_bank(tmp_path / "bank") == tmp_path / "bank"


def test_open_reads_the_version_that_current_names(tmp_path: Path) -> None:
    for candidates in (40, 20):
        write_bank(next_version(tmp_path), candidates=candidates)
    assert versions(tmp_path) == ["000001", "000002"]
    for name, candidates in (("000001", 40), ("000002", 20)):
        make_current(tmp_path / name)
        assert CandidateBank.open(tmp_path, None).manifest.candidates == candidates


def test_a_number_is_never_used_twice(tmp_path: Path) -> None:
    write_bank(next_version(tmp_path))
    make_current(tmp_path / "000001")
    (tmp_path / "000001").rename(tmp_path / "gone")
    assert next_version(tmp_path).name == "000002"


def test_older_versions_go_but_for_those_kept(tmp_path: Path) -> None:
    for _ in range(3):
        next_version(tmp_path).mkdir()
    remove_versions_before(tmp_path / "000003", keep=1)
    assert versions(tmp_path) == ["000002", "000003"]
    remove_versions_before(tmp_path / "000003")
    assert versions(tmp_path) == ["000003"]


@pytest.mark.parametrize("pointer", ["", "000009", "../elsewhere"])
def test_a_pointer_to_nowhere_is_refused(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "current").write_text(pointer)
    with pytest.raises(BankCorrupt, match="names no version"):
        current_bank(tmp_path)


def test_a_removal_that_was_stopped_is_finished_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".000001.removed").mkdir()
    next_version(tmp_path).mkdir()
    remove_versions_before(tmp_path / "000001")
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_a_bank_that_is_held_is_read_whole_after_its_folder_is_gone(tmp_path: Path) -> None:
    write_bank(tmp_path / "bank")
    bank = CandidateBank.open(tmp_path / "bank", None)
    whole = [CandidateBank.open(tmp_path / "bank", None).sections_of([n]) for n in range(40)]
    bank.hold()
    shutil.rmtree(tmp_path / "bank")
    assert [bank.sections_of([n]) for n in range(40)] == whole
    assert bank.labels("ef", [0]).shape == (1,)
    assert len(bank.rows_of_section("Aorta")) > 0
