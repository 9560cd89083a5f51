"""Bundle and bank are compared by name and hash before anything is built."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from index.errors import BankMismatch
from model.bundle import MANIFEST
from model.device import choose_placement
from service.artifacts import ArtifactPaths, load_pipeline, set_threads
from service.errors import ArtifactError
from service.modalities.registry import MODALITIES
from service.settings import shipped_bank, shipped_bundle
from tests.toy_modality import write_toy

CPU = choose_placement("cpu")


def test_a_bank_of_another_encoder_is_refused(tmp_path: Path) -> None:
    bundle = write_toy(tmp_path).bundle
    with pytest.raises(BankMismatch, match="encoder_sha256"):
        load_pipeline(ArtifactPaths(bundle, shipped_bank()), CPU)


def test_an_unknown_modality_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(MODALITIES, "toy")
    with pytest.raises(ArtifactError, match="bundle: modality 'toy' is none of"):
        load_pipeline(write_toy(tmp_path), CPU)


def test_weights_without_a_hash_are_refused(tmp_path: Path) -> None:
    paths = write_toy(tmp_path)
    manifest = json.loads((paths.bundle / MANIFEST).read_text())
    manifest["networks"]["view_classifier"] = {"file": "unlisted.safetensors"}
    (paths.bundle / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"'unlisted\.safetensors' is used"):
        load_pipeline(paths, CPU)


@pytest.fixture
def threads() -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


def test_small_networks_get_one_thread_unless_the_settings_say_otherwise(threads: int, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.mkdir()
    with (large / "video_encoder.safetensors").open("wb") as file:
        file.truncate(138 << 20)
    for bundle in (None, large, tmp_path / "not there"):
        set_threads(0, bundle)
        assert torch.get_num_threads() == threads
    set_threads(2, shipped_bundle())
    assert torch.get_num_threads() == 2
    set_threads(0, shipped_bundle())
    assert torch.get_num_threads() == 1
