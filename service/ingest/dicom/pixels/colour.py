"""Stored DICOM values to 8-bit RGB, in numpy: grey levels, palettes, YCbCr.

Decisions (LOG 2026-11-22). Eight-bit grey is passed as stored: ultrasound stores what its screen shows. Deeper grey
follows the header's window; without one, black stays the darkest storable value and white is the brightest value of the
fewest bits, at least eight, that hold the clip. So 12-bit data in 16-bit words is not shown black, and a clip of faint
noise is not stretched to full white. One scale serves the whole clip, so that nothing flickers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Stored = NDArray[np.unsignedinteger] | NDArray[np.signedinteger]


@dataclass(frozen=True)
class GreyLevels:
    """Stored values shown as 0 and 255; values between are linear, values beyond are clipped."""

    black: float
    white: float

    def apply(self, values: Stored) -> NDArray[np.uint8]:
        """The values as uint8 of the same shape."""
        scale = np.float32(255.0 / (self.white - self.black))
        scaled = (values.astype(np.float32) - np.float32(self.black)) * scale
        return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


EIGHT_BIT = GreyLevels(0, 255)


def window_levels(center: float, width: float) -> GreyLevels:
    """The levels of a linear window. Source: PS3.3 C.11.2.1.2.1; width must exceed 1."""
    half = (width - 1) / 2
    return GreyLevels(center - 0.5 - half, center - 0.5 + half)


def measured_levels(frames: Sequence[Stored]) -> GreyLevels:
    """The levels of the fewest bits, at least eight, that hold every value of the frames."""
    lowest = min(int(frame.min()) for frame in frames)
    highest = max(int(frame.max()) for frame in frames)
    if lowest >= 0:  # signed storage that never goes below zero is unsigned data
        return GreyLevels(0, float((1 << max(8, highest.bit_length())) - 1))
    bits = max(8, 1 + max(highest.bit_length(), (-lowest - 1).bit_length()))
    return GreyLevels(-float(1 << (bits - 1)), float((1 << (bits - 1)) - 1))


@dataclass(frozen=True, eq=False)
class Palette:
    """A PALETTE COLOR table (PS3.3 C.7.6.3.1.5).

    first: stored value of the first entry.
    table_rgb: uint8 (entries, 3) RGB.
    """

    first: int
    table_rgb: NDArray[np.uint8]

    def apply(self, values: Stored) -> NDArray[np.uint8]:
        """The colours (H, W, 3); values outside the table take its first or last entry, as the standard says."""
        entries = values.astype(np.int64) - self.first
        return np.asarray(self.table_rgb[np.clip(entries, 0, len(self.table_rgb) - 1)], np.uint8)


def palette_from(descriptor: Sequence[int], channels: Sequence[bytes], *, little_endian: bool) -> Palette:
    """The palette of a descriptor (entries, first value, bits) and the red, green and blue table bytes.

    Raises ValueError when a table is shorter than the descriptor says.
    """
    entries = descriptor[0] or 1 << 16  # zero means 65,536 (PS3.3 C.7.6.3.1.5)
    if len(channels) != 3 or min(map(len, channels)) < entries:
        raise ValueError("a palette table is shorter than its descriptor says")
    wide = min(map(len, channels)) >= 2 * entries  # eight-bit entries may lie packed or one to a word
    kind = ("<u2" if little_endian else ">u2") if wide else "u1"
    table = np.stack([np.frombuffer(channel, kind, entries) for channel in channels], axis=1)
    if wide and int(table.max()) > 255:
        table = table >> 8
    return Palette(descriptor[1], table.astype(np.uint8))


def ybr_full_to_rgb(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB of full-range YCbCr (H, W, 3). Source: PS3.3 C.7.6.3.1.2, within one grey level of its exact arithmetic."""
    ycrcb = np.empty(ybr.shape, np.uint8)
    cv2.mixChannels([np.ascontiguousarray(ybr)], [ycrcb], [0, 0, 1, 2, 2, 1])  # OpenCV wants Cr before Cb
    return np.asarray(cv2.cvtColor(ycrcb, cv2.COLOR_YCrCb2RGB), np.uint8)


# Inverse of the retired YBR_PARTIAL_422 (PS3.3 2004 C.7.6.3.1.2): luminance from 16 to 235, chrominance from 16 to 240.
_PARTIAL_TO_RGB = np.array([[1.1644, 0.0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0.0]], np.float32)
_PARTIAL_ZERO = np.array([16, 128, 128], np.float32)


def ybr_partial_to_rgb(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB of YCbCr in ITU-R BT.601's narrow range (H, W, 3)."""
    rgb = (ybr.astype(np.float32) - _PARTIAL_ZERO) @ _PARTIAL_TO_RGB.T
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)


def grey_to_rgb(grey: NDArray[np.uint8], *, inverted: bool) -> NDArray[np.uint8]:
    """RGB, uint8 (H, W, 3), of grey, uint8 (H, W); inverted: MONOCHROME1 stores white as its lowest value."""
    shown = 255 - grey if inverted else grey
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(shown), cv2.COLOR_GRAY2RGB), np.uint8)
