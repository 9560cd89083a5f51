"""The tables of an MP4 or MOV, bounded from raw bytes before FFmpeg builds anything from them (ISO/IEC 14496-12).

A table of 16 bytes may state 2^32 samples of one size and duration, and FFmpeg makes an entry of 24 bytes for each. Its
parser takes a box wherever it stands, so counts are looked for in all bytes but those of the media data, not only
where the standard puts them. Tracks that hold no pictures are hidden: what they state costs nothing then.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.limits import IngestLimits
from service.ingest.video.patched_file import PatchedFile

# Counted tables: bytes from the end of the box's type to the count (version and flags first), and the least bytes of an
# entry; 0: entries need not be stored. Sections of ISO/IEC 14496-12; `keys` is QuickTime's.
_TABLES: Final = {
    b"stsz": (8, 0),  # 8.7.3.2: a sample size other than zero stands for all
    b"stz2": (8, 0),  # 8.7.3.3: four bits each
    b"trun": (4, 0),  # 8.8.8: all fields may be defaults
    b"stts": (4, 8),  # 8.6.1.2
    b"ctts": (4, 8),  # 8.6.1.3
    b"stsc": (4, 12),  # 8.7.4
    b"stco": (4, 4),  # 8.7.5
    b"co64": (4, 8),  # 8.7.5
    b"stss": (4, 4),  # 8.6.2
    b"stps": (4, 4),  # partial sync samples, QuickTime
    b"elst": (4, 12),  # 8.6.6
    b"keys": (4, 8),  # QuickTime metadata
}
_COUNTS_SAMPLES: Final = {b"stsz", b"stz2", b"trun"}
_REFUSED: Final = {
    b"cmov": "The MP4's header is compressed (cmov), which is not read.",  # unpacks to a length that it states itself
    b"encv": "The MP4 is encrypted.",  # 8.12, and ISO/IEC 23001-7
    b"senc": "The MP4 is encrypted.",
}
_TRACK: Final = b"trak"  # 8.3.1; FFmpeg takes 100 KiB for each, however empty
_MAX_TRACKS: Final = 64  # pictures, sounds, subtitles, times; recorders write one to four
_WANTED: Final = re.compile(b"|".join([*_TABLES, *_REFUSED, _TRACK]))
_WINDOW: Final = 1 << 12  # bytes that are read at a time where boxes lie close together
_BLOCK: Final = 1 << 20
_MAX_BOXES: Final = 500_000  # a file in fragments of one picture has four a picture
_FIRST_TEXT: Final = 0x20000000  # `keys` is also a word; four letters after it are more keys than FFmpeg takes
_UNFINISHED: Final = (
    "The MP4 has no movie header (moov): the recording was not finished, or it was cut off in transfer."
)
_TOO_MANY: Final = "The MP4 lists more pictures than the limit of {}."
_CONTRADICTION: Final = "The MP4's tables contradict its length."


@dataclass(frozen=True)
class Box:
    """A box: its type, where it starts, and where its content starts and ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass
class _Counts:
    """What was added up so far."""

    limit: int
    samples: int = 0
    edits: int = 0
    boxes: int = 0
    tracks: int = 0
    largest_chunk: int = 0
    chunks: int = field(default=0)

    def check(self) -> None:
        """Raises ClipRejected where FFmpeg would build more than a clip needs.

        Every edit may show every sample (8.6.6), and is built as if it did. Uncompressed sound is cut into pieces of
        1024 samples, chunk by chunk, whatever the number of samples says.
        """
        shown = self.samples * max(1, self.edits)
        if self.tracks > _MAX_TRACKS:
            raise ClipRejected(SkipReason.TOO_LARGE, f"The MP4 holds more than {_MAX_TRACKS} tracks.")
        if self.samples > self.limit or shown > 4 * self.limit or self.chunks * self.largest_chunk > 1024 * self.limit:
            raise ClipRejected(SkipReason.TOO_LARGE, _TOO_MANY.format(self.limit))


def bounded_movie(file: BinaryIO, limits: IngestLimits) -> BinaryIO:
    """The file as FFmpeg may read it: tables within the limits, and only the tracks that hold pictures.

    Raises ClipRejected: TOO_LARGE beyond the limits, NOT_AN_IMAGE without a track of pictures, UNREADABLE where there
    is no movie header, where it is encrypted or compressed, or where tables contradict the length of the file.
    """
    size = file.seek(0, 2)
    counts = _Counts(limits.max_frames_stored)
    top = list(_boxes(file, 0, size, counts))
    tracks = [track for movie in top if movie.kind == b"moov" for track in _inside(file, movie, b"trak", counts)]
    hidden = [track for track in tracks if _handler(file, track, counts) not in {None, b"vide"}]
    if hidden and len(hidden) == len(tracks):
        raise ClipRejected(SkipReason.NOT_AN_IMAGE, "The file holds no video stream.")
    if all(box.kind != b"moov" for box in top):
        raise ClipRejected(SkipReason.UNREADABLE, _UNFINISHED)
    for box in top:
        if box.kind != b"mdat":
            _count(file, box, hidden, counts)
    return PatchedFile(file, {track.start + 4: b"free" for track in hidden}) if hidden else file


def _boxes(file: BinaryIO, start: int, end: int, counts: _Counts) -> Iterator[Box]:
    """The boxes between two bytes, as FFmpeg walks them: the last may reach beyond the end (4.2)."""
    at, window, window_at = start, b"", start
    while at + 8 <= end:
        counts.boxes += 1
        if counts.boxes > _MAX_BOXES:
            raise ClipRejected(SkipReason.TOO_LARGE, f"The MP4 holds more than {_MAX_BOXES} boxes.")
        if at + 16 > window_at + len(window):
            file.seek(at)
            window, window_at = file.read(_WINDOW), at
        head = window[at - window_at : at - window_at + 16]
        size, body = int.from_bytes(head[:4], "big"), 8
        if size == 1 and len(head) == 16:
            size, body = int.from_bytes(head[8:], "big"), 16
        elif size == 0:
            size = end - at
        if size < body:
            return
        yield Box(head[4:8], at, at + body, min(end, at + size))
        at += size


def _inside(file: BinaryIO, outer: Box, kind: bytes, counts: _Counts) -> list[Box]:
    """The boxes of that type directly inside another."""
    return [box for box in _boxes(file, outer.body, outer.end, counts) if box.kind == kind]


def _handler(file: BinaryIO, track: Box, counts: _Counts) -> bytes | None:
    """What a track holds: `vide`, `soun`, … (8.4.3); None where it does not say."""
    for media in _inside(file, track, b"mdia", counts)[:1]:
        for handler in _inside(file, media, b"hdlr", counts)[:1]:
            file.seek(handler.body + 8)
            return file.read(4)
    return None


def _count(file: BinaryIO, box: Box, hidden: Sequence[Box], counts: _Counts) -> None:
    """Adds what the bytes of a box state, found by their names. Raises ClipRejected as soon as it is too much."""
    at = box.start
    while at < box.end:
        file.seek(at)
        block = file.read(min(_BLOCK, box.end - at))
        if not block:
            return
        for found in _WANTED.finditer(block):
            place = at + found.start()
            if not any(track.body <= place < track.end for track in hidden):
                _add(file, found[0], place + 4, counts)
        at += len(block) if len(block) < _BLOCK else len(block) - 3  # a name may lie across two blocks


def _add(file: BinaryIO, kind: bytes, at: int, counts: _Counts) -> None:
    """Adds one table, whose fields start at that byte."""
    if kind in _REFUSED:
        raise ClipRejected(SkipReason.UNREADABLE, _REFUSED[kind])
    counts.boxes += 1
    if counts.boxes > _MAX_BOXES:
        raise ClipRejected(SkipReason.TOO_LARGE, f"The MP4 holds more than {_MAX_BOXES} boxes.")
    if kind == _TRACK:
        counts.tracks += 1
        counts.check()
        return
    before, entry_bytes = _TABLES[kind]
    file.seek(at + before)
    count = int.from_bytes(file.read(4), "big")
    if kind == b"keys" and count >= _FIRST_TEXT:
        return
    if entry_bytes and count * entry_bytes > file.seek(0, 2) - at:
        raise ClipRejected(SkipReason.UNREADABLE, _CONTRADICTION)
    if kind in _COUNTS_SAMPLES:
        counts.samples += count
    elif kind == b"elst":
        counts.edits = max(counts.edits, count)
    elif kind in {b"stco", b"co64"}:
        counts.chunks = max(counts.chunks, count)
    elif kind == b"stsc":
        file.seek(at + before + 4)
        entries = file.read(12 * count)
        sizes = (int.from_bytes(entries[place + 4 : place + 8], "big") for place in range(0, len(entries) - 11, 12))
        counts.largest_chunk = max(counts.largest_chunk, *sizes, 0)
    counts.check()
