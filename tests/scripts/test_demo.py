"""The demonstration's table says where the answer and the truth agree, and where nothing was said."""

from pathlib import Path

from scripts.demo import beside_truth, same_findings, zip_of
from service.http import examples
from service.ingest.archive import unpack
from service.ingest.limits import IngestLimits
from service.schemas import PhenotypeOut, ReportDocument


def phenotype(kind: str, value: float | None, *, positive: bool | None = None, **more: float) -> PhenotypeOut:
    row = {"value": value, "unit": None, "kind": kind, "p10": 40.0, "p90": 60.0, "labelled": 50, "k": 50}
    row |= {"threshold": 0.5, "positive": positive, "section": "Left Ventricle", "reason": None, **more}
    return PhenotypeOut.model_validate(row)


def test_lines_agree_disagree_or_say_nothing() -> None:
    rows = {
        "right": phenotype("binary", 0.9, positive=True),
        "wrong": phenotype("binary", 0.1, positive=False),
        "uncalled": phenotype("binary", 0.4),
        "unknown": phenotype("binary", None),
        "number": phenotype("continuous", 50.0),
        "narrow": phenotype("continuous", 50.0, interval_low=49.0, interval_high=51.0),
    }
    lines = beside_truth(rows, dict.fromkeys(rows, 1.0) | {"number": 55.0, "narrow": 55.0})
    assert [line.split()[-1] for line in lines[1:-1]] == ["yes", "NO", "-", "-", "yes", "NO"]
    assert lines[-1] == "2 of 4 calls and numbers agree with the truth"


def test_the_files_come_out_of_the_zip_as_they_went_in(tmp_path: Path) -> None:
    files = [tmp_path / "a.dcm", tmp_path / "b.mp4"]
    for number, path in enumerate(files):
        path.write_bytes(bytes([number]) * 2_000_000)
    out = tmp_path / "out"
    out.mkdir()
    unpacked = unpack(zip_of(files, tmp_path / "study.zip"), out, IngestLimits())
    assert [file.path.read_bytes() for file in unpacked] == [path.read_bytes() for path in files]


def test_answers_differ_where_they_say_something_else() -> None:
    one = ReportDocument.model_validate(examples.REPORT)
    assert same_findings(one, one.model_copy(update={"study_id": "another"}))
    assert not same_findings(one, one.model_copy(update={"phenotypes": {}}))
