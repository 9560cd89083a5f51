"""The way from frames to section vectors on a GPU that is not there: fake tensors carry their device through it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from model.bundle import BundleManifest, read_bundle
from model.device import Placement, choose_placement
from model.echo.modality import EchoModality, build_echo
from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.hull_mask import lit_and_changed
from model.echo.preprocessing.preprocess import model_input_of, window_scores
from model.echo.preprocessing.preprocessing_config import ECHOPRIME, EchoPreprocessing
from model.echo.preprocessing.sector import liveliness
from model.echo.preprocessing.windows import windows_of
from model.echo.sector_geometry.pictures import Shown
from model.embeddings import StudyEmbedding
from model.pooling import MilTable, pool_sections
from tests.model.echo.small_echo import PREPROCESSING, write_echo_bundle

CUDA = Placement(torch.device("cuda"), torch.float32, "a pretended device")


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Fake tensors, and modules whose parameters may be replaced when they move."""
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)


@pytest.fixture
def echo(tmp_path: Path) -> tuple[EchoModality, BundleManifest]:
    """Built outside the mode: building an MViT inside it does not work."""
    write_echo_bundle(tmp_path)
    manifest = read_bundle(tmp_path)
    return build_echo(manifest, tmp_path, choose_placement("cpu")), manifest


def moved(echo: EchoModality) -> EchoModality:
    return replace(
        echo,
        placement=CUDA,
        video_encoder=echo.video_encoder.to(CUDA.device),
        view_classifier=echo.view_classifier.to(CUDA.device),
    )


def prepared(config: EchoPreprocessing, *, mask_on: str = "cuda") -> PreparedClip:
    """The torch part of preparing a clip; finding the sector's outline is the CPU's part."""
    frames = torch.zeros(60, 240, 320, 3, dtype=torch.uint8, device="cuda")
    windows = windows_of(60, 30.0, config)
    shown = Shown(torch.ones(240, 320, dtype=torch.bool, device=mask_on), (-10, 0, 230, 240))
    assert all(part.device.type == "cuda" for part in (*liveliness(frames, range(0, 60, 5)), *lit_and_changed(frames)))
    assert window_scores(frames, shown, windows).shape == (len(windows), 3)
    model_input = model_input_of(frames, shown, windows[0], config, bgr=True)
    view = model_input[:, :1].transpose(0, 1)
    return PreparedClip(position=1, sha256="0" * 64, model_input=model_input, view_input=view, start_frame=0)


def test_preprocess_encode_views_and_pooling_run_where_they_are_placed(
    echo: tuple[EchoModality, BundleManifest],
) -> None:
    modality, manifest = echo
    table = MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views)
    with pretended_gpu():
        study = moved(modality).encode([prepared(PREPROCESSING), prepared(PREPROCESSING)])
        pooled = [pool_sections(study, table, weighting, 0.1) for weighting in ("argmax", "probability")]
    assert study.clip_embeddings.device.type == study.view_probabilities.device.type == "cuda"
    for sections in pooled:
        assert sections.vectors.device.type == sections.assessed.device.type == "cuda"
        assert sections.vectors.shape == (15, modality.embedding_dim)


def test_the_published_profile_is_prepared_on_the_device() -> None:
    with pretended_gpu():
        assert prepared(ECHOPRIME).model_input.device.type == "cuda"


def test_control_one_tensor_left_on_the_cpu_fails(echo: tuple[EchoModality, BundleManifest]) -> None:
    modality, manifest = echo
    table = MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views)
    with pretended_gpu():
        with pytest.raises(RuntimeError, match="device"):
            prepared(PREPROCESSING, mask_on="cpu")
        clip = prepared(PREPROCESSING)
        on_gpu = moved(modality)
        with pytest.raises(RuntimeError, match="device"):
            on_gpu.encode([replace(clip, model_input=clip.model_input.cpu())])
        study = on_gpu.encode([clip])
        torn = StudyEmbedding(study.clip_embeddings.cpu(), study.view_probabilities, (1,), study.views)
        with pytest.raises(RuntimeError, match="device"):
            pool_sections(torn, table, "argmax", 0.0)


def test_a_network_left_on_the_cpu_fails(echo: tuple[EchoModality, BundleManifest]) -> None:
    modality, _ = echo
    with pretended_gpu():
        half_moved = replace(modality, placement=CUDA, view_classifier=modality.view_classifier.to(CUDA.device))
        with pytest.raises(RuntimeError, match="device"):
            half_moved.encode([prepared(PREPROCESSING)])
