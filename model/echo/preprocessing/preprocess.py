"""Clip → model input: mask, choose a window, crop, resize, normalise. One function serves training and service."""

from dataclasses import replace
from typing import NoReturn

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.clip_checks import check_frames, check_window
from model.echo.preprocessing.combing import COMBED, with_whole_lines
from model.echo.preprocessing.cpu_kernels import brightest_crops, cut_out, masked_crops
from model.echo.preprocessing.dithering import check_not_dithered
from model.echo.preprocessing.joined_views import of_one_view
from model.echo.preprocessing.polarity import (
    INVERTED,
    Polarity,
    check_clear,
    check_polarity,
    polarity_of,
    turned_round,
    with_dark_screen,
)
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing, Quality
from model.echo.preprocessing.view_frames import view_frames
from model.echo.preprocessing.windows import (
    SCORE_SIZE,
    Window,
    WindowScore,
    frames_covered,
    in_rows,
    reduced,
    scores,
    windows_in,
    windows_of,
)
from model.echo.sector_geometry.boxes import is_within
from model.echo.sector_geometry.flow import shows_flow
from model.echo.sector_geometry.pictures import Picture, Shown, mask_frames, pictures_of
from model.echo.sector_geometry.square_pixels import with_square_pixels
from model.echo.tracing.traced_picture import TracerCut
from model.errors import ClipRejected
from model.study import Clip, SkippedClip, SkipReason, Source

_DIM_CONTACT = 0.5  # grey levels, where flow is shown: a dim colour loop. Source: LOG 2026-11-29
_SMALLEST_SIDE = 32  # pixels; no sector can be told from less
_NOTICED_HERE = {INVERTED.code, COMBED.code, "views_joined"}  # warnings that no reader of files gives


def frames_needed(
    total: int, frame_rate_hz: float | None, source: Source, config: EchoPreprocessing
) -> tuple[int, ...]:
    """Numbers of the frames that `prepare_clip` looks at, ascending, of a clip of `total`; no others need decoding."""
    if frames_covered(total, frame_rate_hz, config) < config.min_frames:
        return (0,)  # it will be rejected by its length
    windows = windows_of(total, frame_rate_hz, config)
    needed = {frame for window in windows for frame in window.present}
    if source in config.masked_sources:
        needed.update(mask_frames(total, windows, config))
    return tuple(sorted(needed))


def prepare_clip(clip: Clip, config: EchoPreprocessing, device: torch.device) -> PreparedClip:
    """The clip of one picture as model input on the device. Raises ClipRejected as `prepare_pictures`, or for more."""
    prepared = prepare_pictures(clip, config, device)
    if len(prepared) > 1 or isinstance(prepared[0], SkippedClip):
        _reject(SkipReason.SECTOR_NOT_FOUND, f"{len(prepared)} pictures in a frame")
    return prepared[0]


def prepare_pictures(
    clip: Clip, config: EchoPreprocessing, device: torch.device, tracer_size: int | None = None
) -> tuple[PreparedClip | SkippedClip, ...]:
    """Each picture in the clip as model input on the device, in reading order, or why it is not used.

    tracer_size: pixels a side that the bundle's tracer reads; None where it has none.
    Raises ClipRejected with the reason the answer shows where the clip as a whole cannot be used.
    """
    check_frames(clip, config)
    if min(clip.frames_rgb.shape[1:3]) < _SMALLEST_SIDE:
        _reject(
            SkipReason.SECTOR_NOT_FOUND, f"a picture of {clip.frames_rgb.shape[2]}×{clip.frames_rgb.shape[1]} pixels"
        )
    cut = None if tracer_size is None else TracerCut(tracer_size, clip.frames_rgb.shape[1:3])
    clip, frames, pictures = shown_pictures(clip, config, device)
    if len(pictures) == 1 and pictures[0].shown is not None:
        return (_prepare(clip, frames, pictures[0].shown, config, cut),)
    return tuple(_prepare_or_reason(clip, frames, picture, config, cut) for picture in pictures)


def shown_pictures(
    clip: Clip, config: EchoPreprocessing, device: torch.device
) -> tuple[Clip, torch.Tensor, tuple[Picture, ...]]:
    """The clip as it is looked at, in square pixels and dark, its frames on the device, and the pictures in it.

    Raises ClipRejected as `prepare_pictures`.
    """
    check_not_dithered(clip.frames_rgb, config)
    clip = of_one_view(with_square_pixels(with_whole_lines(clip, config)), config)
    frames = _on_device(clip.frames_rgb, device)
    polarity = polarity_of(frames)
    if polarity is Polarity.INVERTED:
        clip = turned_round(clip)
        frames = _on_device(clip.frames_rgb, device)
    elif polarity is Polarity.ON_LIGHT_SCREEN:
        frames = with_dark_screen(frames)
    pictures = pictures_of(clip, frames, config)
    check_clear(polarity)
    return clip, frames, pictures


def _prepare_or_reason(
    clip: Clip, frames: torch.Tensor, picture: Picture, config: EchoPreprocessing, cut: TracerCut | None
) -> PreparedClip | SkippedClip:
    """One of several pictures as model input, or why it is not used."""
    try:
        if picture.shown is None:
            _reject(SkipReason.STATIC, "no moving sector in this 2D region")
        return replace(_prepare(clip, frames, picture.shown, config, cut), panel=picture.panel)
    except ClipRejected as rejected:
        text = f"picture {picture.panel} of the frame: {rejected.text}"
        return SkippedClip(clip.position, clip.sha256, rejected.reason, text, picture.panel)


def _prepare(
    clip: Clip, frames: torch.Tensor, shown: Shown, config: EchoPreprocessing, cut: TracerCut | None
) -> PreparedClip:
    """One picture of the clip as model input. Raises ClipRejected when no window can be used."""
    windows = windows_in(clip, config)
    rows = tuple(in_rows(clip, window) for window in windows)
    best = _choose(frames, shown, rows, config)
    check_window(clip, rows[best], config)
    check_polarity(clip.frames_rgb[rows[best].present[0]], None if shown.mask is None else shown.mask.cpu().numpy())
    flipped = config.dicom_colour_order == "bgr" and clip.source == "dicom"
    model_input = model_input_of(frames, shown, rows[best], config, bgr=flipped)
    view_input = model_input[:, view_frames(model_input, config)].transpose(0, 1).contiguous()
    return PreparedClip(
        position=clip.position,
        sha256=clip.sha256,
        model_input=model_input,
        view_input=view_input,
        start_frame=windows[best].start,
        source=clip.source,
        warnings=tuple(warning for warning in clip.warnings if warning.code in _NOTICED_HERE),
        traced=None if cut is None else cut.of(clip, frames, shown, windows[best].present, config),
    )


def crop(frames: torch.Tensor, index: torch.Tensor, shown: Shown, every: int = 1) -> torch.Tensor:
    """uint8 (n, h, w, C): the shown part of the frames at `index`, black outside the mask and beyond the picture.

    frames: uint8 (T, H, W, C). every: only each such row and column, for a look at lower resolution.
    """
    rows, columns, beyond = cut_out(frames, shown.box, every)
    part = frames[:, rows, columns].index_select(0, index)  # cut first: the rest is never copied
    if shown.mask is not None:
        part = part * shown.mask[rows, columns, None]
    return torch.nn.functional.pad(part, [0, 0, *beyond]) if any(beyond) else part


def model_input_of(
    frames: torch.Tensor, shown: Shown, window: Window, config: EchoPreprocessing, *, bgr: bool
) -> torch.Tensor:
    """float32 (3, F, S, S): the window's frames masked, cropped, resized, normalised and padded.

    frames: uint8 (T, H, W, 3) RGB.
    """
    if frames.device.type == "cpu" and not config.antialias and is_within(shown.box, frames.shape[1:3]):
        pixels = _pixels_by_opencv(frames, shown, window, config)
    else:
        if frames.device.type == "cpu" and shown.mask is not None:
            part = masked_crops(frames, window.present, shown.box, shown.mask)
        else:
            part = crop(frames, torch.tensor(window.present, device=frames.device), shown)
        pixels = resize(part.permute(0, 3, 1, 2), config).transpose(0, 1)  # channels last in memory; (3, n, S, S)
    pixels = pixels.flip(0) if bgr else pixels
    turns = [axis for axis, turned in ((-2, shown.upside_down), (-1, shown.mirrored)) if turned]
    clip = normalise(pixels.flip(turns) if turns else pixels, config)
    lacking = len(window.frames) - len(window.present)
    if not lacking:
        return clip.contiguous()
    if config.padding == "last_frame":
        return torch.cat((clip, clip[:, -1:].expand(-1, lacking, -1, -1)), dim=1)
    return torch.nn.functional.pad(clip, (0, 0, 0, 0, 0, lacking))


def _pixels_by_opencv(frames: torch.Tensor, shown: Shown, window: Window, config: EchoPreprocessing) -> torch.Tensor:
    """uint8 (3, n, S, S): the window's frames masked, cropped and resized, bicubic with a = −0.75, not antialiased.

    OpenCV reads the crop where it lies and takes one thread, so that it does not wait for those that decode the next
    clip. Slow twin: `crop` and `resize`, within one grey level.
    """
    x0, y0, x1, y1 = shown.box
    mask = None if shown.mask is None else shown.mask[y0:y1, x0:x1].byte().numpy()
    size = (config.image_size, config.image_size)
    pixels = np.empty((len(window.present), *size, 3), np.uint8)
    for number, row in enumerate(window.present):
        part = frames[row, y0:y1, x0:x1].numpy()
        if mask is not None:
            part = cv2.bitwise_and(part, part, mask=mask)
        cv2.resize(part, size, dst=pixels[number], interpolation=cv2.INTER_CUBIC)
    return torch.from_numpy(pixels).permute(3, 0, 1, 2)


def normalise(pixels: torch.Tensor, config: EchoPreprocessing) -> torch.Tensor:
    """float32 (3, F, S, S): grey levels 0..255 of that shape, less each channel's mean, over its deviation."""
    if pixels.device.type == "cpu":
        return _normalise_by_numpy(pixels, config)
    mean, std = (torch.tensor(values, device=pixels.device).view(3, 1, 1, 1) for values in (config.mean, config.std))
    return (pixels - mean) / std


def _normalise_by_numpy(pixels: torch.Tensor, config: EchoPreprocessing) -> torch.Tensor:
    """The same numbers in one thread and two passes, bytes or floats."""
    levels = pixels.numpy()
    clip = np.empty(levels.shape, np.float32)
    for channel, (mean, std) in enumerate(zip(config.mean, config.std, strict=True)):
        np.subtract(levels[channel], np.float32(mean), out=clip[channel], dtype=np.float32)
        clip[channel] /= np.float32(std)
    return torch.from_numpy(clip)


def resize(pictures: torch.Tensor, config: EchoPreprocessing) -> torch.Tensor:
    """float32 (n, 3, S, S) whole grey levels 0..255: bicubic, with a = −0.75 where not antialiased.

    pictures: uint8 (n, 3, h, w). Antialiased on the CPU, torch's byte kernel is 15 times as fast as its float one and
    within 4 grey levels of it (LOG 2026-11-22); other devices have no byte kernel.
    """
    size = (config.image_size, config.image_size)
    exact = not config.antialias or pictures.device.type != "cpu"
    scaled = torch.nn.functional.interpolate(
        pictures.float() if exact else pictures,
        size=size,
        mode="bicubic",
        align_corners=False,
        antialias=config.antialias,
    )
    return scaled.float().round_().clamp_(0, 255)


def window_scores(frames: torch.Tensor, shown: Shown, windows: tuple[Window, ...]) -> torch.Tensor:
    """float32 (W, 3) on the device: contact, coherence, motion of each window (see model.echo.preprocessing.windows).

    frames: uint8 (T, H, W, 3). Short windows hold their last frame.
    """
    filled = [(*window.present, *[window.present[-1]] * window.frames.count(None)) for window in windows]
    needed = sorted({frame for window in filled for frame in window})
    every = max(1, (shown.box[2] - shown.box[0]) // (4 * SCORE_SIZE))  # four pixels across a reduced one are enough
    grey = brightest_crops(frames, needed, shown.box, shown.mask, every)
    everything = torch.ones(1, *frames.shape[1:3], 1, dtype=torch.uint8, device=frames.device)
    mask = crop(everything, torch.zeros(1, dtype=torch.long, device=frames.device), shown, every)[0, ..., 0]
    pictures, share = reduced(grey, mask)
    row = {frame: place for place, frame in enumerate(needed)}
    order = torch.tensor([[row[frame] for frame in window] for window in filled], device=frames.device)
    return scores(pictures[order], share, _depth(shown, frames.shape[1]).to(frames.device))


def _depth(shown: Shown, height: int) -> torch.Tensor:
    """float32 (64, 64) of the crop: distance from the probe, 0..1 within the sector; by rows where no fan is known."""
    x0, y0, x1, y1 = shown.box
    y, x = np.mgrid[:SCORE_SIZE, :SCORE_SIZE] + 0.5
    if shown.fan is None:
        return torch.from_numpy(y / SCORE_SIZE).float()
    radius = shown.fan.depth(x0 + x * (x1 - x0) / SCORE_SIZE, y0 + y * (y1 - y0) / SCORE_SIZE, height)
    return torch.from_numpy(radius).float()


def _choose(frames: torch.Tensor, shown: Shown, windows: tuple[Window, ...], config: EchoPreprocessing) -> int:
    """Number of the best window. Raises ClipRejected when none shows tissue, or nothing moves where it does."""
    if config.quality is None:
        return 0
    found = [WindowScore(*row) for row in window_scores(frames, shown, windows).tolist()]
    quality = config.quality
    if not any(score.touches(quality) for score in found) and shows_flow(frames, windows[0].present, shown):
        quality = quality.model_copy(update={"min_contact": min(_DIM_CONTACT, quality.min_contact)})
    return best_window(found, quality)


def best_window(found: list[WindowScore], quality: Quality) -> int:
    """Number of the best window, the earliest of equals. Raises ClipRejected when none can be used."""
    touching = [number for number, score in enumerate(found) if score.touches(quality)]
    if not touching:
        _reject(SkipReason.NO_CONTACT, "no tissue is seen in any window: the probe had no contact, or this is noise")
    moving = [number for number in touching if found[number].moves(quality)]
    if not moving:
        _reject(SkipReason.STATIC, "nothing moves where tissue is seen: not a cine of a heart")
    return max(moving, key=lambda number: found[number].worth(quality))


def _reject(reason: SkipReason, text: str) -> NoReturn:
    raise ClipRejected(reason, text)


def _on_device(frames_rgb: NDArray[np.uint8], device: torch.device) -> torch.Tensor:
    """The frames as a tensor; shares memory on the CPU where numpy allows writing to it."""
    return torch.from_numpy(frames_rgb if frames_rgb.flags.writeable else frames_rgb.copy()).to(device)
