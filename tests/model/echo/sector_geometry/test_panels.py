import numpy as np
import pytest
import torch

from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.preprocess import prepare_pictures
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, echoscribe_preprocessing
from model.echo.sector_geometry.pictures import Picture, pictures_of, shown_of
from model.errors import ClipRejected
from model.study import Clip, SkippedClip, SkipReason
from tests.model.echo.sector_clips import SCENES, render
from tests.model.echo.sector_geometry.frames import beside, clip_of, scene, trimmed

CONFIG = echoscribe_preprocessing(56)
CPU = torch.device("cpu")
SEAM_PX = 5  # the border between pictures is found in a reduced picture


def found(clip: Clip) -> tuple[Picture, ...]:
    return pictures_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG)


def mask_of(picture: Picture) -> np.ndarray:
    assert picture.shown is not None
    assert picture.shown.mask is not None
    return picture.shown.mask.numpy()


@pytest.mark.parametrize(("count", "columns"), [(2, 2), (2, 1), (3, 3), (4, 2)])
@pytest.mark.parametrize("gap", [0, 3, 40])
@pytest.mark.parametrize("margin", [-0.08, 0.0, 0.05])
def test_every_picture_of_a_frame_has_its_own_fan(count: int, columns: int, gap: int, margin: float) -> None:
    frames = beside([trimmed(scene(seed), margin) for seed in range(count)], columns, gap)
    pictures = found(clip_of(frames))
    assert [picture.panel for picture in pictures] == list(range(1, count + 1))
    high, wide = (frames.shape[1] + gap) / -(-count // columns), (frames.shape[2] + gap) / columns
    for number, picture in enumerate(pictures):
        rows, seen = np.nonzero(mask_of(picture))
        assert (
            (number // columns) * high - SEAM_PX <= rows.min() <= rows.max() <= (number // columns + 1) * high + SEAM_PX
        )
        assert (
            (number % columns) * wide - SEAM_PX <= seen.min() <= seen.max() <= (number % columns + 1) * wide + SEAM_PX
        )
        lit = frames[0].max(axis=2) > 20
        inside = np.zeros_like(lit)
        y, x = round((number // columns) * high), round((number % columns) * wide)
        inside[y : y + round(high), x : x + round(wide)] = True
        assert (mask_of(picture) & lit & inside).sum() >= 0.9 * (lit & inside).sum()


@pytest.mark.parametrize("name", SCENES)
def test_one_picture_stays_one(name: str) -> None:
    (picture,) = found(clip_of(render(SCENES[name]).frames_rgb))
    assert picture.panel is None


def test_a_shadow_from_the_probe_down_does_not_make_two_pictures() -> None:
    frames = scene(3).frames_rgb.copy()
    y, x = np.mgrid[:240, :320]
    frames[:, np.abs(np.arctan2(x - 160.0, y - 14.0)) < 0.09] = 0
    (picture,) = found(clip_of(frames))
    assert picture.panel is None


def regions(frames: np.ndarray, columns: int) -> tuple[tuple[int, int, int, int], ...]:
    high, wide = frames.shape[1], frames.shape[2] // columns
    return tuple((column * wide, 0, (column + 1) * wide, high) for column in range(columns))


def test_a_frozen_picture_beside_a_moving_one_is_skipped_with_its_number() -> None:
    still = np.repeat(trimmed(scene(1))[:1], 16, axis=0)
    frames = beside([still, trimmed(scene(2))], 2, 0)
    clip = clip_of(frames, source="dicom", regions_2d=regions(frames, 2))
    skipped, used = prepare_pictures(clip, CONFIG, CPU)
    assert isinstance(skipped, SkippedClip)
    assert (skipped.panel, skipped.reason) == (1, SkipReason.STATIC)
    assert "picture 1" in skipped.text
    assert isinstance(used, PreparedClip)
    assert used.panel == 2


def test_stated_regions_of_another_size_are_not_believed() -> None:
    frames = beside([trimmed(scene(1)), trimmed(scene(2))], 2, 0)
    stale = tuple((x0 // 2, 0, x1 // 2, y1 // 2) for x0, _, x1, y1 in regions(frames, 2))
    assert [picture.panel for picture in found(clip_of(frames, source="dicom", regions_2d=stale))] == [1, 2]


def test_a_colour_box_within_its_tissue_region_is_no_second_picture() -> None:
    frames = scene(4).frames_rgb
    (picture,) = found(clip_of(frames, source="dicom", regions_2d=((0, 0, 320, 240), (100, 60, 220, 160))))
    assert picture.panel is None


def test_pictures_are_prepared_as_they_would_be_alone() -> None:
    alone = prepare_pictures(clip_of(scene(5).frames_rgb), CONFIG, CPU)[0]
    frames = beside([scene(5).frames_rgb, scene(6).frames_rgb], 2, 0)
    first, second = prepare_pictures(clip_of(frames), CONFIG, CPU)
    assert isinstance(alone, PreparedClip)
    assert isinstance(first, PreparedClip)
    assert isinstance(second, PreparedClip)
    apart = (alone.model_input - first.model_input).abs().mean()
    assert apart < 0.2 * (alone.model_input - second.model_input).abs().mean()


def test_the_published_profile_takes_each_stated_region_for_a_picture() -> None:
    frames = beside([scene(5).frames_rgb, scene(6).frames_rgb], 2, 0)
    clip = clip_of(frames, source="dicom", regions_2d=regions(frames, 2))
    first, second = prepare_pictures(clip, ECHOPRIME, CPU)
    alone = prepare_pictures(clip_of(scene(6).frames_rgb, source="dicom"), ECHOPRIME, CPU)[0]
    assert isinstance(first, PreparedClip)
    assert isinstance(second, PreparedClip)
    assert isinstance(alone, PreparedClip)
    assert torch.equal(second.model_input, alone.model_input)


def test_who_asks_for_one_picture_is_told_of_several() -> None:
    clip = clip_of(beside([scene(5).frames_rgb, scene(6).frames_rgb], 2, 0))
    with pytest.raises(ClipRejected, match="2 pictures"):
        shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG)
