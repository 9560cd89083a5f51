"""Identifiers that a spreadsheet has changed are found by column and line; those that it has not are left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.site.errors import TableError
from service.site.reports.mangled_identifiers import IdentifierColumns, MangledIdentifiers
from service.site.reports.mapping import ColumnMapping
from service.site.reports.survey import survey
from service.site.reports.table import TableRow


def found(values: list[str], plain: tuple[str, ...] = ()) -> list[MangledIdentifiers]:
    columns = IdentifierColumns(("MRN",), plain)
    for line, value in enumerate(values, 2):
        columns.take(line, {"MRN": value})
    return columns.mangled()


@pytest.mark.parametrize(
    "value",
    [
        *("1.23457E+15", "1,23457E+15", "1E+05", "9.9e12"),
        *(
            "05.03.2021",
            "3/5/2021",
            "2021-03-05",
            "2021-03-05 00:00:00",
            "5-Jan",
            "5. Mai",
            "Jan-24",
            "Mrz 21",
            "01-Dez-2020",
        ),
        *("1234567.0", "1234567,00", "#REF!", "#N/A", "########", "#WERT!"),
    ],
)
def test_a_value_that_a_spreadsheet_made(value: str) -> None:
    (one,) = found(["A17", value, "B-18"])
    assert (one.column, one.lines) == ("MRN", (3,))
    assert value not in str(one)
    assert "'MRN'" in str(one)
    assert "lines 3" in str(one)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "40001954",
            "2.25.1",
            "1.2.840.113619.2.55.3",
            "MRN-2021-17",
            "E12",
            "P1E",
            "ACC700031",
            "12-345",
            "1E",
            "05JAN",
            "7",
        ),
        *("2021-03", "PAT 1", "#17", "1.5", "abc", ""),
    ],
)
def test_a_value_that_none_made(value: str) -> None:
    assert found([value, "A1"]) == []


def test_leading_zeros_that_some_still_have() -> None:
    (one,) = found(["00012345", "4567891", "12345", "00099999", "31234567"])
    assert one.lines == (3, 4)
    assert found(["00012345", "00099999", "31234567"]) == []


def test_lengths_that_vary_as_they_do_without_zeros() -> None:
    (one,) = found(["12345", "456789", "1234567", "98765432"])
    assert one.lines == (2, 3, 4)
    assert found(["12345", "456789", "1234567", "98765432"], plain=("MRN",)) == []


def test_a_running_count_and_ids_of_two_lengths_are_left_alone() -> None:
    assert found([str(number) for number in range(1, 2000)]) == []
    assert found([str(number) for number in np.random.default_rng(0).integers(10**6, 10**8, 500)]) == []


def test_digits_beyond_the_fifteenth_that_are_all_zeros() -> None:
    (one,) = found(["123456789012345000", "223456789012345000", "323456789012345000"])
    assert one.lines == (2, 3, 4)
    assert found(["123456789012345000", "223456789012345001", "323456789012345002"]) == []


def test_many_lines_are_counted_and_ten_are_told() -> None:
    told = str(found(["1E+15"] * 14)[0])
    assert "14 identifiers" in told
    assert told.endswith("lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 4 more")


@given(st.lists(st.from_regex(r"[A-Z]{2}\d{6}", fullmatch=True), max_size=20))
def test_ids_of_letters_and_digits_are_never_refused(values: list[str]) -> None:
    assert found(values) == []


def test_the_survey_refuses_the_table() -> None:
    mapping = ColumnMapping(study="s", patient="p", text="t", identifiers=("a",))
    rows = [TableRow(line, {"s": f"1.2.{line}", "p": f"P{line}", "a": "1.23457E+15", "t": "x"}) for line in (2, 3)]
    with pytest.raises(TableError, match=r"column 'a'.*lines 2, 3"):
        survey(rows, mapping)
