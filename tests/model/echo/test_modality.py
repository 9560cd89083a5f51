from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from model.bundle import read_bundle
from model.device import choose_placement
from model.echo.modality import EchoModality, build_echo
from model.echo.prepared_clip import PreparedClip
from model.errors import BundleCorrupt, BundleMismatch, InvalidStudy
from model.study import Clip
from tests.model.echo.sector_clips import SCENES, render, scaled
from tests.model.echo.small_echo import DIMENSION, PREPROCESSING, VIDEO_ENCODER, write_echo_bundle

CPU = choose_placement("cpu")


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> EchoModality:
    folder = tmp_path_factory.mktemp("bundle")
    write_echo_bundle(folder)
    return build_echo(read_bundle(folder), folder, CPU)


def prepared(echo: EchoModality) -> list[PreparedClip]:
    frames = [render(scaled(SCENES[name], 0.5)).frames_rgb for name in ("phased", "wide", "tilted")]
    clips = [Clip(place, "0" * 64, "video", each, 30.0, len(each)) for place, each in enumerate(frames, start=4)]
    pictures = [picture for clip in clips for picture in echo.prepare(clip)]
    return [picture for picture in pictures if isinstance(picture, PreparedClip)]


def test_clips_become_named_float32_embeddings_and_probabilities(echo: EchoModality) -> None:
    study = echo.encode(prepared(echo))
    assert study.clip_embeddings.shape == (3, DIMENSION)
    assert study.view_probabilities.sum(dim=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)
    assert study.positions == (4, 5, 6)
    assert study.views == echo.taxonomy.views
    assert (study.clip_embeddings[0] - study.clip_embeddings[1]).abs().max() > 1e-3


def test_a_batch_equals_its_clips_one_by_one(echo: EchoModality) -> None:
    clips = prepared(echo) * 4  # 12: more than are taken at once
    together = echo.encode(clips)
    alone = [echo.encode([clip]) for clip in clips]
    assert torch.allclose(together.clip_embeddings, torch.cat([each.clip_embeddings for each in alone]), atol=1e-4)
    assert torch.allclose(
        together.view_probabilities, torch.cat([each.view_probabilities for each in alone]), atol=1e-5
    )


def test_view_probabilities_are_the_mean_over_the_view_frames(echo: EchoModality) -> None:
    (clip, *_) = prepared(echo)
    single = [echo.encode([replace(clip, view_input=frame[None])]).view_probabilities for frame in clip.view_input]
    assert torch.allclose(echo.encode([clip]).view_probabilities, torch.stack(single).mean(0), atol=1e-6)


def test_bfloat16_networks_still_answer_in_float32(tmp_path: Path) -> None:
    write_echo_bundle(tmp_path)
    manifest = read_bundle(tmp_path)
    half = build_echo(manifest, tmp_path, choose_placement("cpu", "bfloat16"))
    whole = build_echo(manifest, tmp_path, CPU)
    clips = prepared(whole)
    ours, exact = half.encode(clips), whole.encode(clips)
    assert ours.clip_embeddings.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(ours.clip_embeddings, exact.clip_embeddings).min() > 0.99


def test_no_clip_cannot_be_encoded(echo: EchoModality) -> None:
    with pytest.raises(InvalidStudy):
        echo.encode([])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"preprocessing": {**PREPROCESSING.model_dump(), "invented": 1}}, "preprocessing.invented"),
        ({"networks": {}}, "networks.video_encoder"),
        ({"networks": {"video_encoder": {"architecture": "resnet", "file": "x"}}}, "'resnet' is none of"),
        ({"networks": {"video_encoder": {**VIDEO_ENCODER, "embedding_dim": 8, "file": "x"}}}, "embedding_dim is 8"),
        ({"networks": {"video_encoder": {**VIDEO_ENCODER, "blocks": [{}], "file": "x"}}}, "cannot be built"),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_by_field(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    manifest = write_echo_bundle(tmp_path, **changes)
    with pytest.raises(BundleMismatch, match=said):
        build_echo(manifest, tmp_path, CPU)


def test_numbers_out_of_range_are_refused_with_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"preprocessing\.std: is 0, must be more than 0"):
        write_echo_bundle(tmp_path, preprocessing={**PREPROCESSING.model_dump(), "std": (1, 0, 1)})


def test_missing_weights_are_named(tmp_path: Path) -> None:
    manifest = write_echo_bundle(tmp_path)
    (tmp_path / "view_classifier.safetensors").unlink()
    with pytest.raises(BundleCorrupt, match=r"view_classifier\.safetensors"):
        build_echo(manifest, tmp_path, CPU)
