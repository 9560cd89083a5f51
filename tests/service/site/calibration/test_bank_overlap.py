"""A study that is in the bank, or whose patient is, is never measured on; where that cannot be told, it is said."""

from pathlib import Path

import pytest

from index.candidate_bank import CandidateBank
from service.site.calibration.bank_overlap import BankOverlap
from service.site.calibration.labelled_studies import read_labels
from service.site.calibration.split_file import read_split, write_split
from service.site.validation.signed_reports import ReportContent, SignedReport, SignedReports
from tests.service.site.small_site import SmallSite, small_site
from tests.toy_modality import TOY, write_toy


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    made = small_site(tmp_path_factory.mktemp("site"), 12, planted=False)
    made.build()
    return made


def overlap(site: SmallSite, key_file: Path | None) -> BankOverlap:
    return BankOverlap.of(CandidateBank.open(site.bank, None), site.bank, key_file)


def test_studies_and_patients_of_the_bank_are_left_out_by_line(site: SmallSite, tmp_path: Path) -> None:
    found = overlap(site, site.folder / "site.key")
    (study, patient), *_ = [(s, p) for s, p in site.table.patients.items() if s in site.table.good]
    path = tmp_path / "labels.csv"
    path.write_text(f"study,patient,is_bright\n{study},{patient},1\nnew,{patient},0\nother,somebody,1\n")
    table = read_labels(path, TOY).without(found, None)
    assert table.labels.keys() == {"other"}
    assert table.refused == (
        "line 2: its study is a candidate of the bank",
        "line 3: its patient has a candidate in the bank",
    )
    content = ReportContent({}, {})
    reports = {
        study: SignedReport("x", content),
        "new": SignedReport(patient, content),
        "o": SignedReport("y", content),
    }
    signed = SignedReports(reports, (), {study: 2, "new": 3, "o": 4}).without(found)
    assert signed.reports.keys() == {"o"}
    assert [line.split(":")[0] for line in signed.refused] == ["line 2", "line 3"]


def test_what_cannot_be_told_is_said(site: SmallSite, tmp_path: Path) -> None:
    assert "--key-file was not given" in overlap(site, None).note
    assert overlap(site, None).reason("anything", "anybody") is None
    toy = write_toy(tmp_path).bank
    assert "no pseudonyms" in BankOverlap.of(CandidateBank.open(toy, None), toy, site.folder / "site.key").note
    (tmp_path / "other.key").write_bytes(b"x" * 32)
    with pytest.raises(ValueError, match=r"other\.key: is not the key"):
        overlap(site, tmp_path / "other.key")


def test_the_test_half_is_left_untouched(tmp_path: Path) -> None:
    write_split(tmp_path / "split.csv", [("a", "development"), ("b", "test")])
    parts = read_split(tmp_path / "split.csv")
    path = tmp_path / "labels.csv"
    path.write_text("study,is_bright\na,1\nb,0\nc,1\n")
    table = read_labels(path, TOY).without(BankOverlap(None, frozenset(), frozenset(), ""), parts)
    assert table.labels.keys() == {"a"}
    assert table.refused == ("line 3: its study is in the test half", "line 4: its study is not in the split")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"study,half\na,test\n", "line 1 must be study,part"),
        (b"study,part\na,train\n", "line 2: needs a study and one of development, test"),
        (b"study,part\na,test\na,development\n", "line 3: its study is in both parts"),
        (b"study,part\n\xff,test\n", "UTF-8"),
    ],
)
def test_a_split_that_is_none_names_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"split\.csv: .*{message}"):
        read_split(path)
