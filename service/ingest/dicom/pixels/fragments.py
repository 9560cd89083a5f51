"""Encapsulated pixel data (PS3.5 annex A.4): where its fragments lie in the file, and which make up each frame."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from struct import unpack
from typing import BinaryIO

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.pixels.frame_starts import FRAME_START, FRAME_START_AFTER_END, begins_frame

_ITEM, _DELIMITER = 0xE000FFFE, 0xE0DDFFFE  # tags read as one little-endian word
_ITEM_BYTES = b"\xfe\xff\x00\xe0"
# Walking this many items takes half a second; a 2,000-frame cine has some thousands.
_MAX_FRAGMENTS = 200_000
_MAX_GAP = 16  # bytes of padding between two items, of which there should be none
_END_OF_IMAGE = b"\xff\xd9"  # JPEG, JPEG-LS and JPEG 2000 alike (T.81 B.1.1.3, T.800 A.4.4)
_TAIL = 10  # padding may follow the end-of-image marker
_HEAD = 64  # bytes that tell what a fragment begins with
_MAX_JOINED = 1 << 28  # bytes that are searched for frames when fragments do not separate them


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes of one item: where its value starts, how long it is, and its item tag's offset from the first fragment."""

    start: int
    length: int
    table_offset: int


@dataclass(frozen=True)
class FragmentIndex:
    """The basic offset table (often empty) and the fragments, in file order; is_cut: the file ends inside the last."""

    offsets: tuple[int, ...]
    fragments: tuple[Fragment, ...]
    is_cut: bool = False


def truncated(found: int | None = None, stated: int | None = None) -> ClipRejected:
    """The refusal of a file that lacks frames."""
    lack = "its pixel data end early" if stated is None else f"{found} of {stated} frames are found"
    return ClipRejected(SkipReason.UNREADABLE, f"The DICOM file is truncated: {lack}.")


def index_fragments(file: BinaryIO, start: int, size: int) -> FragmentIndex:
    """The fragments of the pixel data that start at that byte of a file of that size. Reads item headers only.

    Raises ClipRejected where there is no item, or something else between them.
    """
    found: list[Fragment] = []
    at, is_cut = start, False
    while at + 8 <= size and len(found) <= _MAX_FRAGMENTS:
        file.seek(at)
        tag, length = unpack("<2L", file.read(8))
        if tag == _DELIMITER:
            at = size
            break
        if tag != _ITEM:
            at = _next_item(file, at, is_first=not found)
            continue
        is_cut = length > size - at - 8
        found.append(Fragment(at + 8, min(length, size - at - 8), 0))
        at += 8 + length
    if len(found) > _MAX_FRAGMENTS:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The pixel data have more than {_MAX_FRAGMENTS} fragments.")
    if len(found) < 2:
        raise truncated()
    if at < size:  # fewer than eight bytes are left: the start of an item, or padding
        file.seek(at)
        is_cut = bool(file.read(size - at).strip(b"\0"))
    first = found[1].start
    fragments = tuple(Fragment(item.start, item.length, item.start - first) for item in found[1:])
    return FragmentIndex(_offset_table(file, found[0]), fragments, is_cut)


def _next_item(file: BinaryIO, at: int, *, is_first: bool) -> int:
    """Where the item after a few bytes of padding starts. Raises ClipRejected where there is none."""
    file.seek(at)
    gap = file.read(_MAX_GAP + 4)
    places = [gap.find(tag) for tag in (_ITEM_BYTES, b"\xfe\xff\xdd\xe0") if tag in gap]
    if is_first or not places:
        raise truncated()
    return at + min(places)


def _offset_table(file: BinaryIO, item: Fragment) -> tuple[int, ...]:
    """The offsets of the first item; none where it is longer than a table of as many frames as are ever walked."""
    if item.length > 4 * _MAX_FRAGMENTS:
        return ()
    file.seek(item.start)
    table = file.read(item.length // 4 * 4)
    return unpack(f"<{len(table) // 4}L", table)


def group_by_frame(
    index: FragmentIndex, frames: int | None, file: BinaryIO, *, ends_marked: bool
) -> list[Sequence[Fragment]]:
    """The fragments of each frame that is stored whole; where there are more than stated, all of them.

    frames: as many as are stated, None where the header does not say. ends_marked: the codestreams end with an
    end-of-image marker. Raises ClipRejected where more than a tenth of the stated frames are not there.
    """
    groups = _groups(index, frames, file, ends_marked=ends_marked)
    whole = groups[:-1] if index.is_cut else groups
    if not whole or (frames is not None and len(whole) < frames - frames // 10):
        raise truncated(len(whole), frames)
    return whole


def _groups(index: FragmentIndex, frames: int | None, file: BinaryIO, *, ends_marked: bool) -> list[Sequence[Fragment]]:
    """The fragments of each frame; the last one may be cut off."""
    fragments = index.fragments
    if len(fragments) == frames and frames > 1:  # usual, and the only case that depends on nothing being right
        return [(fragment,) for fragment in fragments]
    by_table = _by_table(index)
    if by_table and (len(by_table) == frames or (frames in {None, 1} and len(by_table) > 1)):
        return by_table
    begun = _by_start(index, file)
    if frames is not None and len(begun) >= max(2, frames):
        return begun
    separated = _separated(fragments, file, frames) if ends_marked else []
    best = max(by_table, begun, separated, key=len)
    return best or (_by_end(fragments, file) if ends_marked else [])


def _by_table(index: FragmentIndex) -> list[Sequence[Fragment]]:
    """The fragments from each frame's offset to the next frame's; none where the table is not right.

    A right table starts at 0, rises, and names the start of a fragment each time (PS3.5 A.4).
    """
    offsets, starts = index.offsets, {fragment.table_offset for fragment in index.fragments}
    rises = all(first < second for first, second in pairwise(offsets))
    if not offsets or offsets[0] != 0 or not rises or not starts.issuperset(offsets):
        return []
    groups: list[list[Fragment]] = [[] for _ in offsets]
    for fragment in index.fragments:
        groups[bisect_right(offsets, fragment.table_offset) - 1].append(fragment)
    return list(groups)


def _by_start(index: FragmentIndex, file: BinaryIO) -> list[Sequence[Fragment]]:
    """A frame from each fragment that begins as a codestream does; what comes before the first is padding."""
    groups: list[list[Fragment]] = []
    for fragment in index.fragments:
        file.seek(fragment.start)
        if begins_frame(file.read(min(_HEAD, fragment.length))):
            groups.append([])
        if groups:
            groups[-1].append(fragment)
    return list(groups)


def _by_end(fragments: Sequence[Fragment], file: BinaryIO) -> list[Sequence[Fragment]]:
    """A frame up to each fragment that holds an end-of-image marker near its end."""
    groups: list[list[Fragment]] = [[]]
    for fragment in fragments:
        groups[-1].append(fragment)
        file.seek(fragment.start + max(0, fragment.length - _TAIL))
        if _END_OF_IMAGE in file.read(min(_TAIL, fragment.length)):
            groups.append([])
    return [group for group in groups if group] if len(groups) > 1 else []


def _separated(fragments: Sequence[Fragment], file: BinaryIO, frames: int | None) -> list[Sequence[Fragment]]:
    """The frames of a stream whose fragments do not separate them, found by the marks of starts and ends in it.

    A start that does not follow an end counts only where that gives the stated number of frames: pictures within
    pictures (thumbnails) start too.
    """
    if sum(fragment.length for fragment in fragments) > _MAX_JOINED:
        return []
    joined = read_fragments(file, fragments)
    begin = FRAME_START.search(joined, 0, _HEAD)
    if begin is None or joined[: begin.start()].strip(b"\0"):
        return []
    starts = [begin.start(), *(match.end() for match in FRAME_START_AFTER_END.finditer(joined, begin.start()))]
    if frames is not None and len(starts) < frames:
        anywhere = [match.start() for match in FRAME_START.finditer(joined)]
        starts = anywhere if len(anywhere) == frames else starts
    return [_pieces(fragments, begin, end) for begin, end in pairwise([*starts, len(joined)])]


def _pieces(fragments: Sequence[Fragment], begin: int, end: int) -> list[Fragment]:
    """The parts of the fragments that hold those bytes of their joined values."""
    pieces, at = [], 0
    for fragment in fragments:
        low, high = max(begin, at), min(end, at + fragment.length)
        if low < high:
            pieces.append(Fragment(fragment.start + low - at, high - low, fragment.table_offset))
        at += fragment.length
    return pieces


def read_fragments(file: BinaryIO, fragments: Sequence[Fragment]) -> bytes:
    """The joined bytes of those fragments."""
    joined = io.BytesIO()
    for fragment in fragments:
        file.seek(fragment.start)
        joined.write(file.read(fragment.length))
    return joined.getvalue()
