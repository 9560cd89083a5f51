"""The text of a report says everything that a reader must know."""

from service.http import examples
from service.renderings.report_text import report_text
from service.schemas import ReportDocument


def test_the_text_holds_notice_sections_phenotypes_clips_and_warnings() -> None:
    document = ReportDocument.model_validate(examples.REPORT)
    text = report_text(document)
    assert text.index(document.draft_notice) < text.index("LEFT VENTRICLE")
    for part in (
        "Ejection fraction is estimated at 57 %.",
        "From clips 1 (A4C 65%), 3 (A2C 35%).",
        "Not assessed: no clip of a view that shows it.",
        "57.4",
        "50 to 64",
        "50 of 50",
        "section_not_assessed",
        "[clip_not_read_to_its_end]",
        "skipped: The file holds one frame",
        "bundle default",
        document.study_id,
    ):
        assert part in text, part
    assert max(len(line) for line in text.splitlines()) <= 110


def test_an_empty_study_is_rendered_too() -> None:
    document = ReportDocument.model_validate(examples.REPORT | {"sections": [], "phenotypes": {}, "clips": []})
    assert "PHENOTYPES" in report_text(document)
