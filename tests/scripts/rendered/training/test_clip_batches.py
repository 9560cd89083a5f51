"""Batches are the same whenever asked for, and pictures made of bytes are those the encoder makes of floats."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.echo.networks.planar_encoder import picture_channels, planar_picture
from scripts.rendered.phantom.scan.tensors import ClipFactory, input_config
from scripts.rendered.training.clip_augmentation import Variation
from scripts.rendered.training.clip_batches import ClipBatches, ClipPictures, WholeClips, normalised
from scripts.rendered.training.clip_store import ClipStore, StoreRecipe, render
from scripts.rendered.training.picture_store import PictureForm, PictureStore, varied

CONFIG = input_config(32, 5)


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
    slow = planar_picture(normalised(clips, CONFIG))
    fast = form.normalised([form.picture(clip) for clip in clips]).float()
    assert fast.shape == slow.shape == (6, picture_channels(5), 24, 24)
    torch.testing.assert_close(fast, slow, atol=0.06, rtol=0.01)  # half a level is 0.02; bfloat16 keeps 8 bits


def test_a_varied_picture_is_the_picture_of_the_varied_clip(folder: Path) -> None:
    store, form = ClipStore.open(folder), PictureForm.of(CONFIG)
    for number in range(12):
        drawn = Variation.drawn(np.random.default_rng(number), 32)
        variation = Variation(np.repeat(drawn.greys[..., 1:2], 3, axis=2), drawn.place, 0.0)  # no tint: greys alone
        frames = np.asarray(store.pixels[number])
        slow = form.picture(np.stack([variation.of(frame) for frame in frames])).astype(int)
        fast = varied(form.picture(frames), variation).astype(int)
        half = slow.shape[2] // 2
        inside = np.abs(slow - fast)[4:-4, 4:-4]
        # Extremes of moved pixels are not moved extremes, and colour is not brightened with the grey.
        assert inside[..., : half - 2].mean() < 2.5
        assert inside[..., half - 2 : half].mean() < 8


def test_a_batch_is_the_same_whenever_it_is_asked_for_and_a_pass_shows_every_clip_once(folder: Path) -> None:
    pictures = ClipPictures(PictureStore.beside(ClipStore.open(folder), folder, CONFIG))
    batches = ClipBatches(pictures, np.arange(12), 4)
    again = batches.from_step(1)
    for step in (1, 2):
        chosen, pixels = batches.at(step)
        same, equal = next(again)
        np.testing.assert_array_equal(chosen, same)
        torch.testing.assert_close(pixels, equal)
    again.close()  # type: ignore[attr-defined]  # a generator; it ends the thread
    shown = np.concatenate([batches.at(step)[0] for step in range(3)])
    assert sorted(shown.tolist()) == list(range(12))


def test_clips_that_are_not_varied_are_the_products_own_pixels(folder: Path) -> None:
    store = ClipStore.open(folder)
    chosen, pixels = ClipBatches(WholeClips(store, CONFIG), np.arange(12), 4, varied=False).at(0)
    torch.testing.assert_close(pixels, normalised([np.asarray(store.pixels[clip]) for clip in chosen], CONFIG))
    pictures = PictureStore.beside(store, folder, CONFIG)
    for clip in range(12):
        np.testing.assert_array_equal(pictures.pictures[clip], pictures.form.picture(np.asarray(store.pixels[clip])))
    assert not torch.equal(ClipBatches(WholeClips(store, CONFIG), np.arange(12), 4).at(0)[1], pixels)
