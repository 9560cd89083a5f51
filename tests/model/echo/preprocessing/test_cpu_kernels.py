"""Each kernel of the CPU equals its torch twin bit for bit, for any size and for pictures that are views."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.preprocessing import cpu_kernels, preprocess, sector, windows
from model.echo.preprocessing.cpu_kernels import (
    _dilated,
    area_means,
    brightest_channel,
    brightest_crops,
    brightness,
    masked_crops,
    opened,
)
from model.echo.preprocessing.preprocess import crop, prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.sector_geometry.pictures import Shown
from service.modalities.echo.warm_up import warm_up_clips


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def area_means_by_torch(pictures: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return torch.nn.functional.interpolate(pictures[:, None].float(), size=size, mode="area")[:, 0]


def test_the_brightest_channel_equals_its_twin_also_of_a_part() -> None:
    frames = drawn(3, 40, 51, 3)
    for some in (frames, frames[:, 5:30:2, 3:], frames[1:2]):
        for index in (range(len(some)), [len(some) - 1, 0]):
            assert torch.equal(brightest_channel(some, index), some[[*index]].amax(dim=3))


def brightness_by_torch(
    frames: torch.Tensor, index: Sequence[int], size: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    grey = frames[[*index]].amax(dim=3)
    return area_means_by_torch(grey, size), grey.amin(dim=0), grey.amax(dim=0)


def test_brightness_equals_one_reduction_after_the_other() -> None:
    frames = drawn(5, 40, 51, 3)
    for some in (frames, frames[:1], frames[:, 5:30, 3:]):
        for index in (range(len(some)), [len(some) - 1]):
            for size in ((20, 25), (7, 11)):
                twins = zip(brightness(some, index, size), brightness_by_torch(some, index, size), strict=True)
                assert all(torch.equal(found, twin) for found, twin in twins)


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 90), st.integers(4, 90), st.floats(0.05, 1.6), st.floats(0.05, 1.6), st.integers(0, 99))
def test_area_means_equal_torchs(height: int, width: int, tall: float, broad: float, seed: int) -> None:
    pictures = drawn(2, height, width, seed=seed)
    size = max(2, round(height * tall)), max(2, round(width * broad))  # torch takes one mean of all for 1×1
    assert torch.equal(area_means(pictures, size), area_means_by_torch(pictures, size))


@pytest.mark.parametrize(("height", "width"), [(480, 640), (600, 800), (768, 1024), (708, 1016), (1080, 1920)])
def test_area_means_of_real_sizes_equal_torchs(height: int, width: int) -> None:
    pictures = drawn(1, height, width)
    size = round(height * 320 / width), 320
    assert torch.equal(area_means(pictures, size), area_means_by_torch(pictures, size))


def test_an_opening_equals_its_twin_to_the_border() -> None:
    pictures = torch.rand(4, 30, 41, generator=torch.Generator().manual_seed(0)) * 255
    assert torch.equal(opened(pictures), _dilated(-_dilated(-pictures)))


@pytest.mark.parametrize("box", [(5, 3, 30, 28), (-4, -6, 60, 58), (0, 0, 51, 40), (20, -3, 80, 20)])
def test_masked_crops_equal_index_multiply_and_pad(box: tuple[int, int, int, int]) -> None:
    frames, mask = drawn(5, 40, 51, 3), drawn(40, 51, seed=1) > 100
    twin = crop(frames, torch.tensor([4, 1]), Shown(mask, box))
    assert torch.equal(masked_crops(frames, [4, 1], box, mask), twin)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_the_brightest_channel_may_be_taken_before_cropping(every: int) -> None:
    frames, shown = drawn(5, 40, 51, 3), Shown(drawn(40, 51, seed=1) > 100, (-4, 3, 60, 38))
    twin = crop(frames, torch.tensor([4, 1]), shown, every).amax(dim=3)
    assert torch.equal(brightest_crops(frames, [4, 1], shown.box, shown.mask, every), twin)


def test_a_clip_is_prepared_as_by_the_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    (clip,) = warm_up_clips()
    fast = prepare_clip(clip, echoscribe_preprocessing(), torch.device("cpu"))
    monkeypatch.setattr(cpu_kernels, "brightest_channel", lambda frames, index: frames[[*index]].amax(dim=3))
    monkeypatch.setattr(sector, "brightness", brightness_by_torch)
    monkeypatch.setattr(sector, "opened", lambda pictures: _dilated(-_dilated(-pictures)))
    monkeypatch.setattr(windows, "area_means", area_means_by_torch)
    monkeypatch.setattr(
        preprocess,
        "masked_crops",
        lambda frames, index, box, mask: crop(frames, torch.tensor(index), Shown(mask, box)),
    )
    slow = prepare_clip(clip, echoscribe_preprocessing(), torch.device("cpu"))
    assert torch.equal(fast.model_input, slow.model_input)
    assert (fast.start_frame, fast.view_input.shape) == (slow.start_frame, slow.view_input.shape)


def test_other_devices_use_torch() -> None:
    frames = drawn(2, 8, 8, 3).to("meta")
    assert brightest_channel(frames, [0, 1]).device.type == "meta"
    assert area_means(frames[..., 0], (4, 4)).shape == (2, 4, 4)
    assert [part.shape for part in brightness(frames, [0, 1], (4, 4))] == [(2, 4, 4), (8, 8), (8, 8)]
    assert opened(frames[..., 0].float()).shape == (2, 8, 8)
