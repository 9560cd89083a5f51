"""What may be shown of a clip: the mask and the crop of each picture in it, and how it is turned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import torch

from model.echo.preprocessing.cpu_kernels import Box
from model.echo.preprocessing.fan import Fan
from model.echo.preprocessing.hull_mask import hull_mask
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.sector import Liveliness, Sector, is_live, look_at, looked_at
from model.echo.preprocessing.windows import Window, windows_in
from model.echo.sector_geometry.beams import TELLING, downwards_to_sideways
from model.echo.sector_geometry.finding import fills_a_rectangle, on_its_side, regions_of
from model.echo.sector_geometry.fitting import agreement, fits_on_its_side, may_lie_on_its_side
from model.echo.sector_geometry.sectors import Cine, sectors_of
from model.echo.sector_geometry.stated import separate_boxes
from model.errors import ClipRejected
from model.study import Clip, SkipReason

_NO_SECTOR = "no ultrasound sector was found, so burned-in text cannot be ruled out"
_ZOOMED = (
    "a zoomed view without a sector's edges, or noise over the whole picture, and no 2D region is stated that it "
    "fills, so burned-in text cannot be ruled out"
)


@dataclass(frozen=True, eq=False)
class Shown:
    """The part of the picture that is read.

    mask: bool (H, W) on the device, None where everything is shown. box: what is cropped.
    fan: the sector's geometry, None where it was not fitted.
    upside_down, mirrored: how the crop is turned after it was cut, so that the probe is above and the marker right.
    """

    mask: torch.Tensor | None
    box: Box
    fan: Fan | None = None
    upside_down: bool = False
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One of the pictures in a clip's frames. panel: 1-based in reading order, None where there is only one.

    shown: None where the header names a 2D region here, but no moving sector is found in it.
    """

    panel: int | None
    shown: Shown | None


def mask_frames(total: int, windows: Sequence[Window], config: EchoPreprocessing) -> tuple[int, ...]:
    """Numbers of the frames that the mask is found in, ascending; the fan's are among those that are read anyway."""
    if config.mask == "fan":
        read = sorted({frame for window in windows for frame in window.present})
        return tuple(read[place] for place in looked_at(len(read)))
    return tuple(range(total)) if config.mask_frames == "all" else tuple(sorted({*windows[0].present, total - 1}))


def shown_of(clip: Clip, frames: torch.Tensor, config: EchoPreprocessing) -> Shown:
    """What may be shown of a clip of one picture. Raises ClipRejected as `pictures_of`, and for several pictures."""
    found = pictures_of(clip, frames, config)
    if len(found) > 1 or found[0].shown is None:
        _reject(SkipReason.SECTOR_NOT_FOUND, f"{len(found)} pictures in a frame")
    return found[0].shown


def pictures_of(clip: Clip, frames: torch.Tensor, config: EchoPreprocessing) -> tuple[Picture, ...]:
    """What may be shown of each picture in the clip. Raises ClipRejected where text cannot be ruled out: fails closed.

    frames: uint8 (T, H, W, 3) all that were read, on the device.
    """
    height, width = clip.frames_rgb.shape[1:3]
    centre = centre_box(height, width, config.crop_fraction)
    if clip.source not in config.masked_sources:
        return (Picture(None, Shown(None, centre)),)
    windows = windows_in(clip, config)
    rows = clip.rows_of(mask_frames(clip.length, windows, config))
    if config.mask == "hull":
        return _hull_pictures(clip, _rows(frames, rows), config)
    seen = look_at(frames, rows)
    stated = clip.regions_2d or (() if clip.sector_box is None else (clip.sector_box,))
    sectors = sectors_of(Cine(frames, rows), seen, stated)
    if not sectors:
        return (Picture(None, _without_sector(clip, seen, centre)),)
    several = len(sectors) > 1
    for sector in sectors:
        if sector is not None:
            _check_upright(frames, sector, None if several else seen)
    return tuple(
        Picture(number if several else None, None if sector is None else _shown(sector, frames.device, config, centre))
        for number, sector in enumerate(sectors, start=1)
    )


def _shown(sector: Sector, device: torch.device, config: EchoPreprocessing, centre: Box) -> Shown:
    """What is shown of a sector."""
    box = centre if config.crop == "centre" else square_box(sector.box, config.crop_fraction)
    upside_down = sector.fan is not None and sector.fan.upside_down
    return Shown(torch.from_numpy(sector.mask).to(device), box, sector.fan, upside_down, sector.mirrored)


def _check_upright(frames: torch.Tensor, sector: Sector, alone: Liveliness | None) -> None:
    """Raises ClipRejected where a sector lies on its side: by its speckle, by its outline where that says nothing.

    Pixels that are not square and do not say so change the speckle too; then the outline contradicts.
    alone: of a frame that shows one picture.
    """
    told = downwards_to_sideways(frames, sector.mask)
    if told >= TELLING:
        return
    if alone is None or sector.fan is None:
        is_turned = told < -TELLING
    else:
        region = regions_of(is_live(alone))[0]
        fits = agreement(sector.fan.scaled(1 / alone.scale), region)
        is_turned = may_lie_on_its_side(region, fits, told) if told < -TELLING else fits_on_its_side(region, fits)
    if is_turned:
        raise on_its_side()


def _without_sector(clip: Clip, seen: Liveliness, centre: Box) -> Shown:
    if seen.still:
        _reject(SkipReason.STATIC, "nothing moves: not a cine of a heart")
    if fills_a_rectangle(is_live(seen)):
        return _unmasked(clip, centre, _ZOOMED)
    return _unmasked(clip, centre)


def _hull_pictures(clip: Clip, frames: torch.Tensor, config: EchoPreprocessing) -> tuple[Picture, ...]:
    """The published mask and crop, of each of several 2D regions that the header states or of the whole frame.

    frames: uint8 (t, H, W, 3) those in which the mask is found.
    """
    height, width = frames.shape[1:3]
    boxes = separate_boxes(clip.regions_2d)
    if len(boxes) > 1:
        shown = [_hull_shown(frames, box, config) for box in boxes]
        return tuple(Picture(number, part) for number, part in enumerate(shown, start=1))
    whole = _hull_shown(frames, (0, 0, width, height), config)
    return (Picture(None, whole or _unmasked(clip, centre_box(height, width, config.crop_fraction))),)


def _hull_shown(frames: torch.Tensor, part: Box, config: EchoPreprocessing) -> Shown | None:
    """The published mask and crop of a part of the frames, None where there is no hull."""
    x0, y0, x1, y1 = part
    hull = hull_mask(frames[:, y0:y1, x0:x1])
    if hull is None:
        return None
    mask = torch.zeros(frames.shape[1:3], dtype=torch.bool)
    mask[y0:y1, x0:x1] = torch.from_numpy(hull)
    left, top, right, bottom = centre_box(y1 - y0, x1 - x0, config.crop_fraction)
    return Shown(mask.to(frames.device), (x0 + left, y0 + top, x0 + right, y0 + bottom))


def _rows(frames: torch.Tensor, rows: Iterable[int]) -> torch.Tensor:
    """The frames at those ascending rows; the frames themselves where they are all."""
    index = torch.tensor([*rows], device=frames.device)
    return frames if len(index) == len(frames) else frames.index_select(0, index)


def _unmasked(clip: Clip, box: Box, text: str = _NO_SECTOR) -> Shown:
    """Everything, where the header declares that no text is burned in; else raises ClipRejected."""
    if not clip.text_declared_absent:
        _reject(SkipReason.SECTOR_NOT_FOUND, text)
    return Shown(None, box)


def centre_box(height: int, width: int, fraction: float) -> Box:
    """The centred square of the picture, a fraction of its sides cut off on each side.

    The square's margin is rounded and the cut truncated, each side alike, as the published pipeline does.
    """
    margin = round(abs(width - height) / 2)
    x0, y0 = (margin, 0) if width > height else (0, margin)
    x1, y1 = width - x0, height - y0
    cut_x, cut_y = int((x1 - x0) * fraction), int((y1 - y0) * fraction)
    return x0 + cut_x, y0 + cut_y, x1 - cut_x, y1 - cut_y


def square_box(box: Box, fraction: float) -> Box:
    """The square around a box, a fraction of its side cut off on each side; it may reach beyond the picture."""
    x0, y0, x1, y1 = box
    side = max(x1 - x0, y1 - y0)
    left, top = (x0 + x1 - side) // 2, (y0 + y1 - side) // 2
    cut = int(side * fraction)
    return left + cut, top + cut, left + side - cut, top + side - cut


def _reject(reason: SkipReason, text: str) -> NoReturn:
    raise ClipRejected(reason, text)
