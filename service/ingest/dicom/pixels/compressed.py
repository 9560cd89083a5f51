"""Frames that are compressed one by one: found, checked for what they are, and only then decoded, in threads."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from typing import Final

import numpy as np

from model.errors import ClipRejected
from model.picture_colour import darkest_is_grey
from model.study import SkipReason
from service.ingest.dicom.header import DicomHeader, PixelFormat
from service.ingest.dicom.pixels.codestream_facts import Codestream, Kind, codestream_of
from service.ingest.dicom.pixels.colour_model import RGB, candidates, grey_model, settled, to_rgb
from service.ingest.dicom.pixels.damaged_jpeg import is_damaged
from service.ingest.dicom.pixels.decoders import decode, require_decoder, shown_syntax
from service.ingest.dicom.pixels.fragments import Fragment, group_by_frame, index_fragments, read_fragments
from service.ingest.dicom.pixels.frame_starts import begins_frame
from service.ingest.dicom.pixels.jpeg2000 import demands_are_modest
from service.ingest.dicom.pixels.stored_frames import ReportFailure, StoredFrames, TakeStored
from service.ingest.untrusted import BoundedReader, third_party
from service.threads import batched, in_threads

_UNDECODABLE: Final = "The pixel data are damaged and cannot be decoded."
_RLE: Final = "1.2.840.10008.1.2.5"
_HEAD: Final = 64
_LOOKED_AT: Final = 4  # frames, of which one should say what all are

# With more, the one thread that takes frames from the file cannot keep up.
_DECODING_THREADS: Final = min(8, os.cpu_count() or 1)
_DECODERS: Final = ThreadPoolExecutor(_DECODING_THREADS, "decoder")  # of all clips, so that no more run than there are
_FRAMES_AT_ONCE: Final = 4  # that a thread is woken for: four JPEG frames take four milliseconds


def open_compressed(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat) -> StoredFrames:
    """The frames of encapsulated pixel data. Raises ClipRejected where too many lack, or nothing here decodes them."""
    index = index_fragments(reader, pixels.data.offset, reader.size)
    groups = group_by_frame(index, pixels.frames, reader, ends_marked=header.transfer_syntax != _RLE)
    kept = [group for group in groups if _begins(reader, group)]
    if len(groups) == 1:
        raise ClipRejected(SkipReason.STILL_IMAGE, "A single frame; only cines are used.")
    typical = _typical(reader, kept, pixels)
    if isinstance(typical, str):
        raise ClipRejected(SkipReason.UNREADABLE, f"{typical} ({shown_syntax(header.transfer_syntax)}).")
    require_decoder(typical[0].kind, header.transfer_syntax)
    stored = _as_stored(pixels, typical[0], len(kept))
    return CompressedFrames(reader, kept, stored, typical, len(groups) - len(kept))


def _begins(reader: BoundedReader, group: Sequence[Fragment]) -> bool:
    """Whether something that is known begins there: not in a frame of zeros, nor in one of no bytes."""
    reader.seek(group[0].start)
    return begins_frame(reader.read(min(_HEAD, group[0].length)))


def _typical(
    reader: BoundedReader, groups: Sequence[Sequence[Fragment]], pixels: PixelFormat
) -> list[Codestream] | str:
    """The first few frames that are of the stated size; without any, what is wrong."""
    found = [codestream_of(read_fragments(reader, group)) for group in groups[:_LOOKED_AT]]
    known = [stream for stream in found if stream is not None]
    fitting = [stream for stream in known if stream.size in {None, (pixels.rows, pixels.columns)}]
    if not known:
        return "The pixel data hold no frame of a kind that is known"
    return fitting or "A compressed frame is not of the size that the header states"


def _as_stored(pixels: PixelFormat, found: Codestream, frames: int) -> PixelFormat:
    """The format with samples and bits as the codestreams have them."""
    samples, bits, allocated = found.components, found.bits or pixels.bits_stored, pixels.bits_allocated
    if found.kind is Kind.RLE:  # a segment for each byte of a sample (PS3.5 G.2)
        samples = found.components // (allocated // 8)
    if found.kind is Kind.JPEG_XL:
        samples = pixels.samples
    if samples not in {1, 3}:
        text = f"The compressed frames have {samples} components; grey has one and colour three."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    if found.bits is not None:
        allocated = 8 if bits <= 8 else 16
        bits = min(bits, pixels.bits_stored) if pixels.bits_stored > 8 else bits
    signed = pixels.signed if found.is_signed is None else found.is_signed
    return replace(pixels, frames=frames, samples=samples, bits_allocated=allocated, bits_stored=bits, signed=signed)


class CompressedFrames(StoredFrames):
    """Compressed frames, each checked for its own size and demands before it is decoded."""

    def __init__(
        self,
        reader: BoundedReader,
        groups: Sequence[Sequence[Fragment]],
        pixels: PixelFormat,
        typical: Sequence[Codestream],
        lost: int,
    ) -> None:
        super().__init__(pixels, len(groups), lost)
        self._reader, self._groups = reader, groups
        self._is_jpeg = typical[0].kind is Kind.JPEG
        self.model = grey_model(pixels.photometric)
        if pixels.samples == 3:
            self.model = self._settled(typical)

    def _settled(self, typical: Sequence[Codestream]) -> str:
        """The colour model of the first frame that can be decoded."""
        for stream in typical:
            likeliest, *others = candidates(stream, self.pixels.photometric)
            if not others:
                return likeliest
            with suppress(ClipRejected), third_party(_UNDECODABLE):
                # Decoded at once to the likeliest model, black shows whether it is right; else the next that fits.
                values, model = decode(_check(stream, self.pixels), self.pixels, likeliest)
                if values.ndim != 3 or values.dtype != np.uint8:
                    return likeliest
                if darkest_is_grey(to_rgb(values.astype(np.uint8), model)):
                    return likeliest
                return settled(others, decode(stream, self.pixels, RGB)[0]) or likeliest
        return candidates(typical[0], self.pixels.photometric)[0]

    def read(self, numbers: Sequence[int], take: TakeStored, failed: ReportFailure) -> None:
        """Hands on the values of those frames, decoded side by side, or says why one cannot be had."""

        def decode_some(frames: Sequence[tuple[int, bytes]]) -> None:
            for row, encoded in frames:
                try:
                    with third_party(_UNDECODABLE):
                        stream = codestream_of(encoded)
                        take(row, *decode(_check(stream, self.pixels), self.pixels, self.model))
                except ClipRejected as rejected:
                    if rejected.reason in {SkipReason.TOO_LARGE, SkipReason.TOO_MUCH_MEMORY}:
                        raise
                    failed(row, rejected)

        some = batched(self._encoded(numbers), _FRAMES_AT_ONCE)
        with closing(in_threads(decode_some, some, _DECODERS, _DECODING_THREADS)) as done:
            deque(done, maxlen=0)

    def is_damaged(self, number: int) -> bool:
        """Whether a JPEG frame that was decoded is damaged all the same; slow."""
        return self._is_jpeg and is_damaged(read_fragments(self._reader, self._groups[number]))

    def _encoded(self, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        for row, number in enumerate(numbers):
            yield row, read_fragments(self._reader, self._groups[number])


def _check(stream: Codestream | None, pixels: PixelFormat) -> Codestream:
    """The codestream if it has the stated size and asks for no more than a frame should. Raises ClipRejected."""
    if stream is None or stream.size not in {None, (pixels.rows, pixels.columns)}:
        raise ClipRejected(SkipReason.UNREADABLE, "A compressed frame is not of the size that the header states.")
    if stream.kind is not Kind.RLE and stream.components not in {0, 1, 3}:
        raise ClipRejected(SkipReason.UNREADABLE, "A compressed frame has neither one nor three components.")
    # A damaged header is no demand: struct.error ends as a frame that cannot be decoded.
    if stream.kind is Kind.JPEG_2000 and not demands_are_modest(stream.encoded):
        text = "A JPEG 2000 frame is split into more tiles, precincts, blocks or layers than any image needs."
        raise ClipRejected(SkipReason.TOO_LARGE, text)
    return stream
