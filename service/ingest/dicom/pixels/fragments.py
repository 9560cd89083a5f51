"""Encapsulated pixel data (PS3.5 annex A.4): where its fragments lie in the file, and which make up each frame."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from struct import unpack
from typing import BinaryIO

from model.errors import ClipRejected
from model.study import SkipReason

_ITEM, _DELIMITER = 0xE000FFFE, 0xE0DDFFFE  # tags read as one little-endian word
# Walking this many items takes half a second; a 2,000-frame cine has some thousands.
_MAX_FRAGMENTS = 200_000
_END_OF_IMAGE = b"\xff\xd9"  # JPEG, JPEG-LS and JPEG 2000 alike (T.81 B.1.1.3, T.800 A.4.4)
_TAIL = 10  # padding may follow the end-of-image marker


@dataclass(frozen=True)
class Fragment:
    """Bytes of one item: where its value starts, how long it is, and its item tag's offset from the first fragment."""

    start: int
    length: int
    table_offset: int


@dataclass(frozen=True)
class FragmentIndex:
    """The basic offset table (often empty) and the fragments, in file order."""

    offsets: tuple[int, ...]
    fragments: tuple[Fragment, ...]


def _truncated() -> ClipRejected:
    return ClipRejected(SkipReason.UNREADABLE, "The DICOM file is truncated: its pixel data end early.")


def index_fragments(file: BinaryIO, start: int, size: int) -> FragmentIndex:
    """The fragments of the pixel data that start at that byte of a file of that size. Reads item headers only.

    Raises ClipRejected where an item reaches beyond the file or is no item.
    """
    found: list[Fragment] = []
    at = start
    while at + 8 <= size and len(found) <= _MAX_FRAGMENTS:
        file.seek(at)
        tag, length = unpack("<2L", file.read(8))
        if tag == _DELIMITER:
            at = size
            break
        if tag != _ITEM:
            raise _truncated()
        found.append(Fragment(at + 8, length, 0))
        at += 8 + length
    if len(found) > _MAX_FRAGMENTS:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The pixel data have more than {_MAX_FRAGMENTS} fragments.")
    # An item that starts but does not end in the file leaves `at` elsewhere; a missing delimiter alone is forgiven.
    if len(found) < 2 or at != size:
        raise _truncated()
    first = found[1].start
    fragments = tuple(Fragment(item.start, item.length, item.start - first) for item in found[1:])
    file.seek(found[0].start)
    table = file.read(found[0].length // 4 * 4)
    return FragmentIndex(unpack(f"<{len(table) // 4}L", table), fragments)


def group_by_frame(index: FragmentIndex, frames: int, file: BinaryIO, *, ends_marked: bool) -> list[Sequence[Fragment]]:
    """The fragments of each frame. Raises ClipRejected where there are fewer frames than stated.

    ends_marked: the codestreams end with an end-of-image marker, so frames can be found without an offset table.
    """
    fragments = index.fragments
    if len(fragments) == frames:  # the usual case, and the only one that never depends on a table being right
        return [(fragment,) for fragment in fragments]
    if len(index.offsets) == frames:
        return _by_table(index)
    if len(fragments) < frames or not ends_marked:
        raise _truncated()
    groups: list[list[Fragment]] = [[]]
    for fragment in fragments:
        groups[-1].append(fragment)
        file.seek(fragment.start + max(0, fragment.length - _TAIL))
        if _END_OF_IMAGE in file.read(min(_TAIL, fragment.length)):
            groups.append([])
    whole = [group for group in groups if group]
    if len(whole) < frames:
        raise _truncated()
    return list(whole[:frames])


def _by_table(index: FragmentIndex) -> list[Sequence[Fragment]]:
    """The fragments from each frame's offset to the next frame's."""
    groups: list[list[Fragment]] = [[] for _ in index.offsets]
    for fragment in index.fragments:
        groups[max(0, bisect_right(index.offsets, fragment.table_offset) - 1)].append(fragment)
    if not all(groups):
        raise _truncated()
    return list(groups)


def read_fragments(file: BinaryIO, fragments: Sequence[Fragment]) -> bytes:
    """The joined bytes of those fragments."""
    joined = io.BytesIO()
    for fragment in fragments:
        file.seek(fragment.start)
        joined.write(file.read(fragment.length))
    return joined.getvalue()
