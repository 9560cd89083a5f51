"""Counting what a reader would strike out: stored answers that are clean, silent, repeated, without impression."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.rendered.check_reports import arguments, main
from service.schemas import ImpressionStatement, ReportDocument, RestsOn, SectionOut, SentenceOut, WarningOut
from tests.test_documents import sample_document

LEAK = "There is severe mitral regurgitation."


def answer(sentences: list[str], *, impression: bool = True, called: bool = True) -> ReportDocument:
    """A report of a mitral valve. called: whether the severe leak is a positive call."""
    document = sample_document()
    said = [SentenceOut(text=text, source="retrieved", candidate_ids=[1]) for text in sentences]
    valve = next(section for section in document.sections if section.name == "Mitral Valve")
    valve = SectionOut.model_validate(valve.model_dump() | {"sentences": said, "text": " ".join(sentences)})
    based = [RestsOn(section="Mitral Valve", sentences=[0])]
    statement = ImpressionStatement(text="Severe mitral regurgitation.", kind="finding", rests_on=based)
    row = document.phenotypes["mitral_regurgitation"]
    return document.model_copy(
        update={
            "sections": [valve if section.name == valve.name else section for section in document.sections],
            "impression": [statement] if impression else [],
            "phenotypes": document.phenotypes
            | {"mitral_regurgitation": row.model_copy(update={"positive": called, "threshold": 0.5})},
        }
    )


def checked(document: ReportDocument, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    path = folder / "answers.jsonl"
    path.write_text(document.model_dump_json() + "\n", encoding="utf-8")
    status = main(arguments(["--documents", str(path)]))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found["over"]


def test_a_report_that_says_its_call_once_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(answer([LEAK]), tmp_path, capsys) == (0, {})


@pytest.mark.parametrize("name", ["mitral_regurgitation", "mitral regurgitation"])
def test_a_call_that_a_warning_names_is_not_silent(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warned = WarningOut(code="text_disagrees_with_phenotypes", text=f"They differ on: {name}.")
    document = answer(["The mitral valve is native."])
    assert checked(document.model_copy(update={"warnings": [warned]}), tmp_path, capsys) == (0, {})


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (answer([LEAK, "Severe mitral regurgitation."]), "repeats"),
        (answer([LEAK], impression=False), "without_impression"),
        (answer(["The mitral valve is native."]), "silent_calls"),
        (answer(["Severe mitral regurgitation"]), "no_full_stop"),
    ],
)
def test_a_fault_is_named_and_fails(
    document: ReportDocument, fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, over = checked(document, tmp_path, capsys)
    assert (status, over) == (1, {"rag en": [fault]})
