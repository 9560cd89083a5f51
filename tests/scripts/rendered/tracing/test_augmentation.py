"""The truth follows every change of the picture."""

import numpy as np

from scripts.rendered.tracing.augmentation import vary


def test_masks_follow_the_geometry() -> None:
    chambers = np.zeros((4, 80, 80), np.uint8)
    chambers[:, 25:55, 30:50] = 1
    grey = np.where(chambers == 1, 220, 12).astype(np.uint8)
    shares = []
    for seed in range(30):
        varied = vary(grey, chambers, np.random.default_rng(seed), 64)
        inside, outside = varied.chambers == 1, (varied.chambers == 0) & (varied.grey > 0)
        if inside.sum() > 200 and outside.sum() > 200:
            shares.append(varied.grey[inside].mean() > varied.grey[outside].mean())
    assert len(shares) > 20
    assert np.mean(shares) > 0.9


def test_shapes_and_ranges() -> None:
    rng = np.random.default_rng(3)
    grey = rng.integers(0, 255, (4, 80, 80), dtype=np.uint8)
    for frames in (4,) * 20 + (1,) * 20:
        varied = vary(grey[:frames], grey[:frames] % 6, rng, 64)
        assert varied.grey.shape == varied.chambers.shape == (64, 64, frames)
        assert varied.grey.dtype == np.float32
        assert np.isfinite(varied.grey).all()
        assert 0 <= varied.grey.min() <= varied.grey.max() <= 256
        assert varied.chambers.max() < 6


def test_nothing_is_mirrored() -> None:
    """The right side of the picture stays its right side: a flip would teach to confuse the ventricles."""
    chambers = np.zeros((4, 80, 80), np.uint8)
    chambers[:, 30:50, 15:35], chambers[:, 30:50, 45:65] = 4, 1
    for seed in range(25):
        varied = vary(chambers * 40, chambers, np.random.default_rng(seed), 64).chambers[..., 0]
        left, right = np.argwhere(varied == 4), np.argwhere(varied == 1)
        if len(left) > 30 and len(right) > 30:
            assert left[:, 1].mean() < right[:, 1].mean()
