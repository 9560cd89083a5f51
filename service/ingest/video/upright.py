"""How a video says that its pictures are to be shown: the shape of a pixel, turned and mirrored. Knows no library."""

from dataclasses import dataclass
from fractions import Fraction
from math import hypot
from struct import unpack
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import SkipReason

_SQUARE: Final = 0.01  # pixels whose sides differ by less are square: encoders round the ratio
_LARGEST_RATIO: Final = 4  # DV, DVD and the widest anamorphic formats stay below 2.2
_RIGHT_ANGLE: Final = 0.01  # sine of half a degree, the rounding of 16.16 numbers and more
_MIRRORED_OR_TURNED: Final = "The video is shown turned by an angle that is not a right one, or skewed."


@dataclass(frozen=True)
class Placement:
    """quarter_turns: counter-clockwise, after mirroring left and right where `mirrored`."""

    mirrored: bool = False
    quarter_turns: int = 0

    def apply(self, frame_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 (H, W, 3): the frame as it is to be shown."""
        if self.mirrored:
            frame_rgb = frame_rgb[:, ::-1]
        return np.ascontiguousarray(np.rot90(frame_rgb, self.quarter_turns))


def placement_of(display_matrix: bytes) -> Placement:
    """What a display matrix does: nine 32-bit numbers, rows of (a, b, u), (c, d, v), (x, y, w).

    A point (p, q) of the stored picture, q downwards, is shown at (a p + c q + x, b p + d q + y): ISO/IEC 14496-12
    8.3.2.3. Raises ClipRejected unless it turns by quarters and mirrors, alike in both directions.
    """
    a, b, u, c, d, v, _x, _y, _w = unpack("=9i", display_matrix[:36])
    across, down = hypot(a, b), hypot(c, d)
    if u or v or not across or not down:
        raise ClipRejected(SkipReason.UNREADABLE, _MIRRORED_OR_TURNED)
    p, q = complex(a, -b) / across, complex(c, -d) / down  # where right and down go, seen upwards
    if min(abs(p.real), abs(p.imag)) > _RIGHT_ANGLE or abs(p.real * q.real + p.imag * q.imag) > _RIGHT_ANGLE:
        raise ClipRejected(SkipReason.UNREADABLE, _MIRRORED_OR_TURNED)
    mirrored = p.imag * q.real - p.real * q.imag < 0  # down lies to the left of right: the picture's other side
    direction = -p if mirrored else p
    turns = {(1, 0): 0, (0, 1): 1, (-1, 0): 2, (0, -1): 3}[(round(direction.real), round(direction.imag))]
    return Placement(mirrored, turns)


def square_size(height: int, width: int, pixel_ratio: Fraction | None) -> tuple[int, int]:
    """(height, width) of the picture with square pixels; never smaller than stored.

    pixel_ratio: width of a pixel over its height (ISO/IEC 14496-12 12.1.4.2; H.264 table E-1; MPEG-2 6.3.3); None, or
    one beyond what any format has, counts as square.
    """
    if not pixel_ratio or not 1 / _LARGEST_RATIO <= pixel_ratio <= _LARGEST_RATIO or abs(pixel_ratio - 1) <= _SQUARE:
        return height, width
    if pixel_ratio > 1:
        return height, round(width * pixel_ratio)
    return round(height / pixel_ratio), width


def resized_to(frame_rgb: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (height, width, 3); the frame itself where that is its size."""
    if frame_rgb.shape[:2] == (height, width):
        return frame_rgb
    return np.asarray(cv2.resize(frame_rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
