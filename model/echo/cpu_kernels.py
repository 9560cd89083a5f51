"""The reductions of preprocessing on a CPU, by OpenCV: each equals its torch twin bit for bit and takes less time.

Values are bytes, or sums of bytes that float32 holds exactly, so that the order of summation cannot matter.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels, x1 and y1 exclusive; may reach beyond the picture
_SQUARE = np.ones((3, 3), np.uint8)


def brightest_channel(frames: torch.Tensor, index: Sequence[int]) -> torch.Tensor:
    """uint8 (n, H, W): the largest of each pixel's channels in the frames at `index`.

    frames: uint8 (T, H, W, 3). Twin: `amax(dim=3)`.
    """
    if frames.device.type != "cpu":
        return frames[torch.tensor([*index], device=frames.device)].amax(dim=3)
    brightest = np.empty((len(index), *frames.shape[1:3]), np.uint8)
    for row, found in zip(index, brightest, strict=True):
        found[:] = _brightest(frames[row].numpy())
    return torch.from_numpy(brightest)


def _brightest(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (H, W): the largest of three bytes in a row, of which every third begins a pixel."""
    levels = picture.reshape(len(picture), -1)
    pairs = cv2.max(levels[:, :-2], levels[:, 1:-1])
    return np.asarray(cv2.max(pairs, levels[:, 2:], dst=pairs), np.uint8)[:, ::3]


def area_means(pictures: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float32 (T, h, w): means over the source pixels that each pixel of the smaller picture touches.

    pictures: uint8 (T, H, W), no smaller than size, which is 2×2 at least. Twin: torch's `interpolate(mode="area")`,
    whose windows overlap where the sizes do not divide.
    """
    if pictures.device.type != "cpu":
        return torch.nn.functional.interpolate(pictures[:, None].float(), size=size, mode="area")[:, 0]
    (top, bottom), (left, right) = (_windows(long, short) for long, short in zip(pictures.shape[1:], size, strict=True))
    heights, widths = (bottom - top).astype(np.float32)[:, None], (right - left).astype(np.float32)
    means = np.empty((len(pictures), *size), np.float32)
    for picture, mean in zip(pictures.numpy(), means, strict=True):
        table = cv2.integral(picture)  # int32; where it wraps, the differences are right all the same
        rows = table[bottom] - table[top]
        sums = np.take(rows, right, axis=1) - np.take(rows, left, axis=1)
        np.divide(sums.astype(np.float32) / heights, widths, out=mean)
    return torch.from_numpy(means)


def _windows(long: int, short: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the windows of a smaller side begin and end."""
    places = np.arange(short)
    return places * long // short, -(-(places + 1) * long // short)


def opened(pictures: torch.Tensor) -> torch.Tensor:
    """float32 (T, h, w): the brightest 3×3 square that each pixel lies in, by its darkest pixel (an opening).

    Beyond the border there is nothing. Twin: two `max_pool2d`, the first of the negative.
    """
    if pictures.device.type != "cpu":
        return _dilated(-_dilated(-pictures))
    darkest = np.empty(tuple(pictures.shape), np.float32)
    for picture, found in zip(pictures.numpy(), darkest, strict=True):
        cv2.morphologyEx(picture, cv2.MORPH_OPEN, _SQUARE, dst=found)
    return torch.from_numpy(darkest)


def brightest_crops(
    frames: torch.Tensor, index: Sequence[int], box: Box, mask: torch.Tensor | None, every: int
) -> torch.Tensor:
    """uint8 (n, h, w): the brightest channel of what `preprocess.cropped` gives, on any device.

    It is taken first, of the rows that are looked at, because it commutes with cutting and masking.
    """
    rows, columns, beyond = cut_out(frames, box, every)
    part = brightest_channel(frames[:, rows, columns.start : columns.stop], index)[:, :, ::every]
    if mask is not None:
        part = part * mask[rows, columns]
    return torch.nn.functional.pad(part, beyond) if any(beyond) else part


def cut_out(frames: torch.Tensor, box: Box, every: int) -> tuple[slice, slice, list[int]]:
    """(rows, columns) of the box within the picture, and the pixels (left, right, above, below) beyond it."""
    x0, y0, x1, y1 = box
    height, width = frames.shape[1:3]
    beyond = [max(0, over) // every for over in (-x0, x1 - width, -y0, y1 - height)]
    return slice(max(0, y0), min(height, y1), every), slice(max(0, x0), min(width, x1), every), beyond


def masked_crops(frames: torch.Tensor, index: Sequence[int], box: Box, mask: torch.Tensor) -> torch.Tensor:
    """uint8 (n, h, w, 3): the box of the frames at `index`, black outside the mask and beyond the picture.

    frames: uint8 (T, H, W, 3) on the CPU. mask: bool (H, W). Twin: `preprocess.cropped`.
    """
    rows, columns, (left, _, above, _) = cut_out(frames, box, 1)
    shown = mask[rows, columns].byte().numpy()
    crops = np.zeros((len(index), box[3] - box[1], box[2] - box[0], 3), np.uint8)
    inner = crops[:, above : above + shown.shape[0], left : left + shown.shape[1]]
    for row, crop in zip(index, inner, strict=True):
        part = frames[row, rows, columns].numpy()
        cv2.bitwise_and(part, part, dst=crop, mask=shown)
    return torch.from_numpy(crops)


def _dilated(pictures: torch.Tensor) -> torch.Tensor:
    """(T, h, w) maximum over 3×3 neighbourhoods."""
    return torch.nn.functional.max_pool2d(pictures[:, None], 3, stride=1, padding=1)[:, 0]
