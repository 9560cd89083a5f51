from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.reference.check_parity import check_folder
from scripts.reference.parity import encoders
from scripts.reference.parity.comparison import Comparison

FILE = "echoprime_encoders.npz"
Arrays = dict[str, NDArray[Any]]


def outputs_of(arrays: Arrays) -> Arrays:
    """Stands for the full-size networks: numbers that depend on seed and clips as theirs do."""
    clips = arrays["input_clips"].astype(np.float64)
    seed = int(arrays["seed"])
    random = np.random.default_rng(seed)
    features = clips.reshape(len(clips), 16, -1)[:, :, :9].std(axis=2)
    return {
        "clip_embeddings": (features @ random.standard_normal((16, 6))).astype(np.float32),
        "view_logits": (features[:, :1] @ random.standard_normal((1, 3))).astype(np.float32),
    }


@pytest.fixture
def arrays(monkeypatch: pytest.MonkeyPatch) -> Arrays:
    monkeypatch.setattr(encoders, "_outputs", outputs_of)
    clips = np.random.default_rng(0).integers(0, 256, (2, 16, 224, 224, 3), dtype=np.uint8)
    given: Arrays = {"seed": np.array(3), "input_clips": clips}
    return {**given, **outputs_of(given)}


def failed(folder: Path, arrays: Arrays) -> set[str]:
    np.savez(folder / FILE, **arrays)  # type: ignore[arg-type]  # savez takes a flag beside the arrays
    entries = check_folder(folder, ())
    assert len(entries) == len(arrays)
    return {entry.array.split(":")[1] for entry in entries if not (isinstance(entry, Comparison) and entry.ok)}


def test_equal_arrays_pass(tmp_path: Path, arrays: Arrays) -> None:
    assert failed(tmp_path, arrays) == set()


@pytest.mark.parametrize("key", ["seed", "input_clips", "clip_embeddings", "view_logits"])
def test_each_array_is_named_when_it_changes(tmp_path: Path, arrays: Arrays, key: str) -> None:
    changed = arrays[key].copy()
    if key == "input_clips":
        changed[1, 5] //= 2
    else:
        changed = changed + 1
    assert key in failed(tmp_path, {**arrays, key: changed})


@pytest.mark.parametrize("change", ["scaled", "nan", "row swapped", "short"])
def test_embeddings_that_differ_fail(tmp_path: Path, arrays: Arrays, change: str) -> None:
    golden = arrays["clip_embeddings"].copy()
    changes: Arrays = {
        "scaled": golden * 1.01,
        "nan": np.where(np.arange(golden.size).reshape(golden.shape) == 3, np.nan, golden).astype(np.float32),
        "row swapped": golden[::-1],
        "short": golden[:1],
    }
    assert "clip_embeddings" in failed(tmp_path, {**arrays, "clip_embeddings": changes[change]})


def test_an_unknown_array_is_not_passed_over(tmp_path: Path, arrays: Arrays) -> None:
    assert failed(tmp_path, {**arrays, "extra": np.zeros(2)}) == {"extra"}
