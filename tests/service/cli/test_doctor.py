"""What `doctor` finds in the folders that `serve` will write to: passed by doctor means that serve can begin."""

import re
import socket
from pathlib import Path

import pytest

from service.cli.doctor import Finding, diagnose
from service.errors import StoreError
from service.settings import Settings
from service.store.results import ResultStore
from service.study.durable.upload_folders import UploadFolders


def found(what: str, **settings: Path | int) -> Finding:
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
    assert (finding.ok, "a part of its path is no folder (ECHOSCRIBE_UPLOAD_FOLDER)" in finding.text) == (False, True)
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


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no database at all, though long enough to be looked at " * 20, "damaged or no database"),
        (None, "this user may not use it"),
    ],
    ids=["damaged", "of another user"],
)
def test_a_store_that_cannot_be_used_is_named_with_its_cause(
    content: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.sqlite3"
    if content is not None:
        path.write_bytes(content)
    else:
        monkeypatch.setattr("service.cli.doctor.tempfile.TemporaryFile", refused)
    finding = found("store", store=path)
    assert not finding.ok
    assert finding.text.startswith(f"{path}: ")
    assert said in finding.text
    assert finding.text.endswith("(ECHOSCRIBE_STORE)")


def refused(**_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_page_of_the_store_that_was_overwritten_is_found(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite3"
    with ResultStore(path):
        pass
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    finding = found("store", store=path)
    assert (finding.ok, "it is damaged" in finding.text) == (False, True)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finding = found("port", port=port, store=tmp_path / "s.sqlite3")
    assert not finding.ok
    assert finding.text == (f"127.0.0.1:{port}: another process listens there (ECHOSCRIBE_HOST, ECHOSCRIBE_PORT)")


def test_few_file_descriptors_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.study.conditions.resource.getrlimit", lambda _: (70, 70))
    finding = found("file descriptors")
    assert not finding.ok
    assert re.search(r"file descriptors: \d+ of 70 are in use; raise the limit", finding.text)
