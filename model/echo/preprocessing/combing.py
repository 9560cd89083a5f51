"""Interlaced pictures that nothing marks as such: every other line is of another moment, so edges that move are combs.

Lines of one moment resemble the line beside them more than the one after; in a comb it is the other way round.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.study import Clip, ClipWarning

COMBED: Final = ClipWarning(
    "lines_of_two_moments",
    "Every other line of the pictures is of another moment: the video is interlaced and not marked so. The lines of "
    "one moment were kept and those between made up from them.",
)
_LOOKED_AT: Final = 3  # frames
_TILE: Final = 16  # pixels a side
_LIVELY: Final = 3.0  # grey levels between a line and the next: darker tiles tell nothing
# Source: LOG 2026-11-30: of the lively tiles of real clips and thirteen re-encodings 0.0 %, of three interlaced ones 9
# to 31 %. Dithering and noise change as much along lines as across.
_COMB: Final = 1.2  # times as unlike the next line as the one after ...
_ALONG: Final = 0.9  # ... while along lines neighbours are alike
_SHARE: Final = 0.03  # of the lively tiles


def with_whole_lines(clip: Clip, config: EchoPreprocessing) -> Clip:
    """The clip; where it is combed the lines of one moment and what lies between them, with a warning.

    Profiles without quality bars are published ones, and read what comes.
    """
    if config.quality is None or not is_combed(clip.frames_rgb):
        return clip
    return replace(clip, frames_rgb=without_combs(clip.frames_rgb), warnings=(*clip.warnings, COMBED))


def is_combed(frames_rgb: NDArray[np.uint8]) -> bool:
    """Whether moving edges are combs in the frames looked at. frames_rgb: uint8 (T, H, W, 3)."""
    if min(frames_rgb.shape[1:3]) < 4 * _TILE:
        return False
    rows = np.linspace(0, len(frames_rgb) - 1, _LOOKED_AT + 2).astype(int)[1:-1]
    found = np.array([_tiles_with_combs(frames_rgb[row]) for row in rows]).sum(axis=0)
    return bool(found[0] > 0 and found[0] >= _SHARE * found[1])


def _tiles_with_combs(frame: NDArray[np.uint8]) -> tuple[int, int]:
    """(combed, lively) tiles of the middle of one frame."""
    height, width = frame.shape[0] // 4, frame.shape[1] // 4
    grey = np.ascontiguousarray(frame[height:-height, width:-width, 1])
    nearer, further = _tiles(grey[1:-1], grey[:-2]), _tiles(grey[2:], grey[:-2])
    lively = nearer >= _LIVELY
    combs = lively & (nearer >= _COMB * further)
    if combs.any():
        beside, beyond = _tiles(grey[:, 1:-1], grey[:, :-2]), _tiles(grey[:, 2:], grey[:, :-2])
        size = (combs.shape[1], combs.shape[0])
        combs &= cv2.resize(beside, size) < _ALONG * cv2.resize(beyond, size)
    return int(combs.sum()), int(lively.sum())


def _tiles(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean difference of two pictures in each tile."""
    apart = cv2.absdiff(one, other)
    size = (apart.shape[1] // _TILE, apart.shape[0] // _TILE)
    return np.asarray(cv2.resize(apart, size, interpolation=cv2.INTER_AREA), np.float32)


def without_combs(frames_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frames with every other line made up from the lines above and below it."""
    whole = frames_rgb.copy()
    above, below = frames_rgb[:, :-2:2], frames_rgb[:, 2::2]
    whole[:, 1:-1:2] = (above // 2 + below // 2 + ((above & 1) + (below & 1)) // 2).astype(np.uint8)
    if frames_rgb.shape[1] % 2 == 0:
        whole[:, -1] = whole[:, -2]
    return whole
