import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.labels import StudyRows, label_columns, study_key
from tests.service.site.echoprime.small_release import LABELS


def columns(tmp_path: Path, labels: Any, studies: list[str]) -> dict[str, list[float]]:
    path = tmp_path / "candidate_labels.pkl"
    path.write_bytes(pickle.dumps(labels))
    return {name: column.tolist() for name, column in label_columns(path, StudyRows(studies))}


def test_studies_are_matched_however_they_are_spelled(tmp_path: Path) -> None:
    found = columns(tmp_path, LABELS, [str(101 + row) for row in range(7)])
    nan = np.nan
    expected = {
        "impella": [1, 0, nan, nan, nan, nan, nan],
        "tavr": [nan, nan, 1, 0, nan, nan, nan],
        "mitraclip": [nan, nan, nan, nan, 1, nan, nan],
    }
    for name, column in expected.items():
        assert np.array_equal(found[name], column, equal_nan=True)


@pytest.mark.parametrize("study", [12, "12", " 12", 12.0, "12.0", np.int64(12), np.str_("12"), np.float32(12), b"12"])
def test_one_study_has_one_key(study: Any) -> None:
    assert study_key(study) == "12"


def test_a_study_listed_twice_gives_its_label_to_both_rows(tmp_path: Path) -> None:
    assert columns(tmp_path, {"tavr": {"b": 1, "a": 0}}, ["a", "b", "b"])["tavr"] == [0, 1, 1]


def test_large_tables_are_spread_over_batches(tmp_path: Path) -> None:
    studies = [f"S{row}" for row in range(2500)]
    table = {study: float(row) for row, study in enumerate(studies)}
    found = columns(tmp_path, {"a": table, "b": dict(reversed(table.items()))}, studies)
    assert found["a"] == found["b"] == list(map(float, range(2500)))


@pytest.mark.parametrize("label", ["yes", [1]])
def test_a_label_that_is_no_number_is_named(tmp_path: Path, label: Any) -> None:
    with pytest.raises(ReleaseMismatch, match=r"candidate_labels\.pkl: tavr"):
        columns(tmp_path, {"tavr": {"a": label}}, ["a"])


def test_a_key_that_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseMismatch, match="cannot be the name of a study"):
        columns(tmp_path, {"tavr": {(1, 2): 1}}, ["a"])
