"""Private copies of a bank: whatever happens to its files, what is read stays what it was."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index import bank_files
from index.candidate_bank import CandidateBank
from index.errors import BankCorrupt
from index.retriever import Retriever, open_search
from tests.toy_modality import write_toy

_CUT = """
import sys
from pathlib import Path
from index import bank_files
from tests.index.test_bank_files import found
bank_files.MEMORY_BYTES = int(sys.argv[2])
paths, spare = Path(sys.argv[1]), Path(sys.argv[3])
from index.candidate_bank import CandidateBank
bank = CandidateBank.open(paths, None, spare=spare if sys.argv[4] == "copied" else None)
before = None if sys.argv[4] != "copied" else found(bank)
for path in paths.iterdir():
    with path.open("r+b") as file:
        file.truncate(0)
after = found(bank)
assert before == after
assert sum(1 for _ in bank.verify_blocks()) == len(bank.manifest.files)
"""


def found(bank: CandidateBank) -> str:
    """What a search over all of the bank finds, with its texts and labels."""
    queries = np.eye(3, dtype=np.float32)[:2]
    retriever = Retriever(bank, open_search(bank))
    candidates = bank.manifest.candidates
    retrieval = retriever.retrieve(
        queries, ["Brightness", "Colour"], np.array([True, True]), neighbours=5, depth=candidates
    )
    labels = bank.labels("is_bright", range(candidates))
    return repr((retrieval.neighbours.candidate_ids, retrieval.context, labels.tolist()))


@pytest.mark.parametrize("memory_bytes", [0, 1 << 30], ids=["on disk", "in memory"])
def test_a_bank_whose_files_are_cut_is_read_to_its_end(tmp_path: Path, memory_bytes: int) -> None:
    bank = write_toy(tmp_path).bank
    command = [sys.executable, "-c", _CUT, str(bank), str(memory_bytes), str(tmp_path / "spare"), "copied"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert list((tmp_path / "spare").glob("*")) == [], "a nameless file leaves nothing behind"


@pytest.mark.parametrize("memory_bytes", [0, 1 << 30], ids=["on disk", "in memory"])
def test_copies_answer_as_the_files_and_do_not_change_with_them(
    tmp_path: Path, memory_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank_files, "MEMORY_BYTES", memory_bytes)
    folder = write_toy(tmp_path).bank
    in_place, copied = CandidateBank.open(folder, None), CandidateBank.open(folder, None, spare=tmp_path)
    expected = found(in_place)
    assert found(copied) == expected
    assert copied.files.checked is (memory_bytes > 0), "what lies in memory is looked at before it is served"
    other = CandidateBank.open(folder, None, spare=tmp_path)  # reads its columns after they were rewritten
    for path in folder.glob("*.npy"):
        path.write_bytes(bytes(path.stat().st_size))
    assert found(copied) == found(other) == expected
    assert copied.sha256 == in_place.sha256


def test_copies_in_memory_can_not_be_written(tmp_path: Path) -> None:
    bank = CandidateBank.open(write_toy(tmp_path).bank, None, spare=tmp_path)
    with pytest.raises(PermissionError):
        bank.files.path("embeddings.npy").write_bytes(b"x")


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    folder = write_toy(tmp_path).bank
    for _ in range(3):
        files = CandidateBank.open(folder, None, spare=tmp_path).files
        numbers = list(files.copies.values())
        del files
    assert not any(
        Path(f"/proc/self/fd/{number}").exists()
        and "memfd:embeddings" in str(Path(f"/proc/self/fd/{number}").readlink())
        for number in numbers
    )


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_length_is_refused_with_its_name(tmp_path: Path, change: int) -> None:
    bank = CandidateBank.open(write_toy(tmp_path).bank, None)
    path = bank.folder / "embeddings.npy"
    content = path.read_bytes()
    path.write_bytes(content[:change] if change < 0 else content + b"x")
    with pytest.raises(BankCorrupt, match=r"embeddings\.npy: is not \d+ bytes long"):
        bank_files.BankFiles.copied(bank.folder, bank.manifest, tmp_path)


def test_where_no_copy_can_be_made_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank_files, "MEMORY_BYTES", 0)
    (tmp_path / "file").touch()
    with pytest.raises(BankCorrupt, match=r"no private copy of .* can be made there"):
        CandidateBank.open(write_toy(tmp_path / "toy").bank, None, spare=tmp_path / "file" / "below")
