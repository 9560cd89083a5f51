"""Whether bright means much echo, as it must: what gives no echo is black, in the sector and mostly around it.

A picture may come inverted: MONOCHROME1 that is stated and not so (or so and not stated), a video filter, a negative
grey map. A bright screen alone says nothing: some programs have a light background around a sector as it should be.
"""

from dataclasses import replace
from enum import Enum, auto
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import Clip, ClipWarning, SkipReason

INVERTED: Final = ClipWarning(
    "picture_inverted", "The picture came inverted, bright where there is no echo; its grey levels were turned round."
)
_LOOKED_AT: Final = 8  # frames
_SIDE: Final = 160  # pixels of the longer side that are looked at
_STILL: Final = 8  # grey levels over time; compression changes a screen by less
_SURROUNDS: Final = 0.05  # of the picture: with less that is still there is no screen around the sector
# Shares of grey levels in sectors: chosen on six rendered clips, four of them with 14 dB too much gain, and nine
# real ones.
_BRIGHT_SCREEN: Final = 128
_SCREEN_RANGE: Final = 24  # grey levels about the screen's: shades of one background
_SCREEN_PIECE: Final = 0.01  # of the picture: a smaller still and bright patch may be tissue
_DARK, _BRIGHT = 40, 215  # what a sector has much of: at or below when it is right, at or above when it is inverted
_INVERTED_MEDIAN: Final = 140
_RIGHT_MEDIAN: Final = 120
_WHITE, _BLACK = 235, 20
_WHITE_SHARE: Final = 0.08  # of a sector: air and cavities that are white
_WHITE_TO_BLACK: Final = 5
_WHITE_MEDIAN: Final = 160


class Polarity(Enum):
    """What a bright pixel means."""

    RIGHT = auto()
    ON_LIGHT_SCREEN = auto()  # right, and the screen is bright
    INVERTED = auto()
    UNCLEAR = auto()  # the screen is bright, and the sector tells neither


def polarity_of(frames: torch.Tensor) -> Polarity:
    """What the grey levels of a cine mean; a picture on a dark screen is right until its sector is looked at.

    frames: uint8 (T, H, W, 3).
    """
    every = max(1, max(frames.shape[1:3]) // _SIDE)
    grey = _grey(frames[:, ::every, ::every])
    still = grey.max(axis=0) - grey.min(axis=0) <= _STILL
    if (screen := _screen_level(grey, still)) is None or screen < _BRIGHT_SCREEN:
        return Polarity.RIGHT
    inside = _largest_region(~still)
    return Polarity.ON_LIGHT_SCREEN if inside is None else _of_sector(grey[:, inside])


def turned_round(clip: Clip) -> Clip:
    """An inverted clip as it should be, with a warning."""
    return replace(clip, frames_rgb=255 - clip.frames_rgb, warnings=(*clip.warnings, INVERTED))


def with_dark_screen(frames: torch.Tensor) -> torch.Tensor:
    """The frames with a bright screen blackened, so that it leaves no rim around the sector; a dark one as it is.

    frames: uint8 (T, H, W, 3).
    """
    grey = _grey(frames)
    still = grey.max(axis=0) - grey.min(axis=0) <= _STILL
    screen = _screen_level(grey, still)
    if screen is None or screen < _BRIGHT_SCREEN:
        return frames
    alike = (still & (np.abs(grey[0] - screen) <= _SCREEN_RANGE)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(alike, connectivity=4)
    wide = stats[:, cv2.CC_STAT_AREA] >= _SCREEN_PIECE * alike.size
    wide[0] = False  # all the rest
    blackened = cv2.dilate(wide[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return frames * torch.from_numpy(1 - blackened)[..., None].to(frames.device)


def _grey(frames: torch.Tensor) -> NDArray[np.float32]:
    """float32 (t, H, W): some frames, evenly over the cine, the mean of their channels."""
    rows = torch.linspace(0, len(frames) - 1, min(_LOOKED_AT, len(frames))).long().to(frames.device)
    return np.asarray(frames.index_select(0, rows).float().mean(dim=-1).cpu().numpy(), np.float32)


def _screen_level(grey: NDArray[np.float32], still: NDArray[np.bool_]) -> float | None:
    """The grey level of what is still; None where hardly anything is: a picture without a screen around it."""
    return None if still.mean() < _SURROUNDS else float(np.median(grey[:, still]))


def _of_sector(grey: NDArray[np.float32]) -> Polarity:
    """The same of a sector on a bright screen. grey: its levels."""
    median, dark, bright = np.median(grey), (grey <= _DARK).mean(), (grey >= _BRIGHT).mean()
    if median >= _INVERTED_MEDIAN and bright > dark:
        return Polarity.INVERTED
    return Polarity.ON_LIGHT_SCREEN if median <= _RIGHT_MEDIAN and dark >= bright else Polarity.UNCLEAR


def _largest_region(moving: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The convex hull of the largest moving region: a sector with its cavities. None where hardly anything moves."""
    closed = cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return None
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    filled = cv2.fillConvexPoly(np.zeros(moving.shape, np.uint8), hull, 1)
    return np.asarray(filled > 0)


def check_polarity(frame_rgb: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> None:
    """Raises ClipRejected where what gives no echo is white inside the sector. mask: bool (H, W), None: everything."""
    grey = frame_rgb[::2, ::2].mean(axis=-1) if mask is None else frame_rgb[::2, ::2][mask[::2, ::2]].mean(axis=-1)
    white, black = (grey >= _WHITE).mean(), (grey <= _BLACK).mean()
    if white >= _WHITE_SHARE and white >= _WHITE_TO_BLACK * black and np.median(grey) >= _WHITE_MEDIAN:
        text = "what gives no echo is white in the sector: the grey levels are inverted, or the gain is far too high"
        raise ClipRejected(SkipReason.WRONG_COLOURS, text)


def check_clear(polarity: Polarity) -> None:
    """Raises ClipRejected where it could not be told whether the picture is inverted."""
    if polarity is Polarity.UNCLEAR:
        text = "the background is bright, and it cannot be told whether the picture is inverted"
        raise ClipRejected(SkipReason.WRONG_COLOURS, text)
