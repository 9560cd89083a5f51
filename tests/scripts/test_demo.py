"""The demonstration fits on two screens, sums up what it showed, and posts what it says it posts."""

from pathlib import Path
from typing import Any

from model.report.language.language import Finding
from scripts.demo import real_lines, report_lines, same_findings, summing_line, zip_of
from scripts.rendered.reports.beside_truth import Compared
from service.http import examples
from service.ingest.archive import unpack
from service.ingest.limits import IngestLimits
from service.renderings.report_text import WIDTH
from service.schemas import ReportDocument


def document(**changed: Any) -> ReportDocument:
    return ReportDocument.model_validate(examples.REPORT | changed)


def test_the_draft_stands_beside_a_correct_report() -> None:
    lines = list(report_lines(document(), {"Left Ventricle": "The truth.", "IVC": "Another truth."}))
    assert next(line for line in lines if "THE DRAFT" in line).endswith("A CORRECT REPORT")
    row = next(line for line in lines if line.startswith("Left "))
    assert row.endswith("The truth.")
    assert "(not assessed: no clip shows it)" in next(line for line in lines if line.startswith("IVC"))
    assert max(map(len, lines)) <= WIDTH


def test_each_file_of_the_real_study_is_named_with_what_became_of_it() -> None:
    lines = list(real_lines(document(), {1: "cine.dcm", 2: "cut-off.dcm"}))
    assert lines[0].split()[0] == "cine.dcm"
    assert "cut-off.dcm  skipped: The file holds one frame" in lines[1]
    assert "[clip_not_read_to_its_end]" in lines[-1]


def test_one_line_sums_up() -> None:
    one = Finding("mitral_stenosis", "severe")
    compared = Compared((one,), ((one, Finding("mitral_stenosis", "mild")),), (), (one, one))
    line = summing_line(compared, (20, 25), document(), same=True)
    assert "Of 2 abnormal findings 1 were found, 1 in another degree, 0 missed and 2 invented; 20 of 25 calls" in line
    assert "the same answer; of the real study 1 of 2 files were left out" in line
    assert "ANOTHER answer" in summing_line(compared, (20, 25), document(), same=False)


def test_the_files_come_out_of_the_zip_as_they_went_in(tmp_path: Path) -> None:
    files = [tmp_path / "a.dcm", tmp_path / "b.mp4"]
    for number, path in enumerate(files):
        path.write_bytes(bytes([number]) * 2_000_000)
    out = tmp_path / "out"
    out.mkdir()
    unpacked = unpack(zip_of(files, tmp_path / "study.zip"), out, IngestLimits())
    assert [file.path.read_bytes() for file in unpacked] == [path.read_bytes() for path in files]


def test_answers_differ_where_they_say_something_else() -> None:
    one = document()
    assert same_findings(one, one.model_copy(update={"study_id": "another"}))
    others: list[dict[str, Any]] = [{"phenotypes": {}}, {"header": None}, {"measurements": []}]
    for changed in others:
        assert not same_findings(one, one.model_copy(update=changed))
