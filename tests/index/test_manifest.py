import hashlib
import json
from pathlib import Path

import pytest

from index import manifest as manifest_module
from index.candidate_bank import CandidateBank
from index.errors import BankCorrupt, BankMismatch
from index.manifest import MANIFEST_FILE, block_hashes, publish_index, read_manifest
from tests.index.small_bank import write_bank


def test_blocks_are_hashed_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "BLOCK_BYTES", 10)
    (tmp_path / "file").write_bytes(bytes(range(25)))
    expected = [hashlib.sha256(bytes(range(a, b))).hexdigest() for a, b in ((0, 10), (10, 20), (20, 25))]
    assert list(block_hashes(tmp_path / "file")) == expected
    (tmp_path / "file").write_bytes(bytes(20))
    assert len(list(block_hashes(tmp_path / "file"))) == 2
    (tmp_path / "file").write_bytes(b"")
    assert list(block_hashes(tmp_path / "file")) == []


def test_a_manifest_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(BankCorrupt, match=MANIFEST_FILE):
        read_manifest(tmp_path)
    (tmp_path / MANIFEST_FILE).write_text("[]")
    with pytest.raises(BankMismatch, match="schema_version is None"):
        read_manifest(tmp_path)
    bank = write_bank(tmp_path / "bank")
    stated = json.loads((bank.folder / MANIFEST_FILE).read_text())
    for field, value, reported in (
        ("schema_version", 2, "schema_version is 2"),
        ("search", {"kind": "magic"}, "search.kind"),
        ("candidates", 0, "candidates"),
        ("surprise", 1, "surprise"),
    ):
        (bank.folder / MANIFEST_FILE).write_text(json.dumps({**stated, field: value}))
        with pytest.raises(BankMismatch, match=reported):
            read_manifest(bank.folder)


def test_an_index_becomes_part_of_the_bank_and_replaces_the_one_before(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    names = []
    for content in (b"one", b"another"):
        written = bank.folder / ".written"
        written.write_bytes(content)
        manifest = publish_index(bank.folder, read_manifest(bank.folder), written, {"kind": "faiss", "index": "x"})
        names.append(manifest.search["file"])
        assert (bank.folder / names[-1]).read_bytes() == content
        assert read_manifest(bank.folder) == manifest
        assert CandidateBank.open(bank.folder, None, verify="all").manifest == manifest
    assert sorted(path.name for path in bank.folder.glob("*.faiss")) == [names[1]]
    assert not [path for path in bank.folder.iterdir() if path.name.startswith(".")]


def test_an_index_over_other_vectors_or_without_a_hash_is_refused(tmp_path: Path) -> None:
    bank = write_bank(tmp_path / "bank")
    (bank.folder / ".written").write_bytes(b"index")
    search = {"kind": "faiss", "index": "x"}
    manifest = publish_index(bank.folder, bank.manifest, bank.folder / ".written", search)
    stated = json.loads((bank.folder / MANIFEST_FILE).read_text())
    other = {**stated, "search": {**manifest.search, "vectors_sha256": "0" * 64}}
    (bank.folder / MANIFEST_FILE).write_text(json.dumps(other))
    with pytest.raises(BankMismatch, match=r"built over other vectors .*echoscribe bank index"):
        CandidateBank.open(bank.folder, None)
    del stated["files"][manifest.search["file"]]
    (bank.folder / MANIFEST_FILE).write_text(json.dumps(stated))
    with pytest.raises(BankCorrupt, match="`files` does not list"):
        CandidateBank.open(bank.folder, None)
