"""Batches are the same whenever asked for, and pictures made of bytes are those the encoder makes of floats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.networks.planar_encoder import picture_channels, planar_picture
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from scripts.rendered.phantom.scan.tensors import ClipFactory, input_config
from scripts.rendered.training.clip_augmentation import Variation
from scripts.rendered.training.clip_batches import ClipBatches, ClipPictures
from scripts.rendered.training.clip_store import ClipStore, StoreRecipe, render
from scripts.rendered.training.picture_store import PictureForm, PictureStore, vary
from service.site.training.made_ahead import MadeAhead

CONFIG = input_config(32, 5)


def normalise(clips: Sequence[NDArray[np.uint8]], config: EchoPreprocessing) -> torch.Tensor:
    """float32 (B, 3, F, S, S) as the product's preprocessing makes it. clips: uint8 (F, S, S, 3) RGB."""
    pixels = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1, 1) for values in (config.mean, config.std))
    return (pixels - mean) / std


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("store")
    with ClipFactory(1) as factory:
        list(render(StoreRecipe("encoder", 12, size=32, frames=5), made, factory))
    return made


def test_fast_pictures_equal_the_slow_ones_to_a_grey_level() -> None:
    rng, form = np.random.default_rng(0), PictureForm.of(CONFIG)
    clips = [rng.integers(0, 256, (5, 24, 24, 3), np.uint8) for _ in range(3)]
    clips.append(np.zeros((5, 24, 24, 3), np.uint8))
    clips.append(np.full((5, 24, 24, 3), (255, 0, 0), np.uint8))
    clips.append(np.full((5, 24, 24, 3), (0, 0, 255), np.uint8))
    slow = planar_picture(normalise(clips, CONFIG))
    fast = form.normalise([form.picture(clip) for clip in clips]).float()
    assert fast.shape == slow.shape == (6, picture_channels(5), 24, 24)
    torch.testing.assert_close(fast, slow, atol=0.06, rtol=0.01)  # half a level is 0.02; bfloat16 keeps 8 bits


def test_a_varied_picture_is_the_picture_of_the_varied_clip(folder: Path) -> None:
    store, form = ClipStore.open(folder), PictureForm.of(CONFIG)
    for number in range(12):
        drawn = Variation.drawn(np.random.default_rng(number), 32)
        variation = Variation(np.repeat(drawn.greys[..., 1:2], 3, axis=2), drawn.place, 0.0)  # no tint: greys alone
        frames = np.asarray(store.pixels[number])
        slow = form.picture(np.stack([variation.of(frame) for frame in frames])).astype(int)
        fast = vary(form.picture(frames), variation).astype(int)
        half = slow.shape[2] // 2
        inside = np.abs(slow - fast)[4:-4, 4:-4]
        # Extremes of moved pixels are not moved extremes, and colour is not brightened with the grey.
        assert inside[..., : half - 2].mean() < 2.5
        assert inside[..., half - 2 : half].mean() < 8


def test_a_batch_is_the_same_whenever_it_is_asked_for_and_a_pass_shows_every_clip_once(folder: Path) -> None:
    pictures = ClipPictures(PictureStore.beside(ClipStore.open(folder), folder, CONFIG))
    batches = ClipBatches(pictures, np.arange(12), 4)
    with MadeAhead(batches.at) as ahead:
        for step in (1, 2):
            chosen, pixels = batches.at(step)
            same, equal = ahead.at(step)
            np.testing.assert_array_equal(chosen, same)
            torch.testing.assert_close(pixels, equal)
    shown = np.concatenate([batches.at(step)[0] for step in range(3)])
    assert sorted(shown.tolist()) == list(range(12))


def test_stored_pictures_are_those_of_the_clips(folder: Path) -> None:
    store = ClipStore.open(folder)
    pictures = PictureStore.beside(store, folder, CONFIG)
    for clip in range(12):
        np.testing.assert_array_equal(pictures.pictures[clip], pictures.form.picture(np.asarray(store.pixels[clip])))
