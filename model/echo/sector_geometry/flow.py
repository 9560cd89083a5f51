"""Whether colour flow is shown: flow needs contact, however dim the picture beneath it is."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from model.echo.sector_geometry.pictures import Shown

_SPAN = 24  # grey levels between a pixel's channels, in a dim loop too
_STRENGTH = 0.5  # of its brightness: tinted grey has a third of that
_AREA = 0.002  # of the shown pixels, in half of the frames looked at; single pixels are noise or compression
_LOOKED_AT = 4  # frames


def shows_flow(frames: torch.Tensor, rows: Sequence[int], shown: Shown) -> bool:
    """Coloured areas lie within what is shown, in at least half of the frames looked at.

    frames: uint8 (T, H, W, 3). rows: those of a window.
    """
    if shown.mask is None:
        return False
    mask = shown.mask.cpu().numpy()
    chosen = [rows[place] for place in np.linspace(0, len(rows) - 1, _LOOKED_AT).astype(int)]
    areas = []
    for row in chosen:
        red, green, blue = cv2.split(frames[row].cpu().numpy())
        bright, dark = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
        span = cv2.subtract(bright, dark)
        coloured = ((span >= _SPAN) & (span >= _STRENGTH * bright) & mask).astype(np.uint8)
        areas.append(cv2.countNonZero(cv2.morphologyEx(coloured, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))))
    return bool(np.median(areas) >= _AREA * mask.sum())
