"""Numbers of a bundle that no training gives are refused when it is read, with field, value and range."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from model.bundle import MANIFEST, read_bundle
from model.checkpoint import load_weights
from model.errors import BundleMismatch
from tests.toy_modality import write_toy


def changed(folder: Path, fields: dict[str, Any]) -> Path:
    bundle = write_toy(folder).bundle
    stated = json.loads((bundle / MANIFEST).read_text())
    (bundle / MANIFEST).write_text(json.dumps(stated | fields))  # NaN and Infinity as Python writes them
    return bundle


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"min_section_weight": float("nan")}, "min_section_weight: is no finite number"),
        ({"preprocessing": {"mean": [1.0, float("inf")]}}, "preprocessing.mean.1: is no finite number"),
        ({"calibration": {"hue": {"offset": float("-inf")}}}, "calibration.hue.offset: is no finite number"),
        ({"preprocessing": {"std": [1.0, 0.0]}}, "preprocessing.std: is 0, must be more than 0"),
        ({"thresholds": {"is_bright": 1.5}}, "thresholds.is_bright: is 1.5, must lie in 0 to 1"),
        ({"thresholds": {"hue": 400.0}}, "thresholds.hue: is 400, must lie in 0 to 360"),
        (
            {"mil_weights": {name: {"dark": -1.0, "bright": 1.0} for name in ("Brightness", "Colour")}},
            "mil_weights.Brightness.dark: is -1, must not be negative",
        ),
    ],
)
def test_a_manifest(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(BundleMismatch, match=said):
        read_bundle(changed(tmp_path, fields))


@pytest.mark.parametrize(("wrong", "said"), [(float("nan"), "NaN"), (float("inf"), "infinity"), (1e6, "beyond 65504")])
def test_weights(tmp_path: Path, wrong: float, said: str) -> None:
    module = torch.nn.Linear(2, 2)
    stored = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    stored["weight"][1, 0] = wrong
    save_file(stored, tmp_path / "w.safetensors")
    with pytest.raises(BundleMismatch, match=f"w.safetensors: tensor 'weight' holds .*{said}"):
        load_weights(module, tmp_path / "w.safetensors")
