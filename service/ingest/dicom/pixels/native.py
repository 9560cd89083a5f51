"""Native (uncompressed) pixel data: how the frames lie in the element, as its length tells, and their values.

Source: PS3.3 C.7.6.3, PS3.5 8.1. Labels and counts are often wrong; the length of the element is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.dicom.header import DicomHeader, PixelFormat
from service.ingest.dicom.pixels.colour import Stored
from service.ingest.dicom.pixels.colour_model import YBR, grey_model, native_candidates, settled
from service.ingest.dicom.pixels.planes import lies_by_plane, samples_of
from service.ingest.dicom.pixels.stored_frames import ReportFailure, StoredFrames, TakeStored
from service.ingest.untrusted import BoundedReader

_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_HALVED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})  # two samples a pixel (C.7.6.3.1.2)
_MULTIFRAME: Final = frozenset({"1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.3"})  # PS3.4 B.5, and retired
_TRUNCATED: Final = "The DICOM file is truncated: its pixel data end early."


@dataclass(frozen=True)
class NativeLayout:
    """frames: stored whole. frame_bytes: of one; stride: from one to the next. samples, photometric: what is stored."""

    frames: int
    frame_bytes: int
    stride: int
    samples: int
    photometric: str


def native_layout(header: DicomHeader, pixels: PixelFormat) -> NativeLayout:
    """The layout that fits the element's length. Raises ClipRejected for volumes, and where too many frames lack."""
    plane = pixels.rows * pixels.columns * pixels.bits_allocated // 8
    if pixels.photometric == "YBR_PARTIAL_420":
        text = "Native pixel data of the colour model YBR_PARTIAL_420 cannot be read."
        raise ClipRejected(SkipReason.UNREADABLE, text)
    labelled = NativeLayout(0, 0, 0, pixels.samples, pixels.photometric)
    per_pixel = 2 if pixels.photometric in _HALVED else pixels.samples
    stated = pixels.data.length if pixels.data.stated_length is None else pixels.data.stated_length
    if pixels.frames is not None:
        per_pixel, labelled = _relabelled(labelled, per_pixel, stated / (plane * pixels.frames), pixels.frames, plane)
    frame = per_pixel * plane
    stride = _stride(frame, stated, pixels.frames)
    _refuse_volume(header, pixels, (stated, stride))
    frames = (pixels.data.length + stride - frame) // stride
    if not frames or (pixels.frames is not None and frames < pixels.frames - pixels.frames // 10):
        raise ClipRejected(SkipReason.UNREADABLE, _TRUNCATED)
    return replace(labelled, frames=frames, frame_bytes=frame, stride=stride)


def _relabelled(
    labelled: NativeLayout, per_pixel: int, planes: float, frames: int, plane: int
) -> tuple[int, NativeLayout]:
    """(samples stored a pixel, layout) where the length contradicts the label; planes: samples that are stored."""

    def fits(samples: int) -> bool:
        """A byte of padding may follow (PS3.5 8.1.1)."""
        return 0 <= planes - samples <= 1 / (plane * frames)

    if fits(per_pixel):
        return per_pixel, labelled
    if labelled.photometric in _HALVED and fits(3):  # 4:4:4 under a label of 4:2:2
        return 3, replace(labelled, photometric=YBR if labelled.photometric == "YBR_FULL_422" else labelled.photometric)
    if labelled.photometric == YBR and fits(2):  # 4:2:2 under a label of 4:4:4
        return 2, replace(labelled, photometric="YBR_FULL_422")
    if labelled.samples == 3 and fits(1):
        return 1, replace(labelled, samples=1, photometric="MONOCHROME2")
    return per_pixel, labelled


def _stride(frame: int, stated: int, frames: int | None) -> int:
    """Bytes from one frame to the next: some writers pad each frame of an odd size to an even one."""
    is_padded = frame % 2 == 1 and frames is not None and frames > 1 and stated == frames * (frame + 1)
    return frame + 1 if is_padded else frame


def _refuse_volume(header: DicomHeader, pixels: PixelFormat, sizes: tuple[int, int]) -> None:
    """Raises ClipRejected where the element holds a whole number of pictures for each stated frame: slices.

    Where one frame or none is stated, several pictures are a cine if the header speaks of time or is of a class of
    cines; else nobody knows what they are.
    """
    stated, stride = sizes
    count = stated // stride
    if pixels.frames is None or pixels.frames == 1:
        is_cine = header.timing.states_time or header.sop_class in _MULTIFRAME
        is_volume = count > 1 and not is_cine
    else:
        is_volume = count >= 2 * pixels.frames and count % pixels.frames == 0
    if is_volume:
        text = f"{count} pictures are stored for {pixels.frames or 1} stated: a volume's slices, not a cine."
        raise ClipRejected(SkipReason.VOLUME, text)


def open_native(reader: BoundedReader, header: DicomHeader, pixels: PixelFormat) -> StoredFrames:
    """The frames of native pixel data. Raises ClipRejected as `native_layout` does."""
    layout = native_layout(header, pixels)
    stored = replace(pixels, frames=layout.frames, samples=layout.samples, photometric=layout.photometric)
    return NativeFrames(reader, header, stored, layout)


class NativeFrames(StoredFrames):
    """Frames that are not compressed, read one at a time."""

    def __init__(self, reader: BoundedReader, header: DicomHeader, pixels: PixelFormat, layout: NativeLayout) -> None:
        super().__init__(pixels, layout.frames)
        self._reader, self._layout = reader, layout
        self._is_big_endian = header.transfer_syntax == _BIG_ENDIAN
        self._shift = self._settled_shift()
        self.model = grey_model(pixels.photometric)
        self._by_plane = pixels.planar == 1
        if pixels.samples == 3:
            self._by_plane = self._settled_order()
            models = native_candidates(pixels.photometric)
            self.model = settled(models, self._values(layout.frames // 2)) or models[0]

    def read(self, numbers: Sequence[int], take: TakeStored, failed: ReportFailure) -> None:
        """Hands on the values of those frames. Frames of zeros are failures, unless there are many: then it is dark."""
        empty: dict[int, Stored] = {}
        for row, number in enumerate(numbers):
            values = self._values(number)
            if values[::7, ::5].any() or values.any():  # of most frames a few pixels tell
                take(row, values, self.model)
            else:
                empty[row] = values
        for row, values in empty.items():
            if len(empty) <= len(numbers) // 10:
                failed(row, ClipRejected(SkipReason.UNREADABLE, "A frame is empty."))
            else:
                take(row, values, self.model)

    def _settled_order(self) -> bool:
        """Whether the samples lie plane by plane; never of 4:2:2, whose samples lie in pairs."""
        rows, columns = self.pixels.rows, self.pixels.columns
        words = self._words(self._layout.frames // 2)
        if len(words) != 3 * rows * columns:
            return self._by_plane
        return lies_by_plane(words, rows, columns, stated=self._by_plane)

    def _settled_shift(self) -> int:
        """Bits below the stored ones (HighBit, PS3.5 8.1.1); none where shifting would leave nothing of the picture."""
        shift = self.pixels.high_bit + 1 - self.pixels.bits_stored
        if shift > 0:
            words = self._words(self._layout.frames // 2)
            if not (words.view(f"u{words.itemsize}") >> shift).any():
                return 0
        return max(0, shift)

    def _words(self, number: int) -> Stored:
        """The samples of a frame as they lie there."""
        size = self.pixels.bits_allocated // 8
        start = number * self._layout.stride
        # Bytes in words of the other order come in swapped pairs, which need not begin where a frame does.
        is_swapped = self._is_big_endian and size == 1 and self.pixels.data.vr == "OW"
        before = start % 2 if is_swapped else 0
        length = self._layout.frame_bytes + before
        length += length % 2 if is_swapped else 0
        self._reader.seek(self.pixels.data.offset + start - before)
        data = self._reader.read(length)
        if is_swapped:
            data = np.frombuffer(data, "<u2").byteswap().tobytes()
        data = data[before : before + self._layout.frame_bytes]
        if len(data) < self._layout.frame_bytes:
            raise ClipRejected(SkipReason.UNREADABLE, _TRUNCATED)
        order = ">" if self._is_big_endian else "<"
        return np.frombuffer(data, f"{order}{'i' if self.pixels.signed else 'u'}{size}")

    def _values(self, number: int) -> Stored:
        """The stored values of a frame: (H, W), or (H, W, 3)."""
        words = _used_bits(self._words(number), self.pixels, self._shift)
        rows, columns = self.pixels.rows, self.pixels.columns
        if self.pixels.samples == 1:
            return words.reshape(rows, columns)
        if self._layout.frame_bytes < 3 * rows * columns * words.itemsize:
            return _doubled_chroma(words).reshape(rows, columns, 3)
        return samples_of(words, rows, columns, by_plane=self._by_plane)


def _used_bits(words: Stored, pixels: PixelFormat, shift: int) -> Stored:
    """The stored bits alone, with their sign: the others may hold overlays or anything (PS3.5 8.1.1)."""
    unused = pixels.bits_allocated - pixels.bits_stored - shift
    if not unused and not shift:
        return words
    native = words.astype(words.dtype.newbyteorder("="), copy=False)
    shifted: Stored = (native << unused) >> (unused + shift)  # of signed values, the right shift carries the sign
    return shifted


def _doubled_chroma(words: Stored) -> Stored:
    """Samples Y Cb Cr of each pixel, of bytes Y1 Y2 Cb Cr for each pair of pixels (C.7.6.3.1.2)."""
    doubled = np.empty(len(words) // 4 * 6, np.uint8)
    doubled[0::6], doubled[3::6] = words[0::4], words[1::4]
    for sample in (1, 2):
        doubled[sample::6] = doubled[3 + sample :: 6] = words[1 + sample :: 4]
    return doubled
