"""The frames of a DICOM cine: native, compressed frame by frame, or a video stream in fragments."""

import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import ClipWarning, FrameRateSource, SkipReason
from service.ingest.clip_memory import ClipMemory
from service.ingest.dicom.header import GREY, PALETTE, DicomHeader, PixelFormat, native_bytes, plausible_frame_rate_hz
from service.ingest.dicom.pixels.codestream import START_OF_J2K, codestream_shape
from service.ingest.dicom.pixels.colour import (
    EIGHT_BIT,
    GreyLevels,
    Stored,
    grey_to_rgb,
    measured_levels,
    window_levels,
    ybr_full_to_rgb,
)
from service.ingest.dicom.pixels.fragments import group_by_frame, index_fragments, read_fragments
from service.ingest.dicom.pixels.jpeg2000 import is_modest
from service.ingest.dicom.reader import dataset_reader, decode_compressed, decode_native, decoder_name, is_encapsulated
from service.ingest.frame_source import FrameSource
from service.ingest.limits import IngestLimits
from service.ingest.untrusted import BoundedReader, third_party
from service.ingest.video.frames import VideoFrames
from service.ingest.video.stream_format import stream_format
from service.ingest.video.video_syntax import count_warning, stream_of
from service.threads import batched, in_threads

_DAMAGED = "The DICOM file is truncated or damaged and cannot be read."
_UNDECODABLE = "The pixel data are damaged and cannot be decoded."

_RLE = "1.2.840.10008.1.2.5"

# With more, the one thread that takes frames from the file cannot keep up.
_DECODING_THREADS = min(8, os.cpu_count() or 1)
_DECODERS = ThreadPoolExecutor(_DECODING_THREADS, "decoder")  # of all clips, so that no more run than there are
_FRAMES_AT_ONCE = 4  # that a thread is woken for: four JPEG frames take four milliseconds

TakeStored = Callable[[int, Stored, str], None]  # (row, values, colour model)
StoredReader = Callable[[Sequence[int], TakeStored], None]


class DicomFrames:
    """A cine stored frame by frame.

    stored: hands on the values of chosen frames and the colour model they are in, perhaps side by side in threads.
    """

    def __init__(self, header: DicomHeader, pixels: PixelFormat, stored: StoredReader) -> None:
        self._header = header
        self._pixels = pixels
        self._stored = stored
        self.frames_total = pixels.frames
        self.frame_pixels = pixels.rows * pixels.columns
        self.frame_rate_hz = plausible_frame_rate_hz(header.frame_rates_hz)
        self.frame_rate_source: FrameRateSource = "frame_time" if self.frame_rate_hz else "assumed"
        self.warnings: tuple[ClipWarning, ...] = ()

    @property
    def levels_need_every_frame(self) -> bool:
        """True for deep grey without a window, whose levels are those of all frames that are read."""
        return self._stated_levels() is None

    def read(self, indices: Sequence[int], memory: ClipMemory) -> None:
        """Puts the frames of those ascending indices into the memory's rows, RGB.

        Deep grey without a window takes its levels from the frames asked for.
        """
        with third_party(_UNDECODABLE):
            levels = self._stated_levels()
            if levels is not None:
                known = levels
                self._stored(indices, lambda row, values, model: memory.put(row, self._to_rgb(values, model, known)))
                return
            found: dict[int, tuple[Stored, str]] = {}
            self._stored(indices, lambda row, values, model: found.update({row: (values, model)}))
            levels = measured_levels([values for values, _ in found.values()])
            for row, stored in found.items():
                memory.put(row, self._to_rgb(*stored, levels))

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
                raise ClipRejected(SkipReason.UNREADABLE, "The palette is missing, segmented or too short.")
            return self._header.palette.apply(values)
        eight_bit = (
            values.astype(np.uint8, copy=False)
            if levels == EIGHT_BIT and values.dtype.itemsize == 1
            else levels.apply(values)
        )
        if colour_model in GREY:
            return grey_to_rgb(eight_bit, inverted=colour_model == "MONOCHROME1")
        return ybr_full_to_rgb(eight_bit) if colour_model in {"YBR_FULL", "YBR_FULL_422"} else eight_bit


@contextmanager
def open_frames(path: Path, header: DicomHeader, pixels: PixelFormat, limits: IngestLimits) -> Iterator[FrameSource]:
    """The frames of an admitted cine, not yet decoded. Raises ClipRejected where they cannot be."""
    with ExitStack() as stack:
        with third_party(_DAMAGED):
            reader, _ = stack.enter_context(dataset_reader(path, limits))
            source = _frame_source(reader, header, pixels, limits)
        yield source


def _frame_source(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat, limits: IngestLimits) -> FrameSource:
    """The source for the file's transfer syntax."""
    if stream := stream_of(header.transfer_syntax):
        return _video(reader, header, pixels, (stream, limits))
    if is_encapsulated(header.transfer_syntax):
        decoder_name(header.transfer_syntax, pixels.bits_stored)
        return DicomFrames(header, pixels, _compressed(reader, header, pixels))
    if pixels.data.length < native_bytes(pixels):
        raise ClipRejected(SkipReason.UNREADABLE, "The DICOM file is truncated: its pixel data end early.")
    return DicomFrames(header, pixels, _native(reader, header, pixels))


def _compressed(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat) -> StoredReader:
    """A reader of chosen compressed frames, each checked for its own size before it is decoded."""
    index = index_fragments(reader, pixels.data.offset, reader.size)
    is_rle = header.transfer_syntax == _RLE
    by_frame = group_by_frame(index, pixels.frames, reader, ends_marked=not is_rle)

    def encoded_frames(indices: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for row, wanted in enumerate(indices):
            encoded = read_fragments(reader, by_frame[wanted])
            if not is_rle:
                _check_codestream(encoded, pixels)
            yield row, encoded

    def stored(indices: Sequence[int], take: TakeStored) -> None:
        def decode(frames: Sequence[tuple[int, bytes]]) -> None:
            for row, encoded in frames:
                take(row, *decode_compressed(encoded, header.transfer_syntax, pixels))

        some = batched(encoded_frames(indices), _FRAMES_AT_ONCE)
        with closing(in_threads(decode, some, _DECODERS, _DECODING_THREADS)) as done:
            deque(done, maxlen=0)

    return stored


def _native(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat) -> StoredReader:
    """A reader of chosen frames that are not compressed."""

    def stored(indices: Sequence[int], take: TakeStored) -> None:
        for row, values in enumerate(decode_native(reader, header.transfer_syntax, pixels, indices)):
            take(row, *values)

    return stored


def _check_codestream(encoded: bytes, pixels: PixelFormat) -> None:
    """Raises ClipRejected unless a compressed frame is of the stated size and asks for no more than a frame should."""
    if codestream_shape(encoded) != (pixels.rows, pixels.columns, pixels.samples):
        raise ClipRejected(SkipReason.UNREADABLE, "A compressed frame is not of the size that the header states.")
    if encoded.startswith(START_OF_J2K) and not is_modest(encoded):
        text = "A JPEG 2000 frame is split into more tiles, precincts, blocks or layers than any image needs."
        raise ClipRejected(SkipReason.TOO_LARGE, text)


def _video(
    reader: BoundedReader, header: DicomHeader, pixels: PixelFormat, stream: tuple[str, IngestLimits]
) -> FrameSource:
    """The video that the fragments hold, in whatever container (PS3.5 8.2.5 to 8.2.12).

    Its own size, frame count and colours hold, the header's do not. The header's rate comes first: it is the time
    between frames (PS3.3 C.7.6.5), while a stream's time stamps may be those of a slower display.
    """
    index = index_fragments(reader, pixels.data.offset, reader.size)
    joined = read_fragments(reader, index.fragments)
    elementary, limits = stream
    source = VideoFrames(io.BytesIO(joined), stream_format(joined, elementary), limits)
    source.warnings += count_warning(header.frames, source.frames_total)
    if stated := plausible_frame_rate_hz(header.frame_rates_hz):
        source.frame_rate_hz, source.frame_rate_source = stated, "frame_time"
    return source
