"""`echoscribe report --format … --out …`: the file holds the format; what cannot be written is told before the work."""

import sys
from pathlib import Path

import pytest

from service.renderings.negotiation import FORMATS
from tests.service.cli.command_line import run
from tests.service.ingest.test_whose_study import video
from tests.service.invented import InventedPipeline
from tests.service.renderings.told_reports import BEGINS

Captured = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("loads")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    video(tmp_path / "anna" / "clip.mp4", 0)
    return tmp_path / "anna"


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_written_to_a_file(
    monkeypatch: pytest.MonkeyPatch, study: Path, tmp_path: Path, name: str, capsys: Captured
) -> None:
    out = tmp_path / "report.out"
    assert run(monkeypatch, "report", study, "--format", name, "--out", out) == 0
    assert out.read_bytes().startswith(BEGINS.get(name, b""))
    assert b"clip.mp4" not in out.read_bytes()
    assert "DRAFT" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna", "report.out"]


def test_the_output_takes_bytes(
    monkeypatch: pytest.MonkeyPatch, study: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    assert run(monkeypatch, "report", study, "--format", "pdf", "--out", "-") == 0
    assert capfdbinary.readouterr().out.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "docx", "--out", "x"), "none of json, text, html, pdf, fhir, sr"),
        (("--format", "pdf"), "belong together"),
        (("--out", "x"), "belong together"),
        (("--format", "pdf", "--out", "nowhere/x.pdf"), "cannot be written"),
        (("--format", "pdf", "--out", "."), "cannot be written"),
        (("--format", "pdf", "--out", "x.pdf", "--json", "-"), "goes with none of"),
        (("--format", "pdf", "--out", "x.pdf", "--each"), "goes with none of"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
    study: Path,
    capsys: Captured,
    loads: list[InventedPipeline],
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(study)
    assert run(monkeypatch, "report", study, *words) == 2
    assert said in capsys.readouterr().err
    assert loads == []
