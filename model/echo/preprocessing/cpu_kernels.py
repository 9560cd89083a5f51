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
    find = _Brightest(*frames.shape[1:3])
    for row, found in zip(index, brightest, strict=True):
        find(frames[row].numpy(), found)
    return torch.from_numpy(brightest)


class _Brightest:
    """The largest of three channels, one picture after the other of the same size; new memory costs more than work."""

    def __init__(self, height: int, width: int) -> None:
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]

    def __call__(self, picture: NDArray[np.uint8], found: NDArray[np.uint8]) -> None:
        """Writes into `found`, uint8 (h, w), what is brightest of the picture, uint8 (h, w, 3)."""
        red, green, blue = cv2.split(picture, self._planes)
        cv2.max(cv2.max(red, green, dst=red), blue, dst=found)


def area_means(pictures: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """float32 (T, h, w): means over the source pixels that each pixel of the other picture touches.

    pictures: uint8 (T, H, W). size: 2×2 at least. Twin: torch's `interpolate(mode="area")`, whose windows overlap where
    the sizes do not divide.
    """
    if pictures.device.type != "cpu":
        return torch.nn.functional.interpolate(pictures[:, None].float(), size=size, mode="area")[:, 0]
    means = np.empty((len(pictures), *size), np.float32)
    average = _AreaMean(pictures.shape[1:], size)
    for picture, mean in zip(pictures.numpy(), means, strict=True):
        average(picture, mean)
    return torch.from_numpy(means)


class _AreaMean:
    """Means over windows of one picture after the other, from its table of sums."""

    def __init__(self, long: Sequence[int], short: Sequence[int]) -> None:
        (top, bottom), (left, right) = (_windows(*sides) for sides in zip(long, short, strict=True))
        self._rows, self._columns = (bottom, top), (right, left)
        self._heights = (bottom - top).astype(np.float32)[:, None]
        self._widths = (right - left).astype(np.float32)
        self._table = np.empty([side + 1 for side in long], np.int32)
        self._strips = np.empty((2, short[0], long[1] + 1), np.int32)
        self._sums = np.empty((2, *short), np.int32)

    def __call__(self, picture: NDArray[np.uint8], mean: NDArray[np.float32]) -> None:
        """Writes into `mean`, float32 (h, w), the means of the picture, uint8 (H, W)."""
        cv2.integral(picture, sum=self._table)  # where it wraps, the differences are right all the same
        strips = _difference(self._table, self._rows, 0, self._strips)
        sums = _difference(strips, self._columns, 1, self._sums)
        np.divide(sums, self._heights, out=mean, dtype=np.float32, casting="unsafe")  # else it divides as float64
        np.divide(mean, self._widths, out=mean)


def _windows(long: int, short: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the windows of the other side begin and end."""
    places = np.arange(short)
    return places * long // short, -(-(places + 1) * long // short)


def _difference(
    table: NDArray[np.int32],
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    axis: int,
    into: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The table at the first places of an axis less that at the second, in the first of the two `into`."""
    for place, part in zip(places, into, strict=True):
        np.take(table, place, axis=axis, out=part, mode="clip")  # any other mode copies through a buffer
    difference: NDArray[np.int32] = into[0]
    difference -= into[1]
    return difference


def brightness(
    frames: torch.Tensor, index: Sequence[int], size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(area means float32 (n, h, w), darkest uint8 (H, W), brightest uint8 (H, W)) of the frames' brightest channel.

    frames: uint8 (T, H, W, 3). The extremes are over the frames at `index`. One frame after the other, so that each is
    still in the cache at every step. Twin: `brightest_channel`, then `area_means`, `amin(dim=0)` and `amax(dim=0)`.
    """
    if frames.device.type != "cpu":
        greys = brightest_channel(frames, index)
        return area_means(greys, size), greys.amin(dim=0), greys.amax(dim=0)
    height, width = frames.shape[1:3]
    means = np.empty((len(index), *size), np.float32)
    low, high = np.full((height, width), 255, np.uint8), np.zeros((height, width), np.uint8)
    grey = np.empty((height, width), np.uint8)
    find, average = _Brightest(height, width), _AreaMean((height, width), size)
    for row, mean in zip(index, means, strict=True):
        find(frames[row].numpy(), grey)
        cv2.min(low, grey, dst=low)
        cv2.max(high, grey, dst=high)
        average(grey, mean)
    return torch.from_numpy(means), torch.from_numpy(low), torch.from_numpy(high)


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
    shown = mask[rows, columns].byte().mul_(255)[..., None].expand(-1, -1, 3).contiguous().numpy()  # all bits
    crops = np.zeros((len(index), box[3] - box[1], box[2] - box[0], 3), np.uint8)
    inner = crops[:, above : above + shown.shape[0], left : left + shown.shape[1]]
    for row, crop in zip(index, inner, strict=True):
        part = frames[row, rows, columns].numpy()
        cv2.bitwise_and(part, shown, dst=crop)
    return torch.from_numpy(crops)


def _dilated(pictures: torch.Tensor) -> torch.Tensor:
    """(T, h, w) maximum over 3×3 neighbourhoods."""
    return torch.nn.functional.max_pool2d(pictures[:, None], 3, stride=1, padding=1)[:, 0]
