"""The fine-tuned bundle: the old one's files with new towers, without what rested on the old encoder."""

import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from model.bundle import MANIFEST, BundleManifest, write_bundle
from model.checkpoint import load_weights, save_weights
from model.device import Placement
from model.echo.networks.video_encoder import build_video_encoder
from model.report.decoder.tokenizer import TOKENIZER_FILE, ReportTokenizer
from model.report.language.language import Language
from model.report.text_encoder.text_encoder import (
    TextEncoderConfig,
    TextTower,
    build_text_encoder,
    open_text_tower,
    own_tower,
)
from model.report.writing.build import DECODER_FILE
from service.site.decoder_training.report_tokenizer import report_tokenizer
from service.site.fine_tuning.towers import Towers

_TEXT_FILE = "text_encoder.safetensors"
RESTED_ON_THE_ENCODER = ("bank", "decoder", "thresholds", "calibration", "out_of_distribution")


def raw_video_encoder(manifest: BundleManifest, folder: Path, placement: Placement) -> torch.nn.Module:
    """The video encoder as it can be trained: float32, in torchvision's own form."""
    network = build_video_encoder(manifest.networks["video_encoder"])
    load_weights(network, folder / manifest.networks["video_encoder"]["file"])
    return network.to(placement.device)


def text_tower(
    manifest: BundleManifest, folder: Path, placement: Placement, language: Language
) -> tuple[TextTower, dict[str, Any], ReportTokenizer | None]:
    """The tower and its configuration. A bundle without one gets a new small one, whose tokenizer comes third."""
    if "text_encoder" in manifest.networks:
        return open_text_tower(folder, manifest, placement), manifest.networks["text_encoder"], None
    tokenizer = report_tokenizer(language)
    sizes = TextEncoderConfig(vocabulary=tokenizer.size, embedding_dim=manifest.embedding_dim)
    tower = own_tower(build_text_encoder(sizes).to(placement.device), tokenizer)
    return tower, {**sizes.model_dump(), "file": _TEXT_FILE}, tokenizer


def write_fine_tuned(
    base: Path,
    manifest: BundleManifest,
    towers: Towers,
    tokenizer: ReportTokenizer | None,
    changes: dict[str, Any],
    out: Path,
) -> BundleManifest:
    """Writes the bundle; nothing is there until it is whole. changes: fields of the manifest. Returns the manifest."""
    building = out.with_name(f".{out.name}.writing")
    shutil.rmtree(building, ignore_errors=True)
    shutil.copytree(base, building)
    left = (DECODER_FILE, manifest.out_of_distribution)
    for name in (name for name in left if name is not None):
        (building / name).unlink(missing_ok=True)
    networks = changes["networks"]
    for name, tower in (("video_encoder", towers.video), ("text_encoder", towers.text)):
        file = building / networks[name]["file"]
        save_weights(tower, file, _stored_dtype(file))
    if tokenizer is not None:
        tokenizer.write(building / TOKENIZER_FILE)
    (building / MANIFEST).unlink()
    fresh: dict[str, Any] = {
        "decoder": None,
        "thresholds": {},
        "threshold_sources": {},
        "calibration": {},
        "out_of_distribution": None,
    }
    written = write_bundle(building, manifest.model_copy(update={**fresh, "trained": True, **changes}))
    building.rename(out)
    return written


def _stored_dtype(file: Path) -> torch.dtype:
    """That of the weights which are replaced; float32 for new ones."""
    if not file.exists():
        return torch.float32
    with safe_open(file, "pt") as stored:
        dtypes = {stored.get_tensor(name).dtype for name in stored.keys()}  # noqa: SIM118 - no mapping
    return torch.float16 if torch.float16 in dtypes else torch.float32
