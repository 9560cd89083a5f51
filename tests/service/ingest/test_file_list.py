"""Folders and lists of files, in upload order."""

from pathlib import Path

import pytest

from service.errors import EmptyStudy, StudyTooLarge, StudyUnreadable
from service.ingest.file_list import is_system_name, list_files
from service.ingest.limits import IngestLimits

LIMITS = IngestLimits()


@pytest.mark.parametrize("name", [".DS_Store", "a/.hidden", "__MACOSX/a", "Thumbs.db", "a\\desktop.ini", "._IM1"])
def test_names_that_operating_systems_leave_behind(name: str) -> None:
    assert is_system_name(name)


@pytest.mark.parametrize("name", ["IM0001", "a/b.dcm", "DICOMDIR", "./a", "a..b", "1.2.840.1"])
def test_names_of_a_study(name: str) -> None:
    assert not is_system_name(name)


def test_a_folder_is_listed_recursively_in_the_order_of_its_relative_names(tmp_path: Path) -> None:
    for name in ("b/2", "b/10", "a", "c/deep/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    names = [file.path.relative_to(tmp_path).as_posix() for file in list_files([tmp_path], LIMITS)]
    assert names == ["a", "b/10", "b/2", "c/deep/x"]
    given = [tmp_path / "b" / "2", tmp_path / "a"]
    assert [file.path for file in list_files(given, LIMITS)] == given


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "a").touch()
    (tmp_path / "study" / "loop").symlink_to(tmp_path)
    assert len(list_files([tmp_path / "study"], LIMITS)) == 1


def test_nothing_missing_and_too_much_are_named(tmp_path: Path) -> None:
    with pytest.raises(EmptyStudy):
        list_files([tmp_path], LIMITS)
    with pytest.raises(EmptyStudy):
        list_files([], LIMITS)
    with pytest.raises(StudyUnreadable, match="Path 2") as missing:
        list_files([tmp_path, tmp_path / "SECRET-NAME"], LIMITS)
    assert "SECRET-NAME" not in str(missing.value)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(10))
    with pytest.raises(StudyTooLarge, match="1 files"):
        list_files([tmp_path], IngestLimits(max_files=1))
    with pytest.raises(StudyTooLarge, match="19 bytes"):
        list_files([tmp_path], IngestLimits(max_study_bytes=19))
    assert len(list_files([tmp_path], IngestLimits(max_files=2, max_study_bytes=20))) == 2
