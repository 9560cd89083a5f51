"""Inverted pictures are turned round or refused; light screens around a sector as it should be change nothing."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.echo.preprocessing.polarity import Polarity, polarity_of
from model.echo.preprocessing.preprocess import prepare_clip
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.errors import ClipRejected
from model.study import Clip, SkipReason
from tests import dicom_files as make
from tests.model.echo.sector_clips import SCENES, SectorClip, noise_in_sector, render
from tests.model.echo.sector_geometry.frames import Frames, clip_of
from tests.service.ingest.reading import read_clip

CONFIG = echoscribe_preprocessing(56)
CPU = torch.device("cpu")


def prepared(clip: Clip) -> torch.Tensor:
    return prepare_clip(clip, CONFIG, CPU).model_input


def on_a_screen(scene: SectorClip, grey: int, *, boxed: bool) -> Frames:
    """The sector on a light screen with dark letters; boxed: in a black box of its own."""
    frames = np.full_like(scene.frames_rgb, grey)
    place = np.ones_like(scene.sector) if boxed else scene.sector
    if boxed:
        rows, columns = np.flatnonzero(scene.sector.any(1)), np.flatnonzero(scene.sector.any(0))
        place[: max(0, rows[0] - 4)] = place[rows[-1] + 4 :] = False
        place[:, : max(0, columns[0] - 4)] = place[:, columns[-1] + 4 :] = False
    sector = np.where(scene.sector[..., None], scene.frames_rgb, 0)
    frames[:, place] = sector[:, place]
    for frame in frames:
        cv2.putText(frame, "DOE^JANE 22/11/2026", (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (30, 30, 30), 1)
    return frames


@pytest.mark.parametrize("name", ["phased", "wide", "curved probe", "low gain", "dark side", "tilted"])
def test_a_wholly_inverted_picture_is_turned_round_and_says_so(name: str) -> None:
    frames = render(SCENES[name]).frames_rgb
    turned = prepare_clip(clip_of(255 - frames), CONFIG, CPU)
    assert torch.equal(turned.model_input, prepared(clip_of(frames)))
    assert [warning.code for warning in turned.warnings] == ["picture_inverted"]
    assert prepare_clip(clip_of(frames), CONFIG, CPU).warnings == ()


@pytest.mark.parametrize("name", ["phased", "wide", "low gain"])
def test_a_sector_that_alone_is_inverted_is_refused(name: str) -> None:
    scene = render(SCENES[name])
    frames = np.where(scene.sector[..., None], 255 - scene.frames_rgb, scene.frames_rgb)
    with pytest.raises(ClipRejected, match="inverted") as rejected:
        prepared(clip_of(frames))
    assert rejected.value.reason is SkipReason.WRONG_COLOURS


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("grey", [140, 200, 235, 255])
@pytest.mark.parametrize("name", ["phased", "wide", "curved probe", "low gain"])
def test_a_light_screen_around_a_right_sector_changes_nothing(name: str, grey: int, boxed: bool) -> None:
    scene = render(SCENES[name])
    frames = on_a_screen(scene, grey, boxed=boxed)
    assert polarity_of(torch.from_numpy(frames)) in {Polarity.ON_LIGHT_SCREEN, Polarity.RIGHT}
    right = prepared(clip_of(np.where(scene.sector[..., None], scene.frames_rgb, 0)))
    ours = prepared(clip_of(frames))
    assert (ours - right).abs().mean() < 0.15 * (right - right.mean()).abs().mean()


def test_an_inverted_sector_on_a_light_screen_is_turned_round_or_refused() -> None:
    scene = render(SCENES["phased"])
    inverted = replace(scene, frames_rgb=255 - scene.frames_rgb)
    frames = on_a_screen(inverted, 235, boxed=False)
    assert polarity_of(torch.from_numpy(frames)) is Polarity.INVERTED
    middling = np.where(scene.sector[..., None], 100 + scene.frames_rgb // 4, 230).astype(np.uint8)
    assert polarity_of(torch.from_numpy(middling)) is Polarity.UNCLEAR
    with pytest.raises(ClipRejected, match="cannot be told") as rejected:
        prepared(clip_of(middling))
    assert rejected.value.reason is SkipReason.WRONG_COLOURS


@pytest.mark.parametrize("name", sorted(SCENES))
def test_right_pictures_are_right(name: str) -> None:
    assert polarity_of(torch.from_numpy(render(SCENES[name]).frames_rgb)) is Polarity.RIGHT


def test_noise_and_a_picture_without_a_screen_are_not_inverted() -> None:
    assert polarity_of(torch.from_numpy(noise_in_sector(SCENES["phased"]))) is Polarity.RIGHT
    bright = np.random.default_rng(0).integers(150, 255, (9, 64, 64, 3), np.uint8)
    assert polarity_of(torch.from_numpy(bright)) is Polarity.RIGHT
    with pytest.raises(ClipRejected, match="nothing moves"):
        prepared(clip_of(np.full((30, 64, 64, 3), 255, np.uint8)))


@pytest.mark.parametrize(("label", "is_stored_inverted"), [("MONOCHROME1", False), ("MONOCHROME2", True)])
def test_a_wrong_photometric_interpretation_is_put_right(tmp_path: Path, label: str, is_stored_inverted: bool) -> None:
    grey = np.ascontiguousarray(render(SCENES["phased"]).frames_rgb[..., 0])
    wrong = read_clip(make.write_native(tmp_path / "wrong", 255 - grey if is_stored_inverted else grey, label))
    opposite = "MONOCHROME2" if label == "MONOCHROME1" else "MONOCHROME1"
    right = read_clip(make.write_native(tmp_path / "right", 255 - grey if is_stored_inverted else grey, opposite))
    turned = prepare_clip(wrong, CONFIG, CPU)
    assert torch.equal(turned.model_input, prepared(right))
    assert [warning.code for warning in turned.warnings] == ["picture_inverted"]
