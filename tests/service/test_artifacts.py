"""Bundle and bank are compared by name and hash before anything is built."""

import json
from pathlib import Path

import pytest

from index.errors import BankMismatch
from model.bundle import MANIFEST
from model.device import choose_placement
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ArtifactError
from service.settings import shipped_bank
from tests.toy_modality import build_toy, write_toy

CPU = choose_placement("cpu")


def test_a_bank_of_another_encoder_is_refused(tmp_path: Path) -> None:
    bundle = write_toy(tmp_path).bundle
    with pytest.raises(BankMismatch, match="encoder_sha256"):
        load_pipeline(ArtifactPaths(bundle, shipped_bank()), CPU, {"toy": build_toy})


def test_an_unknown_modality_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="modality 'toy' is none of"):
        load_pipeline(write_toy(tmp_path), CPU)


def test_weights_without_a_hash_are_refused(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    manifest = json.loads((paths.bundle / MANIFEST).read_text())
    manifest["networks"]["view_classifier"] = {"file": "unlisted.safetensors"}
    (paths.bundle / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"'unlisted\.safetensors' is used"):
        load_pipeline(paths, CPU, {"toy": build_toy})
