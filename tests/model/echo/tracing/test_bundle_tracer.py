"""A bundle with a tracer measures, one without does not; what does not fit is named."""

from pathlib import Path
from typing import Any

import pytest
import torch

from model.bundle import BundleManifest, read_bundle, write_bundle
from model.checkpoint import save_weights
from model.device import choose_placement
from model.echo.modality import EchoModality, build_echo
from model.echo.networks.tracer_network import build_tracer_network
from model.echo.prepared_clip import PreparedClip
from model.echo.tracing.build import TRACER
from model.embeddings import StudyEmbedding
from model.errors import BundleMismatch
from model.measurement import Measures, StudyMeasurements
from model.study import Clip
from tests.model.echo.sector_clips import SCENES, render, scaled
from tests.model.echo.small_echo import write_echo_bundle

CONFIG: dict[str, Any] = {"architecture": "residual_unet", "image_size": 32, "frames": 4, "widths": [8, 12, 16]}


def sector_clip() -> Clip:
    frames = render(scaled(SCENES["phased"], 0.5)).frames_rgb
    return Clip(1, "0" * 64, "video", frames, 30.0, len(frames))


def with_tracer(folder: Path, **changes: Any) -> BundleManifest:
    manifest = write_echo_bundle(folder)
    torch.manual_seed(0)
    save_weights(build_tracer_network(CONFIG), folder / "tracer.safetensors")
    networks = {**manifest.networks, TRACER: {**CONFIG, "file": "tracer.safetensors", **changes}}
    return write_bundle(folder, manifest.model_copy(update={"networks": networks}))


def built(folder: Path) -> EchoModality:
    return build_echo(read_bundle(folder), folder, choose_placement("cpu"))


def test_a_bundle_without_a_tracer_measures_nothing(tmp_path: Path) -> None:
    write_echo_bundle(tmp_path)
    modality = built(tmp_path)
    (clip,) = modality.prepare(sector_clip())
    assert isinstance(clip, PreparedClip)
    assert clip.traced is None
    assert modality.measure([clip], modality.encode([clip])) == StudyMeasurements()


def test_a_bundle_with_one_traces_the_frames_that_the_encoder_reads(tmp_path: Path) -> None:
    with_tracer(tmp_path)
    modality = built(tmp_path)
    assert isinstance(modality, Measures)
    (clip,) = modality.prepare(sector_clip())
    assert isinstance(clip, PreparedClip)
    traced = clip.traced
    assert traced is not None
    assert traced.grey.shape == (len(traced.frames), 32, 32)
    assert traced.frames[0] == clip.start_frame
    assert traced.step_s == pytest.approx(modality.preprocessing.stride / 30)
    views = modality.taxonomy.views
    certain = torch.zeros(1, len(views))
    certain[0, views.index("A4C")] = 1.0
    embedding = StudyEmbedding(torch.zeros(1, modality.embedding_dim), certain, (1,), views)
    found = modality.measure([clip], embedding)
    assert all(not one.stated for one in found.measurements)  # nothing was calibrated


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"widths": None}, "networks.tracer: cannot be built"),
        ({"widths": [8, 12]}, "tensor"),
        ({"judgements": {"x:y": {"limit": 2}}}, "networks.tracer.judgements"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with_tracer(tmp_path, **changes)
    with pytest.raises(BundleMismatch, match=said):
        built(tmp_path)
