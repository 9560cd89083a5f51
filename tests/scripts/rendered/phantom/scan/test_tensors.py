from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import model_input_of, prepare_clip
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.echo.preprocessing.windows import windows_of
from model.echo.sector_geometry.pictures import Shown, square_box
from model.study import Clip
from scripts.rendered.phantom.scan.acquisition import draw_acquisition
from scripts.rendered.phantom.scan.render import render_clip
from scripts.rendered.phantom.scan.tensors import (
    ClipFactory,
    ClipRecipe,
    input_config,
    model_input,
    model_input_batch,
    sampled_frames,
)
from tests.scripts.rendered.phantom.clips import healthy

SIZE, FRAMES = 112, 4
# Source: LOG 2026-11-22. Given the same crop the ways differ by resampling alone; end to end also by the fitted sector.
SAME_CROP_GREY, END_TO_END_GREY = 3.0, 12.0


def recipe(view: str, seed: int) -> ClipRecipe:
    acquisition = draw_acquisition(np.random.default_rng(seed), view, quality=0.8)
    return ClipRecipe(healthy(), replace(acquisition, screen=(480, 640), frames=36, frame_rate_hz=30.0), seed)


def pixels_of(model_input_values: torch.Tensor, config: EchoPreprocessing) -> NDArray[np.floating]:
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (config.mean, config.std))
    return np.asarray((model_input_values * std + mean).permute(1, 2, 3, 0).numpy())


@pytest.mark.parametrize("view", ["A4C", "Apical_Doppler", "Parasternal_Short"])
def test_fast_path_equals_the_long_way(view: str) -> None:
    order = recipe(view, 3)
    config = input_config(SIZE, FRAMES)
    fast = model_input(order, config).astype(float)
    clip = render_clip(order.state, view, order.acquisition, order.noise_seed)
    frames = torch.from_numpy(clip.frames_rgb)
    margin = 0.0045 * max(order.acquisition.screen)
    x0, y0, x1, y1 = clip.sector_box
    box = square_box((round(x0 - margin), round(y0 - margin), round(x1 + margin), round(y1 + margin)), 0.0)
    shown = Shown(torch.from_numpy(clip.sector_mask), box)
    window = windows_of(len(frames), clip.frame_rate_hz, config)[0]
    slow = pixels_of(model_input_of(frames, shown, window, config, bgr=False), config)
    assert np.abs(fast - slow).mean() < SAME_CROP_GREY
    whole = Clip(1, "0" * 64, "video", clip.frames_rgb, clip.frame_rate_hz, len(frames))
    prepared = prepare_clip(whole, config.model_copy(update={"windows": 1, "quality": None}), torch.device("cpu"))
    assert np.abs(fast - pixels_of(prepared.model_input, config)).mean() < END_TO_END_GREY


def test_the_product_finds_the_sector_and_blanks_the_text() -> None:
    order = recipe("A4C", 8)
    config = input_config(SIZE, 16)
    clip = render_clip(order.state, "A4C", order.acquisition, order.noise_seed)
    assert len(clip.drawn_text[0]) > 6
    without = clip.frames_rgb.copy()
    without[:, ~clip.sector_mask] = 0
    inputs = [
        prepare_clip(Clip(1, "0" * 64, "video", frames, clip.frame_rate_hz, len(frames)), config, torch.device("cpu"))
        for frames in (clip.frames_rgb, without)
    ]
    drawn, blank = (pixels_of(prepared.model_input, config) for prepared in inputs)
    corner = drawn[:, : SIZE // 6, : SIZE // 6]  # above the sector's edge, where name and number stand
    assert corner.max() < 2
    assert np.abs(drawn - blank).mean() < END_TO_END_GREY


def test_short_clips_hold_their_last_frame() -> None:
    order = recipe("A4C", 4)
    short = replace(order.acquisition, frames=10, frame_rate_hz=30.0)
    numbers = sampled_frames(short, input_config(SIZE, 16))
    assert len(numbers) == 16
    assert numbers.max() == 8
    assert (np.diff(numbers) >= 0).all()


def test_workers_change_nothing() -> None:
    orders = [recipe(view, seed) for seed, view in enumerate(("A4C", "Subcostal", "SSN"))]
    alone = model_input_batch(orders, 48, 2)
    with ClipFactory(2) as factory:
        np.testing.assert_array_equal(factory.batch(orders, 48, 2), alone)
    np.testing.assert_array_equal(model_input_batch(orders[1:], 48, 2), alone[1:])
    with pytest.raises(ValueError, match="at least 1"):
        ClipFactory(0)
