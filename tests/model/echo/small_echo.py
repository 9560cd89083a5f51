"""An echo bundle small enough for tests: a one-block MViT and a two-stage ConvNeXt at 8 frames of 32×32."""

from pathlib import Path
from typing import Any

import torch

from model.bundle import BundleManifest, taxonomy_fields, write_bundle
from model.checkpoint import save_weights
from model.echo.networks.video_encoder import build_video_encoder
from model.echo.networks.view_classifier import build_view_classifier
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.echo.taxonomy import ECHO_TAXONOMY, SECTIONS, VIEWS

DIMENSION = 24
PREPROCESSING = echoscribe_preprocessing(32).model_copy(update={"frames": 8, "stride": 4})
_BLOCK = {
    "num_heads": 1,
    "input_channels": 16,
    "output_channels": 16,
    "kernel_q": [3, 3, 3],
    "kernel_kv": [3, 3, 3],
    "stride_q": [1, 1, 1],
    "stride_kv": [1, 2, 2],
}
VIDEO_ENCODER: dict[str, Any] = {
    "architecture": "mvit",
    "image_size": 32,
    "frames": 8,
    "embedding_dim": DIMENSION,
    "patch_kernel": [3, 9, 9],
    "patch_stride": [2, 8, 8],
    "blocks": [_BLOCK, {**_BLOCK, "output_channels": 32, "num_heads": 2, "stride_q": [1, 2, 2]}],
}
VIEW_CLASSIFIER: dict[str, Any] = {"architecture": "convnext", "stages": [[8, 16, 1], [16, None, 1]]}


def write_echo_bundle(folder: Path, seed: int = 0, **changes: Any) -> BundleManifest:
    """Writes the bundle into the folder; changes replace fields of the manifest."""
    torch.manual_seed(seed)
    encoder, classifier = build_video_encoder(VIDEO_ENCODER), build_view_classifier(VIEW_CLASSIFIER, VIEWS)
    for network in (encoder, classifier):  # a fresh network answers nearly the same to everything
        for parameter in network.parameters():
            parameter.data.mul_(3)
    save_weights(encoder, folder / "video_encoder.safetensors")
    save_weights(classifier, folder / "view_classifier.safetensors")
    fields: dict[str, Any] = {
        **taxonomy_fields(ECHO_TAXONOMY),
        "name": "small",
        "trained": False,
        "domain": "synthetic",
        "preprocessing": PREPROCESSING.model_dump(mode="json"),
        "networks": {
            "video_encoder": {**VIDEO_ENCODER, "file": "video_encoder.safetensors"},
            "view_classifier": {**VIEW_CLASSIFIER, "file": "view_classifier.safetensors"},
        },
        "embedding_dim": DIMENSION,
        "view_weighting": "probability",
        "min_section_weight": 0.0,
        "mil_weights": {section: dict.fromkeys(VIEWS, 1.0) for section in SECTIONS},
        "licence_notice": "test",
        **changes,
    }
    return write_bundle(folder, BundleManifest.model_validate(fields))
