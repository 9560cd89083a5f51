"""Probabilities of chambers → masks and outlines of one frame, between the network's pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.tracing.chambers import CHAMBERS

FINER = 2  # mask pixels per pixel of the network, each way: probabilities say where in a pixel the border lies
_SIMPLER = 0.35  # network pixels that an outline may be off for fewer points
_FULL = 0.7  # quantile of the probabilities within a piece that counts as wholly in it
_RIM = 3  # network pixels around a piece in which its border may lie

Mask = NDArray[np.bool_]


def coarse_piece(probabilities: NDArray[np.float32], chamber: str) -> Mask:
    """Bool (S, S): the largest piece in which a chamber is most probable. probabilities: (classes, S, S)."""
    return largest_piece(probabilities.argmax(axis=0) == 1 + CHAMBERS.index(chamber))


def largest_piece(mask: Mask) -> Mask:
    """The largest connected piece of a mask."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(pieces == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def fine_mask(probabilities: NDArray[np.float32], chamber: str) -> Mask:
    """Bool (FINER·S, FINER·S): the chamber's largest piece, its border where another class is as probable.

    probabilities: float32 (classes, S, S) of one frame. Only the surroundings of the piece are looked at.
    """
    size = probabilities.shape[1]
    out = np.zeros((size * FINER, size * FINER), bool)
    place = 1 + CHAMBERS.index(chamber)
    rows, columns = np.nonzero(coarse_piece(probabilities, chamber))
    if not len(rows):
        return out
    top, bottom = max(0, int(rows.min()) - _RIM), min(size, int(rows.max()) + _RIM + 1)
    left, right = max(0, int(columns.min()) - _RIM), min(size, int(columns.max()) + _RIM + 1)
    part = probabilities[:, top:bottom, left:right]
    ahead = np.ascontiguousarray(part[place] - np.delete(part, place, axis=0).max(axis=0))
    wider = ((right - left) * FINER, (bottom - top) * FINER)
    fine = cv2.resize(ahead, wider, interpolation=cv2.INTER_CUBIC) > 0
    out[top * FINER : bottom * FINER, left * FINER : right * FINER] = largest_piece(np.asarray(fine))
    return out


def fine_labels(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """uint8 (FINER·S, FINER·S): 0, or 1 + the place of the chamber whose `fine_mask` it is."""
    size = probabilities.shape[1] * FINER
    labels = np.zeros((size, size), np.uint8)
    for chamber in ("myocardium", *(name for name in CHAMBERS if name != "myocardium")):
        labels[fine_mask(probabilities, chamber)] = 1 + CHAMBERS.index(chamber)
    return labels


def outline(mask: Mask) -> NDArray[np.float64]:
    """(n, 2) x and y of the border of a fine mask in network pixels; empty where it is empty."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 2))
    longest = max(contours, key=cv2.contourArea)
    simple = cv2.approxPolyDP(longest, _SIMPLER * FINER, closed=True)
    return np.asarray((simple[:, 0].astype(np.float64) + 0.5) / FINER)


def soft_area(probability: NDArray[np.float32], piece: Mask) -> tuple[float, float]:
    """(area in network pixels, mean probability within) of a chamber: its border counts by its share.

    probability: (S, S) of the chamber. piece: its coarse mask.
    """
    if not piece.any():
        return 0.0, 0.0
    around = cv2.dilate(piece.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    full = float(np.quantile(probability[piece], _FULL))
    return float(np.minimum(probability[around] / full, 1.0).sum()), float(probability[piece].mean())
