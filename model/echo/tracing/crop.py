"""The part of a clip that the tracer reads: a square as high as the sector, so that no pixel is spent beside it."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.cpu_kernels import Box
from model.echo.sector_geometry.pictures import Shown

# Side of the square in heights of the sector. A sector of 90° is 1.41 times as wide as high, and the heart does not
# reach into its lower corners: what is left out there gives every other pixel a third more detail.
HEIGHTS = 1.06


@dataclass(frozen=True)
class CropPlace:
    """Where a square of `size` pixels lies in the clip's own frames.

    box: (x0, y0, x1, y1) of square pixels. scale: the file's own pixels per square pixel, across and down.
    """

    box: Box
    size: int
    upside_down: bool = False
    mirrored: bool = False
    scale: tuple[float, float] = (1.0, 1.0)

    def to_source(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) x and y in the file's pixels of points (n, 2) in the square's; a pixel's centre is at + 0.5."""
        share = np.asarray(points, np.float64) / self.size
        if self.mirrored:
            share[:, 0] = 1 - share[:, 0]
        if self.upside_down:
            share[:, 1] = 1 - share[:, 1]
        x0, y0, x1, y1 = self.box
        return np.asarray((share * (x1 - x0, y1 - y0) + (x0, y0)) * self.scale)

    @property
    def source_pixels(self) -> float:
        """Square pixels of the clip per pixel of the square."""
        return (self.box[2] - self.box[0]) / self.size


def tracer_box(shown: Shown) -> Box:
    """The square that the tracer reads of a picture."""
    if shown.mask is None:
        return shown.box
    mask = shown.mask.cpu()
    rows, columns = mask.any(dim=1).nonzero().flatten(), mask.any(dim=0).nonzero().flatten()
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    side = round(HEIGHTS * (y1 - y0))
    middle = (x0 + x1) / 2
    if shown.fan is not None and x1 - x0 > side:
        middle = min(max(shown.fan.apex_x, x0 + side / 2), x1 - side / 2)
    left, top = round(middle - side / 2), round((y0 + y1 - side) / 2)
    return left, top, left + side, top + side


def tracer_frames(frames: torch.Tensor, rows: tuple[int, ...], shown: Shown, place: CropPlace) -> NDArray[np.uint8]:
    """uint8 (n, S, S) grey: the frames at `rows` masked, cut out and reduced as antialiasing would.

    frames: uint8 (T, H, W, 3) RGB.
    """
    height, width = frames.shape[1:3]
    x0, y0, x1, y1 = place.box
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    mask = None if shown.mask is None else shown.mask[top:bottom, left:right].byte().cpu().numpy()
    beyond = (top - y0, y1 - bottom, left - x0, x1 - right)
    out = np.empty((len(rows), place.size, place.size), np.uint8)
    for number, row in enumerate(rows):
        part = frames[row, top:bottom, left:right].cpu().numpy()
        if mask is not None:
            part = cv2.bitwise_and(part, part, mask=mask)
        if any(beyond):
            part = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_CONSTANT)
        small = cv2.resize(part, (place.size, place.size), interpolation=cv2.INTER_AREA)
        out[number] = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    out = out[:, ::-1] if place.upside_down else out
    return np.ascontiguousarray(out[:, :, ::-1] if place.mirrored else out)
