"""The bundle's classifier is another one, its embeddings are not, and weights that do not fit change nothing."""

import json
from pathlib import Path

import pytest
import torch

from model.bundle import read_bundle
from model.checkpoint import save_weights
from model.echo.networks.view_classifier import build_view_classifier
from model.errors import BundleError
from scripts.rendered.views.replace_classifier import CLASSIFIER, replace_classifier
from tests.model.echo.small_echo import write_echo_bundle

CONFIG = {"architecture": "residual", "widths": [8, 8]}


def test_only_the_classifier_changes(tmp_path: Path) -> None:
    bundle, views = tmp_path / "bundle", tmp_path / "views"
    bundle.mkdir()
    views.mkdir()
    before = write_echo_bundle(bundle)
    torch.manual_seed(5)
    (views / "network.json").write_text(json.dumps({**CONFIG, "file": "view_classifier.safetensors"}))
    save_weights(build_view_classifier(CONFIG, before.views[1:]), views / "view_classifier.safetensors")
    with pytest.raises(BundleError):
        replace_classifier(bundle, views)
    assert read_bundle(bundle).files == before.files
    save_weights(build_view_classifier(CONFIG, before.views), views / "view_classifier.safetensors")
    replace_classifier(bundle, views)
    after = read_bundle(bundle)
    file = after.networks[CLASSIFIER]["file"]
    assert after.files[file] != before.files[before.networks[CLASSIFIER]["file"]]
    assert after.encoder_sha256 == before.encoder_sha256
    assert {name: sha for name, sha in after.files.items() if name != file} == {
        name: sha for name, sha in before.files.items() if name != before.networks[CLASSIFIER]["file"]
    }
