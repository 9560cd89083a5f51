"""Which way the beams run, by the speckle alone: a scanner resolves depth better than width, so echoes lie across them.

In an upright sector grey levels change faster downwards than sideways, in one turned by 90° the other way round. The
outline says less: a sector of 90° on its side has straight edges where an upright one has them.
"""

from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.sector_geometry.boxes import bounds_of

_FRAMES: Final = 3  # that are looked at
_ROWS: Final = 400  # of the sector at most; larger ones are reduced, speckle is still resolved
_COLOURED: Final = 40  # between the brightest and the darkest channel: Doppler, which has no speckle
_AROUND: Final = np.ones((5, 5), np.uint8)
_STRONGEST: Final = 300.0  # of a gradient: a calcified wall counts no more than this
# Of `downwards_to_sideways`: beyond it to either side the speckle tells. Source: LOG L-084: upright rendered and real
# cines have 0.25 to 1.07, the same turned by 90° −0.23 to −1.0.
TELLING: Final = 0.2


def downwards_to_sideways(frames: torch.Tensor, mask: NDArray[np.bool_]) -> float:
    """The logarithm of the energy of grey levels' changes downwards over that of changes sideways, within the mask.

    frames: uint8 (T, H, W, 3). mask: bool (H, W). 0 where the mask is empty.
    """
    if not mask.any():
        return 0.0
    x0, y0, x1, y1 = bounds_of(mask)
    factor = max(1, round((y1 - y0) / _ROWS))
    size = (max(3, (x1 - x0) // factor), max(3, (y1 - y0) // factor))
    inside = cv2.resize(mask[y0:y1, x0:x1].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(inside, _AROUND, borderType=cv2.BORDER_CONSTANT, borderValue=0)  # its own edge is no echo
    down = across = 1.0
    for row in np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).astype(int):
        part = np.ascontiguousarray(frames[row, y0:y1, x0:x1].cpu().numpy())
        red, green, blue = cv2.split(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
        brightest, darkest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
        is_coloured = np.asarray(cv2.subtract(brightest, darkest)) > _COLOURED
        coloured = cv2.dilate(is_coloured.astype(np.uint8), _AROUND)
        counted = (np.asarray(inside) > 0) & (np.asarray(coloured) == 0)
        down += _energy(brightest, counted, 0, 1)
        across += _energy(brightest, counted, 1, 0)
    return float(np.log(down / across))


def _energy(grey: cv2.typing.MatLike, counted: NDArray[np.bool_], x: int, y: int) -> float:
    """The sum of squared gradients in a direction, none stronger than the strongest that counts."""
    gradient = np.clip(cv2.Sobel(grey, cv2.CV_32F, x, y, ksize=3)[counted], -_STRONGEST, _STRONGEST)
    return float(gradient @ gradient)
