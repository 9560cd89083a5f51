"""JPEG frames whose data are damaged where libjpeg shows something all the same, grey or garbage, and says nothing.

A second decoder that stops at faults would cost as much again for every frame. So only a frame that is unlike both of
its neighbours is looked at twice.
"""

from typing import Final

import av
import numpy as np
from av.codec.context import CodecContext
from numpy.typing import NDArray

_STEP: Final = 12  # every twelfth row and column is compared, the red alone
_FEWEST: Final = 5  # frames, fewer show no usual change
_UNLIKE: Final = 3  # times the usual change from frame to frame, to both sides
_NOTICEABLE: Final = 3.0  # grey levels of mean change; half a frame of grey changes it by ten and more
_OPTIONS: Final = {"err_detect": "explode+bitstream+buffer"}


def unlike_neighbours(clip_rgb: NDArray[np.uint8]) -> list[int]:
    """The rows of a clip (T, H, W, 3) that differ from the one before and the one after far more than others do."""
    if len(clip_rgb) < _FEWEST:
        return []
    few = clip_rgb[:, ::_STEP, ::_STEP, 0].astype(np.int16)
    steps = np.abs(np.diff(few, axis=0)).mean(axis=(1, 2))
    bound = max(_NOTICEABLE, _UNLIKE * float(np.median(steps)))
    nearest = np.minimum(np.r_[steps[:1], steps], np.r_[steps, steps[-1:]])
    return [int(row) for row in np.flatnonzero(nearest > bound)]


def is_damaged(encoded: bytes) -> bool:
    """Whether FFmpeg, told to stop at the first fault, does not decode the frame."""
    try:
        context = CodecContext.create("mjpeg", "r")
        context.options = _OPTIONS
        return not context.decode(av.Packet(encoded))
    except (av.FFmpegError, ValueError):
        return True
