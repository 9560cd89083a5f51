"""An augmented clip is another picture of the same: black stays black, frames stay alike, sides stay sides."""

import numpy as np
from numpy.typing import NDArray

from scripts.rendered.training.clip_augmentation import Variation, augment

SIZE = 112


def bright_left(frames: int = 4) -> NDArray[np.uint8]:
    """A disc well within the picture, bright on its left half."""
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    disc = np.where(np.hypot(x, y) < 30, np.where(x < 0, 180, 60), 0).astype(np.uint8)
    return np.repeat(np.repeat(disc[None, :, :, None], 3, axis=3), frames, axis=0)


def test_all_frames_take_the_same_variation_and_the_input_stays() -> None:
    frames = bright_left()
    before = frames.copy()
    varied = augment(frames, np.random.default_rng(1))
    assert varied.shape == frames.shape
    assert varied.dtype == np.uint8
    np.testing.assert_array_equal(frames, before)
    assert (varied == varied[:1]).all()
    assert not np.array_equal(varied, frames)


def test_seeds_decide() -> None:
    frames = bright_left(1)
    first, again, other = (augment(frames, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_black_stays_black_and_left_stays_left() -> None:
    frames = bright_left(1)
    for seed in range(200):
        varied = augment(frames, np.random.default_rng(seed))[0].astype(float)
        assert varied[:8].max() == 0  # above the disc, whatever the shift
        across = np.arange(SIZE)[None, :, None]
        brightness, shape = (np.average(np.broadcast_to(across, varied.shape), weights=w) for w in (varied, varied > 0))
        assert brightness < shape - 3  # pixels: the bright side is still the left one
        assert 0.3 < varied.mean() / frames.mean() < 2.0


def test_softness_blurs_and_its_negative_sharpens() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
    same = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    still = np.array([[1.0, 0, 0], [0, 1, 0]])
    spread = {softness: Variation(same, still, softness).of(frame).std() for softness in (-0.5, 0.0, 0.5)}
    assert spread[-0.5] > spread[0.0] > spread[0.5]
    np.testing.assert_array_equal(Variation(same, still, 0.0).of(frame), frame)
