"""What is written piece by piece is what Python's own reader and the restricted one understand."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.reference.release.pickle_writer import (
    CLOSED_TUPLE,
    WITHOUT_VALUE,
    TableWriter,
    encoded_integer,
    encoded_number,
    encoded_text,
    opened_tuple,
    write_list,
)
from service.site.echoprime.pickles.restricted_unpickler import loads

TUPLES = st.tuples(st.integers(0, 15), st.integers(0, 70_000), st.none() | st.floats(allow_nan=False) | st.just("wall"))


def encoded(report: list[tuple[int, int, float | str | None]]) -> bytes:
    """The opcodes of a report."""
    pieces = []
    for section, phrase, value in report:
        number = encoded_text(value) if isinstance(value, str) else encoded_number(value or 0.0)
        pieces.append(opened_tuple(section, phrase) + (WITHOUT_VALUE if value is None else number + CLOSED_TUPLE))
    return b"".join(pieces)


@given(st.lists(st.lists(TUPLES, max_size=6), max_size=8))
def test_reports_come_back(reports: list[list[tuple[int, int, float | str | None]]]) -> None:
    file = io.BytesIO()
    write_list(file, [[encoded(report) for report in reports[:3]], [encoded(report) for report in reports[3:]]])
    assert pickle.loads(file.getvalue()) == reports == loads(file.getvalue())


@pytest.mark.parametrize("value", [0, 255, 256, 65_535, 65_536, -1])
def test_integers_of_every_size(value: int) -> None:
    assert pickle.loads(b"\x80\x04" + encoded_integer(value) + b".") == value


def test_tables_share_their_keys() -> None:
    file = io.BytesIO()
    studies = np.array([f"S{row:05d}" for row in range(2500)], dtype=bytes)
    writer = TableWriter(file, studies)
    rows = {"all": np.arange(2500), "some": np.array([7, 3, 2499]), "none": np.array([], np.int64)}
    values = {"all": np.arange(2500) / 8, "some": np.array([1.0, 0.0, 1.0]), "none": np.array([])}
    for name, chosen in rows.items():
        writer.write(name, chosen, values[name])
    writer.close()
    expected = {n: {studies[r].decode(): v for r, v in zip(rows[n], values[n], strict=True)} for n in rows}
    assert pickle.loads(file.getvalue()) == expected == loads(file.getvalue())
    assert file.getvalue().count(b"S00007") == 1
