"""The command line on folders of several studies, and the local names that it writes instead of positions."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.table import Table

from service.cli.answering import local_text
from service.cli.output import print_table
from service.errors import MixedStudies
from tests.service.cli.command_line import run
from tests.service.ingest.test_whose_study import cine, video, zipped
from tests.service.invented import InventedPipeline

Captured = pytest.CaptureFixture[str]
pytestmark = pytest.mark.usefixtures("loads")


@pytest.fixture
def wards(tmp_path: Path) -> Path:
    """Two patients, a clip each."""
    for turn, name in enumerate(("anna", "berta")):
        video(tmp_path / "wards" / name / "clip.mp4", turn)
    return tmp_path / "wards"


@pytest.mark.parametrize("command", ["report", "phenotypes"])
def test_several_studies_are_refused_with_their_folders_named(
    monkeypatch: pytest.MonkeyPatch, wards: Path, capsys: Captured, command: str
) -> None:
    assert run(monkeypatch, command, wards) == 2
    said = capsys.readouterr().err
    assert str(wards / "anna") in said
    assert str(wards / "berta") in said
    assert "--each" in said
    assert "position" not in said


def test_each_study_has_its_own_report_under_its_folders_name(
    monkeypatch: pytest.MonkeyPatch, wards: Path, capsys: Captured, loads: list[InventedPipeline]
) -> None:
    assert run(monkeypatch, "report", wards, "--each") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line in {"anna", "berta"}] == ["anna", "berta"]
    assert len([line for line in lines if "clip.mp4" in line]) >= 2
    assert len(loads) == 1


@pytest.mark.parametrize("command", ["report", "phenotypes"])
@pytest.mark.parametrize("kind", ["file", "folder", "-"])
def test_json_of_each_study_is_a_line_or_a_file(
    monkeypatch: pytest.MonkeyPatch, wards: Path, tmp_path: Path, capsys: Captured, command: str, kind: str
) -> None:
    folder, file = tmp_path / "out", tmp_path / "out.jsonl"
    folder.mkdir()
    file.write_text("of an earlier run\n")
    wheres: dict[str, Path | str] = {"file": file, "folder": folder, "-": "-"}
    assert run(monkeypatch, command, wards, "--each", "--json", wheres[kind]) == 0
    printed = capsys.readouterr().out
    if kind == "folder":
        assert sorted(path.name for path in folder.iterdir()) == ["anna.json", "berta.json"]
        texts = [path.read_text() for path in sorted(folder.iterdir())]
    else:
        texts = (printed if kind == "-" else file.read_text()).splitlines()
    values = [json.loads(text) for text in texts]
    assert len(values) == 2
    sizes = [(value if command == "phenotypes" else value["phenotypes"])["size"]["value"] for value in values]
    assert sizes[0] != sizes[1]
    assert "anna" not in texts[0]  # local names stay on the terminal


def test_a_study_that_cannot_be_one_is_told_and_the_others_are_answered(
    monkeypatch: pytest.MonkeyPatch, wards: Path, tmp_path: Path, capsys: Captured
) -> None:
    cine(wards / "mixed" / "1.dcm", 0, PatientID="one")
    cine(wards / "mixed" / "2.dcm", 1, PatientID="two")
    out = tmp_path / "out.jsonl"
    assert run(monkeypatch, "report", wards, "--each", "--json", out) == 1
    captured = capsys.readouterr()
    assert f"mixed: The files belong to more than one patient, {wards / 'mixed' / '1.dcm'};" in captured.err
    assert [json.loads(line).get("code") for line in out.read_text().splitlines()] == [None, None, "mixed_studies"]


def test_each_needs_one_folder(monkeypatch: pytest.MonkeyPatch, wards: Path, tmp_path: Path, capsys: Captured) -> None:
    for given in ([zipped(wards, tmp_path)], [wards / "anna", wards / "berta"]):
        assert run(monkeypatch, "report", *given, "--each") == 2
        assert "--each" in capsys.readouterr().err


def test_clips_are_named_by_their_paths_and_in_a_zip_by_their_names_there(
    monkeypatch: pytest.MonkeyPatch, wards: Path, tmp_path: Path, capsys: Captured
) -> None:
    shutil.copy(wards / "anna" / "clip.mp4", wards / "anna" / "copy.mp4")
    assert run(monkeypatch, "report", wards / "anna") == 0
    said = capsys.readouterr().out
    assert str(wards / "anna" / "clip.mp4") in said
    assert "position" not in said
    assert run(monkeypatch, "report", zipped(wards / "anna", tmp_path)) == 0
    said = capsys.readouterr().out
    assert {line.split()[0] for line in said.splitlines() if ".mp4  " in line} == {"clip.mp4", "copy.mp4"}


def test_a_path_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured) -> None:
    assert run(monkeypatch, "report", tmp_path / "nothing") == 2
    assert str(tmp_path / "nothing") in capsys.readouterr().err


def test_a_refused_member_of_a_zip_is_named_by_its_name_there_and_steers_no_terminal() -> None:
    error = MixedStudies("File 2 of the archive is encrypted.", positions=[2], names={2: "a/\x1b[31mb.dcm"})
    assert local_text(error) == "a/?[31mb.dcm of the archive is encrypted."


def test_a_table_that_goes_to_a_pipe_is_not_cut(capsys: Captured) -> None:
    table = Table("finding", "says")
    table.add_row("x" * 300, "y z " * 100 + "end")
    print_table(table)
    said = capsys.readouterr().out
    assert "x" * 300 in said
    assert "y z y z end" in said
    assert "…" not in said
    assert len([line for line in said.splitlines() if "y z" in line]) == 1


def test_an_output_without_the_letters_of_a_report_is_no_fault(monkeypatch: pytest.MonkeyPatch, wards: Path) -> None:
    piped = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(piped, encoding="koi8-r", write_through=True))
    assert run(monkeypatch, "report", wards / "anna", "--lang", "de") == 0
    said = piped.getvalue().decode("koi8-r")
    assert "BEFUND (ENTWURF)" in said
    assert "PH?NOTYPEN" in said
