"""Segmented palettes against pydicom's own expansion, and what makes no table."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid
from pydicom.pixels.processing import _expand_segmented_lut

from model.study import SkipReason
from service.ingest.dicom.pixels.segmented_palette import expand_segments
from tests import dicom_files as make
from tests.service.ingest.reading import difference, read_clip, read_skip

_BYTE, _SHORT = st.integers(0, 255), st.integers(1, 20)
_DISCRETE = st.lists(_BYTE, min_size=1, max_size=20).map(lambda values: [0, len(values), *values])
_LINEAR = st.tuples(_SHORT, _BYTE).map(lambda pair: [1, *pair])


@given(_DISCRETE, st.lists(st.one_of(_DISCRETE, _LINEAR), max_size=6), st.booleans(), st.sampled_from([8, 16]))
def test_segments_expand_as_pydicom_has_them(
    first: list[int], others: list[list[int]], repeats: bool, bits: int
) -> None:
    words = [*first, *[word for segment in others for word in segment]]
    if repeats:
        words += [2, 1, 0, 0] if bits == 16 else [2, 1, 0, 0, 0, 0]
    expected = _expand_segmented_lut(tuple(words), "<H" if bits == 16 else "<B")
    kind = "<u2" if bits == 16 else "u1"
    table = expand_segments(np.array(words, kind).tobytes(), len(expected), bits, little_endian=True)
    np.testing.assert_array_equal(np.frombuffer(table, kind), expected)


@given(st.binary(max_size=200), st.sampled_from([8, 16]), st.integers(1, 300))
def test_any_bytes_make_a_table_of_the_stated_length_or_none(data: bytes, bits: int, entries: int) -> None:
    try:
        table = expand_segments(data, entries, bits, little_endian=True)
    except ValueError:
        return
    assert len(table) == entries * bits // 8


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_a_cine_with_a_segmented_palette(tmp_path: Path, syntax: uid.UID) -> None:
    ramp = [0, 1, 0, 1, 255, 65280]  # one entry of 0, then a line of 255 entries to 65280: the table is 256 × entry
    data = np.array(ramp, ">u2" if syntax == uid.ExplicitVRBigEndian else "<u2").tobytes()
    tags: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"Segmented{colour}PaletteColorLookupTableData"] = data
    grey = np.ascontiguousarray(make.moving_frames()[..., 0])
    clip = read_clip(make.write_native(tmp_path / "1", grey, "PALETTE COLOR", syntax, **tags))
    assert difference(clip, grey) == (0, 0)


def test_segments_that_make_no_table_are_refused(tmp_path: Path) -> None:
    tags: dict[str, Any] = {}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"Segmented{colour}PaletteColorLookupTableData"] = b"\x02\x00\xff\xff\x00\x00\x00\x00"
    grey = np.ascontiguousarray(make.moving_frames()[..., 0])
    skipped = read_skip(make.write_native(tmp_path / "1", grey, "PALETTE COLOR", **tags))
    assert skipped.reason is SkipReason.UNREADABLE
    assert "palette" in skipped.text
