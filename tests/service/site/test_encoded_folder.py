"""Encoded studies come back from their folder, and a folder that does not fit is named."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.site.encoded_folder import ABOUT_FILE, ARRAYS_FILE, BadEncodedFolder, EncodedFolder

VIEWS = ("A2C", "A4C")


def small(counts: list[int], **changes: Any) -> EncodedFolder:
    clips, studies = sum(counts), len(counts)
    rng = np.random.default_rng(clips)
    fields: dict[str, Any] = {
        "studies": tuple(f"S{number}" for number in range(studies)),
        "patients": tuple(f"P{number}" for number in range(studies)),
        "views": VIEWS,
        "encoder": "drawn",
        "offsets": np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        "clip_embeddings": rng.standard_normal((clips, 8)).astype(np.float16).astype(np.float32),
        "view_probabilities": np.full((clips, 2), 0.5, np.float32),
    }
    return EncodedFolder(**(fields | changes))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_studies_keep_their_own_clips(counts: list[int]) -> None:
    encoded = small(counts)
    for row, count in enumerate(counts):
        embedding = encoded.embedding(row)
        assert embedding.positions == tuple(range(1, count + 1))
        assert embedding.views == VIEWS
    assert sum(len(encoded.embedding(row).positions) for row in range(len(encoded))) == sum(counts)


def test_a_folder_comes_back_with_its_truth(tmp_path: Path) -> None:
    truth = {
        "report_offsets": np.array([0, 2, 3], np.int64),
        "report_phrases": np.array([4, 1, 9], np.int32),
        "report_values": np.array([np.nan, 55.0, np.nan], np.float32),
        "labels": {"ejection_fraction": np.array([55.0, np.nan], np.float32)},
    }
    written = small([2, 3], **truth)
    written.write(tmp_path / "new", [{"Left Ventricle": "EF 55 %."}, {}])
    read = EncodedFolder.read(tmp_path / "new")
    for field in dataclasses.fields(EncodedFolder):
        one, other = getattr(written, field.name), getattr(read, field.name)
        if field.name == "labels":
            assert np.array_equal(one["ejection_fraction"], other["ejection_fraction"], equal_nan=True)
        elif isinstance(one, np.ndarray):
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), field.name
        else:
            assert one == other
    assert [phrase for phrase, _ in read.report(0)] == [4, 1]
    lines = (tmp_path / "new" / "reports.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"study": "S0", "patient": "P0", "report": {"Left Ventricle": "EF 55 %."}}


def test_studies_without_reports_have_none(tmp_path: Path) -> None:
    small([1, 0]).write(tmp_path)
    assert EncodedFolder.read(tmp_path).report(0) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offsets", np.array([0, 1, 2], np.int64)),
        ("offsets", np.array([0, 4, 3], np.int64)),
        ("patients", ("P0",)),
        ("view_probabilities", np.zeros((3, 3), np.float32)),
        ("labels", {"impella": np.zeros(3, np.float32)}),
    ],
)
def test_what_does_not_fit_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadEncodedFolder, match=field):
        small([1, 2], **{field: value})


@pytest.mark.parametrize("damaged", [ABOUT_FILE, ARRAYS_FILE])
def test_a_damaged_folder_is_named(tmp_path: Path, damaged: str) -> None:
    small([1]).write(tmp_path)
    (tmp_path / damaged).write_bytes(b"{")
    with pytest.raises(BadEncodedFolder, match=tmp_path.name):
        EncodedFolder.read(tmp_path)
