"""Fragments of encapsulated pixel data: found, checked against the file's end, and grouped into frames."""

import io
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import ClipRejected
from service.ingest.dicom.pixels import fragments
from service.ingest.dicom.pixels.fragments import group_by_frame, index_fragments, read_fragments

_END = pack("<2L", 0xE0DDFFFE, 0)


def _items(*values: bytes) -> bytes:
    return b"".join(pack("<2L", 0xE000FFFE, len(value)) + value for value in values)


def _grouped(data: bytes, frames: int, *, ends_marked: bool = True) -> list[bytes]:
    file = io.BytesIO(data)
    index = index_fragments(file, 0, len(data))
    return [read_fragments(file, group) for group in group_by_frame(index, frames, file, ends_marked=ends_marked)]


def test_one_fragment_a_frame_needs_no_table_and_ignores_a_wrong_one() -> None:
    for table in (b"", pack("<3L", 0, 999, 7)):
        assert _grouped(_items(table, b"aa", b"bb", b"cc") + _END, 3) == [b"aa", b"bb", b"cc"]


def test_the_table_or_the_end_marker_groups_several_fragments() -> None:
    parts = (b"a1", b"a2\xff\xd9", b"b1\xff\xd9\0\0")
    expected = [b"a1a2\xff\xd9", b"b1\xff\xd9\0\0"]
    assert _grouped(_items(b"", *parts) + _END, 2) == expected
    assert _grouped(_items(pack("<2L", 0, 22), *parts) + _END, 2, ends_marked=False) == expected


def test_all_fragments_make_the_only_frame_when_its_end_is_marked_last() -> None:
    assert _grouped(_items(b"", b"a1", b"a2", b"a3\xff\xd9") + _END, 1) == [b"a1a2a3\xff\xd9"]


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b"", 1),
        (_items(b"") + _END, 1),
        (_items(b"", b"aa") + _END, 2),
        (_items(b"", b"aa", b"bb")[:-1], 2),
        (b"not an item at all", 1),
        (_items(b"", b"a1", b"a2", b"a3\xff\xd9") + _END, 2),
        (_items(pack("<2L", 50, 60), b"aa", b"bb", b"cc") + _END, 2),
    ],
)
def test_missing_bytes_and_missing_frames_are_told(data: bytes, frames: int) -> None:
    with pytest.raises(ClipRejected, match="truncated"):
        _grouped(data, frames)


def test_endless_fragments_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "_MAX_FRAGMENTS", 10)
    with pytest.raises(ClipRejected, match="10 fragments"):
        _grouped(_items(*[b""] * 100) + _END, 5)


@given(
    parts=st.lists(st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=3), min_size=1, max_size=6),
    cut=st.integers(0, 12),
)
def test_any_grouping_by_table_returns_the_frames(parts: list[list[bytes]], cut: int) -> None:
    offsets, at = [], 0
    for frame in parts:
        offsets.append(at)
        at += sum(8 + len(part) for part in frame)
    data = _items(pack(f"<{len(offsets)}L", *offsets), *[part for frame in parts for part in frame])
    assert _grouped(data + _END, len(parts), ends_marked=False) == [b"".join(frame) for frame in parts]
    inside_last_item = min(cut, 7 + len(parts[-1][-1]))
    if inside_last_item:
        with pytest.raises(ClipRejected):
            _grouped(data[:-inside_last_item], len(parts), ends_marked=False)
