"""Folders as the trainings of encoders and views leave them, with untrained networks small enough for tests."""

import json
from pathlib import Path

import torch

from model.checkpoint import save_weights
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.taxonomy import ECHO_TAXONOMY
from model.section_subspaces import even_subspaces
from scripts.rendered.phantom.scan.tensors import input_config
from tests.model.echo.small_echo import VIDEO_ENCODER, VIEW_CLASSIFIER

SIZE, FRAMES = 32, 8
DIMENSION = 2 * len(ECHO_TAXONOMY.sections)


def write_networks(folder: Path) -> tuple[Path, Path]:
    """The folders of the encoders and of the view classifier."""
    torch.manual_seed(0)
    encoders, views = folder / "encoders", folder / "views"
    video = {**VIDEO_ENCODER, "embedding_dim": DIMENSION}
    for place in (encoders, views):
        place.mkdir()
    save_weights(build_video_encoder(video), encoders / "video_encoder.safetensors")
    save_weights(build_view_classifier(VIEW_CLASSIFIER, ECHO_TAXONOMY.views), views / "view_classifier.safetensors")
    stated = {
        "video_encoder": {**video, "file": "video_encoder.safetensors"},
        "section_subspaces": even_subspaces(ECHO_TAXONOMY.sections, 2),
        "embedding_dim": DIMENSION,
        "preprocessing": input_config(SIZE, FRAMES).model_dump(mode="json"),
    }
    (encoders / "networks.json").write_text(json.dumps(stated))
    (views / "network.json").write_text(json.dumps({**VIEW_CLASSIFIER, "file": "view_classifier.safetensors"}))
    return encoders, views
