"""`echoscribe read`: a table and JSON of what was understood, and plain words where nothing can be."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.cli.reading import read_file
from service.errors import InvalidField

TEXT = "FINDINGS: LVEF 45%. Possible moderate MR. No pericardial effusion. PASP >70 mmHg.\nIMPRESSION: EF 30%."


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_json_holds_every_sentence_with_its_findings(report: Path) -> None:
    result = CliRunner().invoke(app, ["read", str(report), "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["labels"]["ejection_fraction"] == 45.0
    assert found["contradictions"] == ["ejection_fraction"]
    doubted = found["sentences"][1]["findings"][0]
    assert (doubted["entity"], doubted["certainty"], doubted["value"]) == ("mitral_regurgitation", "hedged", "moderate")
    assert found["sentences"][3]["findings"][0]["number"] == [70.0, None]


def test_the_table_names_findings_numbers_and_doubts(report: Path) -> None:
    result = CliRunner().invoke(app, ["read", str(report)])
    for word in ("ejection_fraction", "45 %", "hedged", "> 70 mmHg", "Pericardium", "The impression states"):
        assert word in result.stdout, word


def test_a_foreign_language_and_a_file_that_is_no_text(tmp_path: Path) -> None:
    foreign = tmp_path / "es.txt"
    foreign.write_text("Ventrículo izquierdo de tamaño conservado. Insuficiencia mitral leve.", encoding="utf-8")
    assert "no language that is read" in CliRunner().invoke(app, ["read", str(foreign)]).stdout
    binary = tmp_path / "clip.dcm"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidField, match="no UTF-8 text"):
        read_file(binary)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (TEXT.encode("utf-16"), "is no UTF-8 text .* but UTF-16: save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "is no UTF-8 text .* but UTF-16: save it as UTF-8"),
        ("Linker Vorhof vergrößert.".encode("cp1252"), "is no UTF-8 text .* but WINDOWS-1252: save it as UTF-8"),
        (b"EF 60%.\x00\x01\x02", r"is no UTF-8 text \(it holds zero bytes\)$"),
        (f"Name: A\n{TEXT}\nName: B\n{TEXT}".encode(), "holds 2 reports; give each a file of its own"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_single_report_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(data)
    with pytest.raises(InvalidField, match=words):
        read_file(path)


def test_a_language_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fr.txt"
    path.write_text("Ventricule gauche non dilaté, FEVG 60 %.", encoding="utf-8")
    assert "It looks like French." in CliRunner().invoke(app, ["read", str(path)]).stdout
