"""What `doctor` finds in the folders that `serve` will write to: passed by doctor means that serve can begin."""

import re
from pathlib import Path

import pytest

from service.cli.doctor import Finding, diagnose
from service.errors import StoreError
from service.settings import Settings
from service.store.results import ResultStore
from service.study.upload import UploadFolders


def found(what: str, **settings: Path) -> Finding:
    """The finding of that name."""
    return next(each for each in diagnose(Settings.model_validate(settings), verify=False) if each.what == what)


def test_folders_that_are_there_or_can_be_made_pass_and_are_not_made(tmp_path: Path) -> None:
    uploads = found("uploads", upload_folder=tmp_path / "deep" / "uploads")
    assert str(tmp_path / "deep" / "uploads") in uploads.text
    assert "MiB free" in uploads.text
    assert found("store", store=tmp_path / "data" / "results.sqlite3").ok
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_fails_here_as_it_does_for_the_service(tmp_path: Path) -> None:
    blocked = tmp_path / "file" / "inside"
    blocked.parent.write_text("no folder")
    finding = found("uploads", upload_folder=blocked)
    assert (finding.ok, "cannot be written" in finding.text) == (False, True)
    with pytest.raises(StoreError):
        UploadFolders(blocked)
    assert not found("store", store=blocked / "results.sqlite3").ok


def test_a_store_that_is_a_folder_fails_here_as_it_does_for_the_service(tmp_path: Path) -> None:
    assert not found("store", store=tmp_path).ok
    with pytest.raises(StoreError):
        ResultStore(tmp_path)


def test_free_space_is_measured_where_uploads_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 5 << 20

    asked: list[Path] = []

    def usage(place: Path) -> type[Usage]:
        asked.append(place)
        return Usage

    monkeypatch.setattr("service.cli.doctor.shutil.disk_usage", usage)
    finding = found("uploads", upload_folder=tmp_path)
    assert (finding.ok, asked) == (False, [tmp_path])
    assert "5 MiB free, 2048 MiB wanted" in finding.text


def test_what_the_bundle_understands_of_the_banks_phrases_is_said() -> None:
    finding = found("language")
    said = re.fullmatch(r"en: (\d+) of (\d+) phrases of the bank understood", finding.text)
    assert finding.ok
    assert said is not None
    assert said[1] == said[2], "the shipped bank is written in the shipped language"
