"""The tables of an AVI, bounded from raw bytes before FFmpeg builds anything from them (Microsoft, AVI RIFF File).

An index of chunks may state lengths that the file does not have, and FFmpeg cuts such a chunk into kilobytes.
The index of OpenDML may point to itself; it is switched off where the file is opened, and nothing needs it.
"""

from collections.abc import Iterator
from struct import iter_unpack
from typing import BinaryIO, Final

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.limits import IngestLimits
from service.ingest.video.patched_file import PatchedFile

_MAX_STREAMS: Final = 8  # a picture, a few sounds, subtitles
_MAX_HEADER_BYTES: Final = 16 << 20  # before the pictures; writers leave kilobytes of room
_CHUNKS_PER_FRAME: Final = 8  # of the index: pictures, palettes, and sounds beside them
_COMPLETE_SHARE: Final = 0.9  # as for every clip (`frame_source`)
_MAX_CHUNKS: Final = 10_000  # beside the pictures


def bounded_avi(file: BinaryIO, limits: IngestLimits) -> BinaryIO:
    """The file as FFmpeg may read it. An index that contradicts the file is hidden: without one, chunks are looked for.

    Raises ClipRejected: TOO_LARGE beyond the limits, UNREADABLE where the file ends long before its pictures do.
    """
    size = file.seek(0, 2)
    pictures_seen, hidden = False, {}
    for kind, start, length in _chunks(file, 12):
        if kind == b"movi" and not pictures_seen:
            pictures_seen = True
            _check_header(file, start)
            if 0 < length < 0xFFFFFFF0 and size - start < _COMPLETE_SHARE * length:
                text = "The AVI is truncated: less than nine tenths of its pictures are there."
                raise ClipRejected(SkipReason.UNREADABLE, text)
        elif kind == b"idx1" and not _is_index_true(file, start, min(length, size - start), limits):
            hidden[start - 8] = b"JUNK"
    return PatchedFile(file, hidden) if hidden else file


def _chunks(file: BinaryIO, at: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, first byte of the content, stated length) of the chunks on top, a list by the type it names."""
    for _ in range(_MAX_CHUNKS):
        file.seek(at)
        head = file.read(12)
        if len(head) < 8:
            return
        kind, length = head[:4], int.from_bytes(head[4:8], "little")
        is_list = kind in {b"LIST", b"RIFF"}
        yield head[8:12] if is_list else kind, at + (12 if is_list else 8), length - (4 if is_list else 0)
        at += 12 if kind == b"RIFF" else 8 + length + length % 2  # further parts of a long file are walked into
    raise ClipRejected(SkipReason.TOO_LARGE, f"The AVI holds more than {_MAX_CHUNKS} chunks beside its pictures.")


def _check_header(file: BinaryIO, end: int) -> None:
    """Raises unless what stands before the pictures is of a modest size and names few streams."""
    if end <= _MAX_HEADER_BYTES:
        file.seek(0)
        if file.read(end).count(b"strh") <= _MAX_STREAMS:
            return
    text = f"The AVI's header exceeds {_MAX_HEADER_BYTES} bytes or {_MAX_STREAMS} streams."
    raise ClipRejected(SkipReason.TOO_LARGE, text)


def _is_index_true(file: BinaryIO, start: int, length: int, limits: IngestLimits) -> bool:
    """Whether no chunk of the index is longer than the file. Raises where it lists more of them than a clip has."""
    file_bytes = file.seek(0, 2)
    if length // 16 > _CHUNKS_PER_FRAME * limits.max_frames_stored:
        raise ClipRejected(
            SkipReason.TOO_LARGE, f"The AVI lists more pictures than the limit of {limits.max_frames_stored}."
        )
    file.seek(start)
    table = file.read(length // 16 * 16)
    return all(chunk_bytes <= file_bytes for *_, chunk_bytes in iter_unpack("<4s3L", table))
