"""The published mask: the convex hull of what changes and shines, found as EchoPrime finds it. Kept for parity only.

Differences, both on purpose: the count of lit frames does not wrap at 256, and where no hull is found this returns None
instead of the unmasked frames. Source: design section 6.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601 luma
_ROUNDS = 10  # erosions and dilations with a 3×3 square
_CORNER_PX = 20  # the upper-left square that is ignored: some machines blink there
_KERNEL = np.ones((3, 3), np.uint8)


def hull_mask(frames: torch.Tensor) -> NDArray[np.bool_] | None:
    """The pixels that the published pipeline keeps, bool (H, W); None where it finds no region.

    frames: uint8 (T, H, W, 3) RGB on any device.
    """
    ever_lit, changed = (part.cpu().numpy() for part in lit_and_changed(frames))
    changed[:_CORNER_PX, :_CORNER_PX] = False
    core = cv2.erode(ever_lit.astype(np.uint8), _KERNEL, iterations=_ROUNDS) & changed.astype(np.uint8)
    blob = cv2.dilate(core, _KERNEL, iterations=_ROUNDS).astype(np.uint8)
    inside = _not_reached_from_corner(_with_hulls(_not_reached_from_corner(blob)))
    # A hull over the corner turns inside and outside round, and the whole text would stay.
    return inside > 0 if inside.any() and not inside.all() and not blob[0, 0] else None


def lit_and_changed(frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(lit in any frame, first ≠ last frame), both bool (H, W), of the frames turned grey. Stays on their device.

    Grey rounds to 1 or more from R = 2, G = 1 or B = 5 on, or from R = 1 with B = 2: so bytes are compared and no frame
    but the two ends is ever turned grey.
    """
    brightest = frames.amax(dim=0)
    lit = (brightest >= torch.tensor([2, 1, 5], device=frames.device)).any(dim=-1)
    lit = lit | ((frames[..., 0] >= 1) & (frames[..., 2] >= 2)).any(dim=0)
    ends = _grey(torch.stack((frames[0], frames[-1])))
    return lit, ends[0] != ends[1]


def _grey(frames: torch.Tensor) -> torch.Tensor:
    """float32 (t, H, W) whole grey levels."""
    red, green, blue = frames.float().unbind(-1)
    return (red * _GREY_WEIGHTS[0] + green * _GREY_WEIGHTS[1] + blue * _GREY_WEIGHTS[2]).round_()


def _not_reached_from_corner(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where a flood from (0, 0) over equal pixels does not come, else 0."""
    flooded = picture.copy()
    cv2.floodFill(flooded, None, (0, 0), 100)
    return np.where(flooded != 100, 255, 0).astype(np.uint8)


def _with_hulls(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where the picture is lit or a convex hull of one of its contours passes (3 px wide), else 0."""
    contours, _ = cv2.findContours(picture, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    drawn = picture.copy()
    for contour in contours:
        cv2.drawContours(drawn, [cv2.convexHull(contour)], -1, 255, 3)
    return (drawn > 0).astype(np.uint8)
