"""Sectors that are cut off, turned, stretched, zoomed, or only the tip of what moves."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.preprocessing.sector import look_at
from model.echo.sector_geometry.pictures import Shown, shown_of
from model.echo.sector_geometry.sectors import Cine, sectors_of
from model.errors import ClipRejected
from model.study import Clip, SkipReason
from tests.model.echo.sector_clips import SCENES, render
from tests.model.echo.sector_geometry.frames import Frames, clip_of, enlarged, scene, trimmed

CONFIG = echoscribe_preprocessing(56)
CPU = torch.device("cpu")


def shown(clip: Clip) -> Shown:
    return shown_of(clip, torch.from_numpy(clip.frames_rgb), CONFIG)


def mask_of(clip: Clip) -> NDArray[np.bool_]:
    mask = shown(clip).mask
    assert mask is not None
    return mask.numpy()


def public(seed: int, margin: float) -> Frames:
    """112 × 112 pixels of a sector whose corners the picture cuts off, as public clips are."""
    picture = trimmed(scene(seed), margin)
    return np.stack([cv2.resize(frame, (112, 112), interpolation=cv2.INTER_AREA) for frame in picture])


@pytest.mark.parametrize("margin", [-0.08, -0.16, -0.24])
def test_a_sector_whose_corners_the_picture_cuts_off_is_found(margin: float) -> None:
    frames = public(1, margin)
    lit = frames[0].max(axis=2) > 20
    assert (mask_of(clip_of(frames)) & lit).sum() >= 0.9 * lit.sum()


@pytest.mark.parametrize("margin", [-0.08, -0.16, -0.24])
@pytest.mark.parametrize("place", [(0, 0), (140, 60), (290, 90)])
def test_enlarged_in_a_larger_picture_it_is_found_and_nothing_beside_it_shows(
    margin: float, place: tuple[int, int]
) -> None:
    frames = enlarged(public(1, margin), (480, 640), place, 3.1)
    words = np.zeros(frames.shape[1:3], np.uint8)
    for row in range(place[1] + 40, place[1] + 330, 40):  # at both sides of the cut, where the whole fan would lie
        cv2.putText(words, "DOE JANE", (place[0] + 355, row), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 220, 1)
        cv2.putText(words, "DOE", (max(0, place[0] - 34), row), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 220, 1)
    inside = np.zeros(words.shape, bool)
    inside[place[1] : place[1] + 347, place[0] : place[0] + 347] = True
    words[inside] = 0
    lit = (frames[0].max(axis=2) > 20) & inside
    mask = mask_of(clip_of(np.maximum(frames, words[None, ..., None])))
    assert (mask & lit).sum() >= 0.9 * lit.sum()
    assert not (mask & (words > 0)).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_picture_upside_down_is_turned_and_shows_the_same(seed: int) -> None:
    upright = prepare_clip(clip_of(scene(seed).frames_rgb), CONFIG, CPU).model_input
    turned = prepare_clip(clip_of(scene(seed).frames_rgb[:, ::-1]), CONFIG, CPU).model_input
    assert (upright - turned).abs().mean() < 0.25 * (upright - upright.flip(-2)).abs().mean()


@pytest.mark.parametrize("aspect", [0.5, 0.75, 4 / 3, 2.0])
def test_pixels_are_made_square_before_the_sector_is_fitted(aspect: float) -> None:
    frames = scene(2).frames_rgb
    width = round(320 / aspect)
    stored = np.stack([cv2.resize(frame, (width, 240), interpolation=cv2.INTER_AREA) for frame in frames])
    if aspect < 1:  # rows are what was left out
        stored = np.stack([cv2.resize(frame, (320, round(240 * aspect))) for frame in frames])
    right = prepare_clip(clip_of(frames), CONFIG, CPU).model_input
    squared = prepare_clip(clip_of(stored, pixel_aspect=aspect), CONFIG, CPU).model_input
    left_so = prepare_clip(clip_of(stored), CONFIG, CPU).model_input
    assert (right - squared).abs().mean() < 0.4 * (right - left_so).abs().mean()


@pytest.mark.parametrize("aspect", [0.0, 0.05, 11.0])
def test_an_absurd_aspect_is_no_clip(aspect: float) -> None:
    with pytest.raises(ValueError, match="pixel_aspect"):
        clip_of(scene(2).frames_rgb, pixel_aspect=aspect)


def zoomed() -> Frames:
    """Moving tissue from edge to edge of a region, text beside it."""
    tissue = render(SCENES["phased"]).frames_rgb[:, 150:330, 220:440]
    frames = np.zeros((len(tissue), 240, 320, 3), np.uint8)
    frames[:, 30:210, 50:270] = np.maximum(
        tissue, 12 + np.random.default_rng(0).integers(0, 9, tissue.shape[:3])[..., None]
    )
    for frame in frames:
        cv2.putText(frame, "DOE JANE", (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (220, 220, 220), 1)
    return frames


def test_a_zoomed_view_that_fills_its_stated_region_is_used_and_nothing_beyond() -> None:
    mask = mask_of(clip_of(zoomed(), source="dicom", sector_box=(50, 30, 270, 210)))
    assert mask[30:210, 50:270].mean() > 0.95
    assert not mask[:30].any()
    assert not mask[:, :50].any()


def test_without_a_stated_region_a_zoomed_view_is_refused_by_that_name() -> None:
    with pytest.raises(ClipRejected, match="zoomed") as rejected:
        shown(clip_of(zoomed()))
    assert rejected.value.reason is SkipReason.SECTOR_NOT_FOUND


def near_field(shape: str, gap: int) -> Frames:
    """A moving tip of a sector, a black gap, then moving tissue without straight edges."""
    y, x = np.mgrid[:240, :320]
    tip = (np.hypot(x - 160, y - 10) < 45) & (np.abs(np.arctan2(x - 160, y - 10)) < 0.7) & (y > 10)
    top = 55 + gap
    deep = {
        "ellipse": np.hypot((x - 160) / 80, (y - top - 62) / 60) < 1,
        "round": np.hypot(x - 160, y - top - 60) < 60,
        "leaning": np.hypot((x - 160 + 0.4 * (y - top - 60)) / 60, (y - top - 60) / 60) < 1,
    }[shape]
    noise = np.random.default_rng(1).integers(20, 200, (16, 240, 320), dtype=np.uint8)
    return np.repeat((noise * (tip | deep))[..., None], 3, axis=3)


@pytest.mark.parametrize("shape", ["ellipse", "round", "leaning"])
@pytest.mark.parametrize("gap", [8, 25, 50])
def test_a_near_field_alone_is_never_the_sector(shape: str, gap: int) -> None:
    frames = torch.from_numpy(near_field(shape, gap))
    sectors = sectors_of(Cine(frames, range(len(frames))), look_at(frames), ())
    lives = frames.numpy().any(axis=(0, 3))
    assert all(sector is not None and (sector.mask & lives).sum() >= 0.55 * lives.sum() for sector in sectors)


@pytest.mark.parametrize("quarter", [1, 3])
@pytest.mark.parametrize("name", ["phased", "tilted"])
def test_a_sector_on_its_side_is_refused_and_named(name: str, quarter: int) -> None:
    upright = render(SCENES[name]).frames_rgb
    turned = np.ascontiguousarray(np.rot90(upright, quarter, (1, 2)))
    shown(clip_of(upright))
    with pytest.raises(ClipRejected, match="on its side"):
        shown(clip_of(turned))
