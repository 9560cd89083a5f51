"""Model input straight from states: the product's crop and sampling without writing a screen first."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.fan import Fan
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing, echoscribe_preprocessing
from model.echo.preprocessing.windows import windows_of
from scripts.rendered.phantom.anatomy.grid import BeamGrid
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.overlay import Screen
from scripts.rendered.phantom.scan.render import coloured, render_beams
from scripts.rendered.phantom.scan.scanner import ScanConverter, tint_table

_MARGIN = 0.0045  # of the screen's long side: how much wider than the sector the fitted fan is (LOG 2026-11-22)
_OVERSAMPLING = 2  # raster pixels per input pixel and side before they are averaged, as antialiasing would


@dataclass(frozen=True)
class ClipRecipe:
    """All that decides a clip's pixels.

    crop_offset: how far the crop is off the sector, as one fitted to a picture is: its left and top edge and its side,
    each as a share of the side.
    """

    state: HeartState
    acquisition: Acquisition
    noise_seed: int
    crop_offset: tuple[float, float, float] = (0.0, 0.0, 0.0)


def sampled_frames(acquisition: Acquisition, config: EchoPreprocessing, window: int = 0) -> NDArray[np.int64]:
    """Frame numbers that preprocessing reads in one of its windows (the first unless said).

    Short clips hold their last frame.
    """
    chosen = windows_of(acquisition.frames, acquisition.frame_rate_hz, config)
    frames = chosen[min(window, len(chosen) - 1)]
    return np.array([frames.present[-1] if frame is None else frame for frame in frames.frames], dtype=np.int64)


def model_input(recipe: ClipRecipe, config: EchoPreprocessing, window: int = 0) -> NDArray[np.uint8]:
    """uint8 (F, S, S, 3) RGB as `model.echo.preprocessing.preprocess` would give it before normalising.

    Within 3 grey levels on average of the long way through `render_clip`
    (tests/scripts/rendered/phantom/scan/test_tensors.py).
    """
    acquisition = recipe.acquisition
    numbers = sampled_frames(acquisition, config, window)
    distinct, back = np.unique(numbers, return_inverse=True)
    beams = render_beams(recipe.state, acquisition, recipe.noise_seed, distinct)
    size = config.image_size
    converter = _converter(recipe, size)
    tint = tint_table(acquisition.scanner)[:, 0]
    frames = np.empty((len(distinct), size, size, 3), np.uint8)
    for frame in range(len(distinct)):
        if beams.colour is None:
            frames[frame] = tint[reduced(converter.convert(beams.grey[frame]), size)]
        else:
            frames[frame] = reduced(converter.convert(coloured(beams, frame, acquisition)), size)
    return frames[back]


def input_fan(recipe: ClipRecipe, size: int) -> Fan:
    """The sector in the model input's own pixels."""
    (apex_x, apex_y), pixel_mm = _raster(recipe, size)
    half = float(np.radians(recipe.acquisition.half_angle_deg))
    return Fan(apex_x, apex_y, -half, half, 0.0, recipe.acquisition.depth_mm / pixel_mm)


def _converter(recipe: ClipRecipe, size: int) -> ScanConverter:
    """Scan conversion to the square around the sector that preprocessing crops to."""
    acquisition, side = recipe.acquisition, size * _OVERSAMPLING
    grid = BeamGrid(acquisition.depth_mm, float(np.radians(acquisition.half_angle_deg)))
    return ScanConverter.of(grid, *_raster(recipe, side), (side, side))


def _raster(recipe: ClipRecipe, size: int) -> tuple[tuple[float, float], float]:
    """Where the probe lies in the crop's raster of `size` pixels a side, and the raster's mm per pixel."""
    acquisition = recipe.acquisition
    screen = Screen.of(acquisition)
    x0, y0, x1, y1 = screen.sector_box
    fitted = max(x1 - x0, y1 - y0) + 2 * _MARGIN * max(acquisition.screen)
    right, down, wider = (share * fitted for share in recipe.crop_offset)
    side = fitted + wider
    left, top = (x0 + x1 - side) / 2 + right, (y0 + y1 - side) / 2 + down
    scale = size / side
    return ((screen.apex[0] - left) * scale, (screen.apex[1] - top) * scale), screen.pixel_mm / scale


def reduced(raster: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The raster of a picture at `size` pixels a side, averaged as antialiasing would."""
    return np.asarray(cv2.resize(raster, (size, size), interpolation=cv2.INTER_AREA))


def model_input_batch(
    recipes: Sequence[ClipRecipe], size: int = 112, frames: int = 16, *, window: int = 0
) -> NDArray[np.uint8]:
    """uint8 (N, F, S, S, 3), one after the other in this process."""
    config = input_config(size, frames)
    return np.stack([model_input(recipe, config, window) for recipe in recipes])


def input_config(size: int, frames: int = 16) -> EchoPreprocessing:
    """The shipped profile at a size; fewer frames cover the same seconds."""
    base = echoscribe_preprocessing(size)
    stride = max(1, round(base.stride * base.frames / frames))
    return base.model_copy(update={"frames": frames, "stride": stride, "view_frames": min(3, frames)})


class ClipFactory:
    """Worker processes that render model input; what they give does not depend on how many there are.

    with ClipFactory(2) as factory:
        pixels = factory.batch(recipes, size=112)
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self._workers = workers
        # Forking a process whose OpenMP pool has started can hang; fresh ones cost a second, once.
        self._pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_one_thread)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def batch(
        self, recipes: Sequence[ClipRecipe], size: int = 112, frames: int = 16, *, window: int = 0
    ) -> NDArray[np.uint8]:
        """uint8 (N, F, S, S, 3) in the order of the recipes."""
        chunks = [recipes[start : start + 8] for start in range(0, len(recipes), 8)]
        jobs = [self._pool.submit(model_input_batch, chunk, size, frames, window=window) for chunk in chunks]
        return np.concatenate([job.result() for job in jobs])


def _one_thread() -> None:
    cv2.setNumThreads(1)
