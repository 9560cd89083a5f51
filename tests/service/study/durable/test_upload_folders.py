"""The folder of uploads: who holds it, what is swept, and what stays."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from service.errors import StoreInUse
from service.store.held_inode import HeldInode
from service.study.durable.upload_folders import UploadFolders

OLD_SECONDS = 10_000.0


def aged(folder: Path, seconds: float = OLD_SECONDS) -> Path:
    then = time.time() - seconds
    os.utime(folder, (then, then))
    return folder


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """What a killed process of a former version left."""
    folder = tmp_path / "echoscribe-uploads-dead"
    (folder / "upload").mkdir(parents=True)
    (folder / "in-use").touch()
    (folder / "upload" / "00001").write_bytes(b"a patient's clip")
    return aged(folder)


@pytest.fixture(autouse=True)
def _no_other_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.study.durable.upload_folders.tempfile.gettempdir", lambda: str(tmp_path / "none"))


def test_a_second_holder_is_refused_and_the_next_one_has_the_same_name(tmp_path: Path) -> None:
    with UploadFolders(tmp_path) as folders:
        kept = folders.new()
        (kept / "job.json").touch()
        owner = folders.owner
        with pytest.raises(StoreInUse):
            UploadFolders(tmp_path)
    with UploadFolders(tmp_path) as folders:
        assert folders.owner == owner
        assert list(folders.studies()) == [kept]


def test_what_was_not_accepted_goes_with_the_process(tmp_path: Path) -> None:
    with UploadFolders(tmp_path) as folders:
        (folders.new() / "00001").write_bytes(b"half a clip")
    assert list(tmp_path.iterdir()) == []


def test_leftovers_are_swept_by_age_and_never_what_is_owned_or_accepted(tmp_path: Path) -> None:
    with UploadFolders(tmp_path) as folders:
        left, young, owned, accepted = (folders.new() for _ in range(4))
        (accepted / "job.json").touch()
        for folder in (left, owned, accepted):
            aged(folder)
        assert folders.sweep({owned}, upload_seconds=900) == 1
        assert not left.exists()
        assert young.exists()
        assert owned.exists()
        assert accepted.exists()
        assert folders.sweep(set(), upload_seconds=2 * OLD_SECONDS) == 0, "an upload may take so long"
        (accepted / "job.json").unlink()


def test_a_clock_that_was_set_back_removes_nothing(tmp_path: Path) -> None:
    with UploadFolders(tmp_path) as folders:
        tomorrow = aged(folders.new(), -86_400)
        assert folders.sweep(set(), upload_seconds=900) == 0
        assert tomorrow.exists()


def test_what_former_versions_left_is_removed_when_nobody_holds_it(tmp_path: Path, former: Path) -> None:
    with (former / "in-use").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with UploadFolders(tmp_path):
            assert former.exists(), "its owner lives"
    aged(former)
    with UploadFolders(tmp_path):
        assert not former.exists()


def test_a_former_folder_that_is_just_being_made_is_left_alone(tmp_path: Path, former: Path) -> None:
    os.utime(former)
    with UploadFolders(tmp_path):
        assert former.exists()


def test_the_lock_is_on_the_folder_and_not_on_its_name(tmp_path: Path) -> None:
    first, moved = tmp_path / "first", tmp_path / "moved"
    first.mkdir()
    with HeldInode(first, folder=True) as held:
        assert held.is_named_so_still
        first.rename(moved)
        with pytest.raises(OSError, match="held by this process"):
            HeldInode(moved, folder=True)
        first.mkdir()
        assert not held.is_named_so_still
        HeldInode(first, folder=True).release()
    HeldInode(moved, folder=True).release()
