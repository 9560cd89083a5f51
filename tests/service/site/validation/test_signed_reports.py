"""Signed reports as sites export them: text in one column or many, labels, faults; each patient in one half."""

from pathlib import Path

import pytest

from model.echo.phrases.reader import PhraseReader, english
from model.echo.taxonomy import ECHO_TAXONOMY
from service.site.validation.signed_reports import SignedReports, part_of, read_signed_reports

READER = PhraseReader(english())
TEXT = "Severe mitral regurgitation. Hyperdynamic left ventricle, ejection fraction 75%. Dictated by phone."


def read(folder: Path, content: str | bytes) -> SignedReports:
    path = folder / "signed.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_signed_reports(path, ECHO_TAXONOMY, READER)


def test_a_whole_text_and_sections_say_the_same(tmp_path: Path) -> None:
    whole = read(tmp_path, f'study,patient,report\na,p,"{TEXT}"\n').reports["a"].content
    sections = read(
        tmp_path,
        "study,patient,Mitral Valve,Left Ventricle\n"
        'a,p,Severe mitral regurgitation.,"Hyperdynamic left ventricle, ejection fraction 75%. Dictated by phone."\n',
    )
    assert sections.reports["a"].content == whole
    assert whole.findings["Mitral Valve"] == {"mitral_regurgitation": "severe"}
    assert whole.labels == {"mitral_regurgitation": 1.0, "ejection_fraction": 75.0}
    assert (whole.sentences, whole.unread) == (3, 1)


def test_what_is_said_two_ways_is_said_no_way(tmp_path: Path) -> None:
    content = read(tmp_path, "study,patient,report\na,p,No mitral regurgitation. Severe mitral regurgitation.\n")
    assert content.reports["a"].content.findings == {"Mitral Valve": {}}
    assert content.reports["a"].content.labels == {}


def test_a_label_column_wins_and_faults_are_named_by_line(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        f'study,patient,report,mitral_regurgitation\na,p,"{TEXT}",0\nb,p,,7\ntwice,q,,1\ntwice,q,,0\nc,,x,1\n',
    )
    assert found.reports.keys() == {"a", "b"}
    assert found.reports["a"].content.labels["mitral_regurgitation"] == 0.0
    assert found.refused == (
        "line 3: mitral_regurgitation is not 0 or 1",
        "line 5: its study came before",
        "line 6: lacks study or patient",
    )


def test_rows_that_cannot_be_read_are_kept_out_and_lines_are_those_of_the_file(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        'study,patient,report\na,p,"One line.\nAnother line."\nb,q,M\u00fcller\n'.encode()
        + "c,r,Gr\u00f6\u00dfe\n".encode("latin-1")
        + b"d,s,one, two\n,t,x\n",
    )
    assert found.reports.keys() == {"a", "b"}
    assert found.refused == (
        "line 5: is no UTF-8, or was read in another encoding before",
        "line 6: has another number of cells than line 1",
        "line 7: lacks study or patient",
    )


@pytest.mark.parametrize(
    "content", [b"", b"study,patient\na,p\n", b"study,report\na,x\n", b"study,patient,report\n\xff"]
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"signed\.csv"):
        read(tmp_path, content)


def test_a_patient_is_in_one_half_and_the_halves_are_alike() -> None:
    parts = [part_of(f"patient {number}") for number in range(2000)]
    assert parts == [part_of(f"patient {number}") for number in range(2000)]
    assert 900 < parts.count("test") < 1100


def test_free_text_under_headings_of_any_lab_is_read(tmp_path: Path) -> None:
    path = tmp_path / "signed.csv"
    text = (
        "INDICATION: severe MR\nFINDINGS: LVEF 55-60%. Mod MR. No pericardial effusion noted.\nIMPRESSION: Severe MR."
    )
    path.write_text(f'study,patient,report\ns1,p1,"{text}"\n', encoding="utf-8")
    signed = read_signed_reports(path, ECHO_TAXONOMY, PhraseReader(english()))
    content = signed.reports["s1"].content
    assert content.labels == {"ejection_fraction": 57.5, "mitral_regurgitation": 1.0, "pericardial_effusion": 0.0}
    assert (content.sentences, content.unread) == (3, 0)
    assert content.findings["Mitral Valve"] == {"mitral_regurgitation": "moderate"}
