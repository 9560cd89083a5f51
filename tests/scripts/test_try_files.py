"""A line for each file with what was decided and why; a traceback is a failure."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scripts import file_trial, try_files
from tests import dicom_files as make


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["try_files", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        try_files.main()
    return int(stop.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rgb = make.moving_frames(12)
    (tmp_path / "deep").mkdir()
    cine = make.write_native(tmp_path / "deep" / "a.dcm", rgb, "RGB")
    (tmp_path / "b.mp4").write_bytes(make.encode_video(rgb))
    (tmp_path / "c.gif").write_bytes(b"GIF89a" + bytes(50))
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.write(cine, "a")
        archive.writestr("b", b"nothing")
    with zipfile.ZipFile(tmp_path / "e.zip", "w"):
        pass
    return tmp_path


def test_each_file_has_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, folder, "--no-echo") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        "used", "unsupported_format", "used", "unreadable", "used", "refused",
    ]  # fmt: skip
    assert "25.00 Hz (time_stamps)" in lines[0]
    assert "12/12" in lines[0]
    assert "64x48" in lines[0]
    assert "256 colours" in lines[1]
    assert "no files" in lines[5]
    assert lines[-1] == "1 refused, 1 unreadable, 1 unsupported_format, 3 used"


def test_a_clip_without_a_sector_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.mp4").write_bytes(make.encode_video(np.zeros((12, 48, 64, 3), np.uint8)))
    assert run(monkeypatch, folder / "b.mp4") == 0
    code, *rest = capsys.readouterr().out.splitlines()[0].split()
    assert code in {"sector_not_found", "static"}
    assert rest[0] == "12/12"


def test_a_traceback_is_a_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **_options: object) -> None:
        raise LookupError("what nobody thought of")

    monkeypatch.setattr(file_trial, "open_study", broken)
    assert run(monkeypatch, folder / "b.mp4") == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("error")
    assert "what nobody thought of" in captured.err
