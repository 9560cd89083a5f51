import cv2
import numpy as np
import pytest
import torch

from model.echo.preprocessing.hull_mask import hull_mask, lit_and_changed
from scripts.reference.published_pipeline import MaskNotFound, published_mask
from tests.model.echo.sector_clips import SCENES, render, scaled


@pytest.mark.parametrize("name", ["phased", "wide", "curved probe", "text touches", "tilted", "small and cropped"])
def test_equals_the_slow_twin(name: str) -> None:
    frames = render(scaled(SCENES[name], 0.5 if name != "small and cropped" else 1)).frames_rgb
    mask = hull_mask(torch.from_numpy(frames))
    assert mask is not None
    assert (mask == published_mask(frames)).mean() > 0.999


def test_a_count_of_lit_frames_does_not_wrap() -> None:
    frames = render(scaled(SCENES["phased"], 0.25)).frames_rgb
    long = np.concatenate([frames, *[frames[1:]] * 6])[:255]  # the first counts twice: 256 lit frames read as 0 there
    mask = hull_mask(torch.from_numpy(np.ascontiguousarray(long)))
    assert mask is not None
    assert mask.mean() > 0.2


def test_a_still_clip_has_no_mask() -> None:
    frames = np.repeat(render(scaled(SCENES["phased"], 0.5)).frames_rgb[:1], 5, axis=0)
    assert hull_mask(torch.from_numpy(frames)) is None
    with pytest.raises(MaskNotFound):
        published_mask(frames)


def test_lit_pixels_are_those_that_opencv_turns_to_grey_1_or_more() -> None:
    frames = np.random.default_rng(0).choice(
        np.arange(6, dtype=np.uint8), (2, 40, 50, 3), p=[0.7, 0.1, 0.05, 0.05, 0.05, 0.05]
    )
    frames[:, :8] = np.stack(np.meshgrid(np.arange(8), np.arange(50), indexing="ij"), -1)[..., [0, 0, 1]] * [1, 0, 1]
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    lit, changed = lit_and_changed(torch.from_numpy(frames))
    assert np.array_equal(lit.numpy(), (grey > 0).any(axis=0))
    assert np.array_equal(changed.numpy(), grey[0] != grey[1])
