from pathlib import Path

import pytest

from service.site.errors import MappingError, TableError
from service.site.reports.mapping import ColumnMapping, read_mapping
from service.site.reports.table import plain_lines, read_table

MAPPING = ColumnMapping(study="s", patient="p", text="t")


def faults(path: Path, content: bytes, mapping: ColumnMapping = MAPPING) -> list[tuple[int, str | None]]:
    path.write_bytes(content)
    return [(row.line, row.fault) for row in read_table(path, mapping)]


def test_broken_rows_are_told_by_line_and_the_others_go_on(tmp_path: Path) -> None:
    content = (
        b's,p,t\n1,a,fine\n2,b,Gro\xdf\n3,c,"two\nlines"\n4,d\n\n'
        b"5,e,M\xc3\x83\xc2\xbcller\n6,f,M\xc3\xbcller\n7,g,\xef\xbf\xbd\n"
    )
    assert faults(tmp_path / "r.csv", content) == [
        (2, None),
        (3, "broken_encoding"),
        (4, None),
        (6, "wrong_number_of_columns"),
        (8, "broken_encoding"),
        (9, None),
        (10, "broken_encoding"),
    ]


def test_a_byte_order_mark_and_another_stated_encoding(tmp_path: Path) -> None:
    assert faults(tmp_path / "r.csv", b"\xef\xbb\xbfs,p,t\n1,a,x\n") == [(2, None)]
    latin = MAPPING.model_copy(update={"encoding": "latin-1", "delimiter": ";"})
    assert faults(tmp_path / "r.csv", b"s;p;t\n1;a;Gro\xdf\n", latin) == [(2, None)]


def test_utf_16_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="utf-16"):
        faults(tmp_path / "r.csv", "s,p,t\n".encode("utf-16"))


def test_a_mapped_column_that_is_not_there_or_twice(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="has no column 't'"):
        faults(tmp_path / "r.csv", b"s,p,text\n")
    with pytest.raises(TableError, match="twice"):
        faults(tmp_path / "r.csv", b"s,p,t,t\n")


def test_an_empty_file_and_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="empty"):
        faults(tmp_path / "r.csv", b"")
    with pytest.raises((TableError, OSError)):
        list(read_table(tmp_path / "none.csv", MAPPING))


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("study: s\npatient: p", "give either"),
        ("study: s\npatient: p\ntext: t\nsections: {Aorta: a}", "give either"),
        ("study: s\ntext: t", "patient"),
        ("study: s\npatient: p\ntext: t\ntxt: t", "txt"),
        ("study: [", "YAML"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_by_field(tmp_path: Path, text: str, reported: str) -> None:
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(MappingError, match=reported):
        read_mapping(tmp_path / "m.yaml")


def test_unknown_sections_and_phenotypes_are_named() -> None:
    mapping = ColumnMapping(study="s", patient="p", sections={"Knee": "k"}, labels={"pacemaker": "x"})
    with pytest.raises(MappingError, match="'Knee'"):
        mapping.check(["Aorta"], ["pacemaker"])
    with pytest.raises(MappingError, match="'pacemaker'"):
        mapping.check(["Knee"], [])


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\f", "\v"])
def test_every_line_end_of_unicode_ends_a_line(mark: str) -> None:
    assert plain_lines(f"LV: normal.{mark}RV: normal.") == "LV: normal.\nRV: normal."


def test_soft_hyphens_and_invisible_characters_are_no_part_of_a_word() -> None:
    assert plain_lines("Mitral\u00adklappe, Mitral\u00ad\n  klappe, \ufeffA\u200bV\u00a04\u202fmm") == (
        "Mitralklappe, Mitralklappe, AV 4 mm"
    )
    assert plain_lines("tab\tstays\n") == "tab\tstays\n"


def test_lines_of_a_report_are_read_through_the_table(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes("s,p,t\n1,a,LV: fine.\u2028RV: fine.\n2,b,x\n".encode())
    rows = list(read_table(tmp_path / "r.csv", MAPPING))
    assert [row.line for row in rows] == [2, 3]
    assert rows[0].values["t"] == "LV: fine.\nRV: fine."
