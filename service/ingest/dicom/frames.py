"""The frames of a DICOM cine: native, compressed frame by frame, or a video stream in fragments."""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import ClipWarning, SkipReason
from service.ingest.clip_memory import ClipMemory
from service.ingest.dicom.header import GREY, PALETTE, DicomHeader, PixelFormat, check_size
from service.ingest.dicom.pixels.colour import (
    EIGHT_BIT,
    GreyLevels,
    Stored,
    grey_to_rgb,
    measured_levels,
    window_levels,
)
from service.ingest.dicom.pixels.colour_model import to_rgb
from service.ingest.dicom.pixels.compressed import open_compressed
from service.ingest.dicom.pixels.damaged_jpeg import unlike_neighbours
from service.ingest.dicom.pixels.decoders import shown_syntax
from service.ingest.dicom.pixels.fragments import index_fragments, truncated
from service.ingest.dicom.pixels.frame_starts import begins_frame
from service.ingest.dicom.pixels.joined_fragments import JoinedFragments
from service.ingest.dicom.pixels.native import open_native
from service.ingest.dicom.pixels.stored_frames import StoredFrames
from service.ingest.dicom.reader import dataset_reader, is_encapsulated
from service.ingest.dicom.timing import frame_rate_of
from service.ingest.formats import HEAD_BYTES
from service.ingest.frame_source import FrameSource
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import BoundedReader, third_party
from service.ingest.video.frames import VideoFrames
from service.ingest.video.stream_format import (
    STREAM_HEAD_BYTES,
    container_format,
    elementary_format,
    stream_format,
)
from service.ingest.video.video_syntax import count_warning, stream_of

_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."
_UNDECODABLE = "The pixel data are damaged and cannot be decoded."
_MAX_LOST = 10  # one frame in so many may be missing, empty or damaged


class DicomFrames:
    """A cine stored frame by frame, native or compressed.

    Frames that turn out to be damaged are left out, up to a tenth; the others then move up.
    """

    def __init__(self, header: DicomHeader, stored: StoredFrames, stated: int | None) -> None:
        self._header, self._pixels, self._stored, self._stated = header, stored.pixels, stored, stated
        self._kept = list(range(stored.count))
        self._total = max(stored.count + stored.lost, stated or 0)
        self.frame_pixels = stored.pixels.rows * stored.pixels.columns
        self.frame_rate_hz, self.frame_rate_source = frame_rate_of(header.timing, stored.count + stored.lost)
        self._check_lost(None)

    @property
    def frames_total(self) -> int:
        """Frames that can be read, as far as is known."""
        return len(self._kept)

    @property
    def warnings(self) -> tuple[ClipWarning, ...]:
        """Frames that were left out, and a number of frames that is not the stated one."""
        told = []
        stored, left_out = (
            self._stored.count + self._stored.lost,
            self._stored.count + self._stored.lost - len(self._kept),
        )
        if self._stated != stored:
            number = "no number of frames" if self._stated is None else f"{self._stated} frames"
            told.append(ClipWarning("frame_count_differs", f"The header states {number}; {stored} are stored."))
        if left_out:
            text = f"{left_out} of {stored} frames are empty or damaged and were left out."
            told.append(ClipWarning("frames_left_out", text))
        return tuple(told)

    @property
    def levels_need_every_frame(self) -> bool:
        """True for deep grey without a window, whose levels are those of all frames that are read."""
        return self._stated_levels() is None

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        """Puts the frames of those ascending indices into the memory's rows, RGB.

        Deep grey without a window takes its levels from the frames asked for. Ends early where a frame is damaged: of
        the first frames in a row, those that are left are read; of chosen ones none, since others are now needed.
        """
        wanted = list(indices)
        while failed := self._failures(wanted, memory):
            self._leave_out({wanted[row]: why for row, why in failed.items()})
            memory.clear()
            if wanted != [*range(len(wanted))]:
                return
            wanted = wanted[: len(wanted) - len(failed)]

    def _failures(self, indices: Sequence[int], memory: ClipMemory) -> dict[int, ClipRejected]:
        """Reads the frames into the memory; rows that could not be, and why."""
        failed: dict[int, ClipRejected] = {}
        numbers = [self._kept[index] for index in indices]
        with third_party(_UNDECODABLE):
            levels = self._stated_levels()
            if levels is not None:
                known = levels
                self._stored.read(
                    numbers,
                    lambda row, values, model: memory.put(row, self._to_rgb(values, model, known)),
                    failed.__setitem__,
                )
                return failed or self._hidden_damage(numbers, memory)
            found: dict[int, tuple[Stored, str]] = {}
            self._stored.read(
                numbers, lambda row, values, model: found.update({row: (values, model)}), failed.__setitem__
            )
            if found:
                levels = measured_levels([values for values, _ in found.values()])
                for row, stored in found.items():
                    memory.put(row, self._to_rgb(*stored, levels))
        return failed

    def _hidden_damage(self, numbers: Sequence[int], memory: ClipMemory) -> dict[int, ClipRejected]:
        """Rows of decoded frames that look out of place and do not stand a second look as those beside them do."""
        clip_rgb = memory.clip_rgb
        suspects = [] if clip_rgb is None else unlike_neighbours(clip_rgb)
        others = [row for row in range(len(numbers)) if row not in suspects]
        if not suspects or not others or self._stored.is_damaged(numbers[others[0]]):
            return {}
        damage = ClipRejected(SkipReason.UNREADABLE, _UNDECODABLE)
        return {row: damage for row in suspects if self._stored.is_damaged(numbers[row])}

    def _leave_out(self, failed: dict[int, ClipRejected]) -> None:
        """Drops those frames. Raises ClipRejected where they and the missing ones are more than a tenth."""
        self._kept = [number for index, number in enumerate(self._kept) if index not in failed]
        self._check_lost(next(iter(failed.values())))

    def _check_lost(self, why: ClipRejected | None) -> None:
        lost = self._total - len(self._kept)
        if lost <= self._total // _MAX_LOST:
            return
        text = why.text if why else "Frames of this file are empty or missing."
        raise ClipRejected(
            SkipReason.UNREADABLE, f"{text} {lost} of {self._total} frames; at most a tenth may be lost."
        )

    def _stated_levels(self) -> GreyLevels | None:
        """The levels that the header fixes; None where the values must be looked at (see `colour`)."""
        if self._pixels.photometric == PALETTE or (self._pixels.bits_stored == 8 and not self._pixels.signed):
            return EIGHT_BIT
        window = self._header.window
        if window and np.isfinite(window).all() and window[1] > 1 and self._pixels.photometric in GREY:
            return window_levels(*window)
        if self._pixels.bits_stored < 8 and not self._pixels.signed:
            return GreyLevels(0, float((1 << self._pixels.bits_stored) - 1))
        return None

    def _to_rgb(self, values: Stored, colour_model: str, levels: GreyLevels) -> NDArray[np.uint8]:
        """One frame as RGB: palette, or grey levels and then colour."""
        if colour_model == PALETTE:
            if self._header.palette is None:
                raise ClipRejected(SkipReason.UNREADABLE, "The palette is missing, damaged or too short.")
            return self._header.palette.apply(values)
        eight_bit = (
            values.astype(np.uint8, copy=False)
            if levels == EIGHT_BIT and values.dtype.itemsize == 1
            else levels.apply(values)
        )
        if colour_model in GREY:
            return grey_to_rgb(eight_bit, inverted=colour_model == "MONOCHROME1")
        return to_rgb(eight_bit, colour_model)


@contextmanager
def open_frames(path: Path, header: DicomHeader, pixels: PixelFormat, limits: IngestLimits) -> Iterator[FrameSource]:
    """The frames of an admitted cine, not yet decoded. Raises ClipRejected where they cannot be."""
    with ExitStack() as stack:
        with third_party(_DAMAGED):
            reader, _ = stack.enter_context(dataset_reader(path, limits))
            source = _frame_source(reader, header, pixels, limits)
        yield source


def _frame_source(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat, limits: IngestLimits) -> FrameSource:
    """The source for what the pixel data are, which the transfer syntax may contradict. Raises ClipRejected."""
    stream = stream_of(header.transfer_syntax)
    if pixels.data.is_encapsulated:
        head = _first_bytes(reader, pixels)
        if begins_frame(head[:64]):
            stream, pixels = None, replace(pixels, frames=header.frames)
        else:
            stream = stream or container_format(head) or elementary_format(head)
    if stream:
        return _video(reader, header, pixels, (stream, limits))
    if pixels.data.is_encapsulated:
        stored = open_compressed(reader, header, pixels)
    elif is_encapsulated(header.transfer_syntax) and pixels.data.stated_length is None:
        text = f"The pixel data hold no compressed frames ({shown_syntax(header.transfer_syntax)})."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    else:
        stored = open_native(reader, header, pixels)
    if stored.count == 1:
        raise ClipRejected(SkipReason.STILL_IMAGE, "A single frame; only cines are used.")
    check_size(pixels.rows, pixels.columns, stored.count, limits)
    return DicomFrames(header, stored, pixels.frames)


def _first_bytes(reader: BoundedReader, pixels: PixelFormat) -> bytes:
    """What the first fragment begins with that holds anything."""
    for fragment in index_fragments(reader, pixels.data.offset, reader.size).fragments[:16]:
        reader.seek(fragment.start)
        head = reader.read(min(HEAD_BYTES, fragment.length))
        if head.strip(b"\0"):
            return head
    return b""


def _video(
    reader: BoundedReader, header: DicomHeader, pixels: PixelFormat, stream: tuple[str, IngestLimits]
) -> FrameSource:
    """The video that the fragments hold, in whatever container (PS3.5 8.2.5 to 8.2.12).

    Its own size, frame count and colours hold, the header's do not. The header's rate comes first: it is the time
    between frames (PS3.3 C.7.6.5), while a stream's time stamps may be those of a slower display.
    """
    index = index_fragments(reader, pixels.data.offset, reader.size)
    if index.is_cut:
        raise truncated()
    # A plain file is read past the count of reads, which is meant for headers: FFmpeg takes pieces of 32 KiB.
    joined = JoinedFragments(reader.raw if isinstance(reader.raw, io.FileIO) else reader, index.fragments)
    elementary, limits = stream
    head = joined.read(STREAM_HEAD_BYTES)
    joined.seek(0)
    source = VideoFrames(joined, stream_format(head, elementary), limits)
    source.warnings += count_warning(header.frames, source.frames_total)
    rate, found = frame_rate_of(header.timing, source.frames_total)
    if rate is not None:
        source.frame_rate_hz, source.frame_rate_source = rate, found
    return source
