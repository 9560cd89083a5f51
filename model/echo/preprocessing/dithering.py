"""Pictures of a few colours, dithered: neighbouring pixels of different colours that together make a grey.

GIFs are made so, and what is made from them. Speckle is replaced by the pattern of the colours then.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.errors import ClipRejected
from model.study import SkipReason

_LOOKED_AT: Final = 2  # frames
_VIVID: Final = 60  # grey levels between a pixel's channels, as of traces; tinted grey has less
_GREY: Final = 24  # of the mean around it: flow has a colour of its own there, a dithered grey has none
_AROUND: Final = 7  # pixels a side
# Of the picture is vivid, and of that so much is grey around. Source: LOG 2026-11-30, real clips through two palettes,
# rendered colour flow.
_SHARE: Final = 0.01
_OF_VIVID: Final = 0.5


def check_not_dithered(frames_rgb: NDArray[np.uint8], config: EchoPreprocessing) -> None:
    """Raises ClipRejected where greys are made of dithered colours. frames_rgb: uint8 (T, H, W, 3)."""
    rows = np.linspace(0, len(frames_rgb) - 1, _LOOKED_AT + 2).astype(int)[1:-1]
    if config.quality is not None and all(_is_dithered(frames_rgb[row]) for row in rows):
        text = (
            "its greys are made of pixels of different colours, dithered as in a GIF or noise, so that there is no "
            "speckle to read; send the DICOM file or the video that it was made from"
        )
        raise ClipRejected(SkipReason.WRONG_COLOURS, text)


def _is_dithered(frame: NDArray[np.uint8]) -> bool:
    """Whether most of the vivid pixels of a frame (H, W, 3) lie where the mean is grey."""
    if (_span(frame[::2, ::4]) >= _VIVID).mean() < _SHARE:
        return False  # an eighth of the pixels tell that there is no colour
    vivid = _span(frame) >= _VIVID
    grey_around = _span(np.asarray(cv2.blur(frame, (_AROUND, _AROUND)), np.uint8)) < _GREY
    return bool(vivid.mean() >= _SHARE and (vivid & grey_around).sum() >= _OF_VIVID * vivid.sum())


def _span(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far each pixel's channels are apart."""
    red, green, blue = cv2.split(frame)
    return np.asarray(cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)))
