"""The page of whole reports: both versions, the truth and a reading of each study; no ids and times."""

from pathlib import Path

import pytest

from scripts.rendered.report_pages import SEED, STUDIES
from scripts.rendered.reports.before_and_after import WholeReports, page, readings, reports_by, unfounded, without_ids
from scripts.rendered.study_writer.study_folder import StudyOrder

PAGE = Path(__file__).parents[4] / "docs" / "reports.md"


def test_ids_and_times_are_taken_out() -> None:
    text = "TITLE\nStatus: demonstration. Mode: rag. 2026-11-30 07:23 UTC.\nStudy: ffef979c\n\nAORTA\n\n"
    assert without_ids(text) == "TITLE\nStatus: demonstration. Mode: rag.\n\nAORTA\n"


def test_each_study_has_a_reading_both_reports_and_the_truth() -> None:
    order = StudyOrder(SEED, 0, "mixed", "clinical")
    lines = list(page([WholeReports(order, "OLD\n", "NEW\n", "Well read.\n")], "make it"))
    shown = [line for line in lines if line in {"OLD", "NEW", "Well read.", "make it"}]
    assert shown == ["make it", "Well read.", "OLD", "NEW"]
    assert any(line.startswith("Mitral Valve: MitraClip in place") for line in lines)
    assert lines.count("```") == 6 + 1


def test_the_page_that_is_there_has_every_reading_and_each_cites_its_reports() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for number in range(STUDIES):
        assert f"## Study {number}\n" in text
        reading = readings()[f"study {number}"].strip()
        study = text.split(f"## Study {number}\n")[1].split("\n## Study ")[0]
        assert reading in study
        assert unfounded(reading, study.replace(reading, "")) == []


@pytest.mark.parametrize(
    ("reading", "wrong"),
    [
        ("Pressure is 35 mmHg.", []),
        ("Pressure is 36 mmHg.", ["36"]),
        ('It says "normal at 35 mmHg."', []),
        ('It says "high".', ["high"]),
        ("One of 5 mm.", ["5"]),
    ],
)
def test_a_reading_that_cites_what_no_report_says_is_found(reading: str, wrong: list[str]) -> None:
    assert unfounded(reading, "Pressure is\n  normal at 35 mmHg. The root is 3.5 cm.") == wrong


def test_code_that_writes_no_report_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=str(tmp_path)):
        reports_by(tmp_path, [tmp_path / "no study"], tmp_path / "out")
