"""A bundle folder is refused when anything in it is not what its manifest says."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.bundle import MANIFEST, read_bundle
from model.errors import BundleCorrupt, BundleMismatch
from tests.toy_modality import TOY, write_toy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_toy(tmp_path).bundle


def change(folder: Path, **fields: Any) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_written_bundle_is_read_back_with_its_names(folder: Path) -> None:
    assert read_bundle(folder).taxonomy() == TOY


def test_a_changed_file_is_named(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(BundleMismatch, match=r"weights\.safetensors: sha256"):
        read_bundle(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BundleCorrupt, match=r"weights\.safetensors"):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["../weights.safetensors", "/etc/hostname", "a/b", ".."])
def test_only_names_in_the_folder_are_files_of_a_bundle(folder: Path, name: str) -> None:
    change(folder, files={name: "0" * 64})
    with pytest.raises(BundleMismatch, match="not the name of a file"):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"mil_weights": {"Brightness": {"dark": 1.0}}}, "mil_weights"),
        ({"embedding_dim": 0}, "embedding_dim"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_does_not_fit_is_named(folder: Path, fields: dict[str, Any], said: str) -> None:
    change(folder, **fields)
    with pytest.raises(BundleMismatch, match=said):
        read_bundle(folder)


@pytest.mark.parametrize("content", ["", "no json", "[]"])
def test_no_manifest_is_no_bundle(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content)
    with pytest.raises((BundleCorrupt, BundleMismatch), match=MANIFEST):
        read_bundle(folder)
