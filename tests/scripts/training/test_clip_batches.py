"""Batches are the same whenever asked for, and pictures made of bytes are those the encoder makes of floats."""

import numpy as np
import pytest
import torch

from model.echo.planar_encoder import picture_channels, planar_picture
from model.phantom.tensors import ClipFactory, input_config
from scripts.training.clip_batches import ClipBatches, normalised, pictures
from scripts.training.clip_store import ClipStore, StoreRecipe, render


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ClipStore:
    folder = tmp_path_factory.mktemp("store")
    with ClipFactory(1) as factory:
        list(render(StoreRecipe("encoder", 12, size=32, frames=5), folder, factory))
    return ClipStore.open(folder)


def test_fast_pictures_equal_the_slow_ones_to_a_grey_level() -> None:
    rng = np.random.default_rng(0)
    config = input_config(24, 5)
    clips = [rng.integers(0, 256, (5, 24, 24, 3), np.uint8) for _ in range(3)]
    clips.append(np.zeros((5, 24, 24, 3), np.uint8))
    clips.append(np.full((5, 24, 24, 3), (255, 0, 0), np.uint8))
    clips.append(np.full((5, 24, 24, 3), (0, 0, 255), np.uint8))
    slow, fast = planar_picture(normalised(clips, config)), pictures(clips, config).float()
    assert fast.shape == slow.shape == (6, picture_channels(5), 24, 24)
    torch.testing.assert_close(fast, slow, atol=0.06, rtol=0.01)  # half a level is 0.02; bfloat16 keeps 8 bits


def test_a_batch_is_the_same_whenever_it_is_asked_for_and_a_pass_shows_every_clip_once(store: ClipStore) -> None:
    batches = ClipBatches(store, np.arange(12), input_config(32, 5), 4)
    again = batches.from_step(1)
    for step in (1, 2):
        chosen, pixels = batches.at(step)
        same, equal = next(again)
        np.testing.assert_array_equal(chosen, same)
        torch.testing.assert_close(pixels, equal)
    again.close()  # type: ignore[attr-defined]  # a generator; it ends the thread
    shown = np.concatenate([batches.at(step)[0] for step in range(3)])
    assert sorted(shown.tolist()) == list(range(12))


def test_clips_that_are_not_varied_are_the_products_own_pixels(store: ClipStore) -> None:
    batches = ClipBatches(store, np.arange(12), input_config(32, 5), 4, varied=False)
    chosen, pixels = batches.at(0)
    torch.testing.assert_close(pixels, normalised([np.asarray(store.pixels[clip]) for clip in chosen], batches.config))
