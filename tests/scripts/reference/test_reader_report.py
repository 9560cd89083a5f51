"""The table of a gold file: what counts as right, and that each figure can be wrong."""

from pathlib import Path
from typing import Any

import pytest

from scripts.reference import reader_report
from scripts.reference.reader_report import failures, figures, lines, same_number, timed

GOLD = Path(__file__).parents[2] / "model" / "echo" / "language" / "gold" / "open.json"


@pytest.mark.parametrize(
    ("found", "gold", "same"),
    [(55.0, 55.0, True), ([55.0, 60.0], [55.0, 60.0], True), (55.0, [55.0, 60.0], False), (None, 1.0, False),
     ([70.0, None], [70.0, None], True), (3.0, None, True)],
)  # fmt: skip
def test_numbers(found: Any, gold: Any, same: bool) -> None:
    assert same_number(found, gold) is same


def sentence(text: str, polarity: str, label: str | None) -> dict[str, Any]:
    finding: dict[str, Any] = {
        "entity": "mitral_regurgitation",
        "attribute": "severity",
        "value": "moderate",
        "polarity": polarity,
    }
    finding |= {"certainty": "stated", "time": "current", "number": None, "unit": None, "section": "Mitral Valve"}
    labels = {"mitral_regurgitation": label}
    return {"id": "X", "text": text, "findings": [finding], "labels": labels, "straddling": []}


def test_a_wrong_polarity_and_a_wrong_label_are_counted_and_shown() -> None:
    sentences = [sentence("Moderate MR.", "positive", "yes"), sentence("Moderate MR.", "negative", "no")]
    read, per_second = timed(sentences)
    found = figures(sentences, read)
    assert (found["meaningful"], found["wrong_polarity"], found["precision"], found["recall"]) == (0.5, 0.5, 0.5, 0.5)
    assert found["EF"] is None
    assert per_second > 0
    table = "\n".join(lines({**found, "per_second": 1.0}))
    assert table.count("FAILS") >= 4
    assert "gold mitral_regurgitation moderate negative" in "\n".join(failures(sentences, read))


def test_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["reader_report", str(GOLD)])
    assert reader_report.main() == 0
    assert "main finding right" in capsys.readouterr().out
