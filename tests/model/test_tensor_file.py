"""Tensors read one by one are those that the format's own library reads; what is not whole is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.tensor_file import TensorFile

STORED = {
    "a": torch.arange(6, dtype=torch.float16).reshape(2, 3),
    "count": torch.tensor(7),
    "empty": torch.zeros(0, 4),
    "flags": torch.tensor([True, False, True]),
    "z": torch.full((3,), 0.5, dtype=torch.bfloat16),
}


def read(path: Path) -> dict[str, torch.Tensor]:
    with TensorFile.open(path) as file:
        return dict(file.read())


def test_the_library_reads_the_same(tmp_path: Path) -> None:
    save_file(STORED, tmp_path / "t", {"about": "it"})
    found, wanted = read(tmp_path / "t"), load_file(tmp_path / "t")
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(found[name], tensor)


def written(path: Path, header: Any, content: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return path


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ({"a": ENTRY}, 7),
        ({"a": ENTRY}, 9),
        ({"a": ENTRY, "b": {**ENTRY, "data_offsets": [4, 12]}}, 12),
        ({"a": ENTRY, "b": {**ENTRY, "data_offsets": [12, 20]}}, 20),
        ({"a": {**ENTRY, "shape": [3]}}, 8),
        ({"a": {**ENTRY, "shape": [-2]}}, 8),
        ({"a": {**ENTRY, "shape": [2.0]}}, 8),
        ({"a": {**ENTRY, "dtype": "F3"}}, 8),
        ({"a": {"dtype": "F32"}}, 8),
        ({"a": 4}, 8),
        ([1], 8),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, header: Any, size: int) -> None:
    path = written(tmp_path / "t", header, bytes(size))
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\x01", b"\xff" * 8, (3).to_bytes(8, "little") + b"{}"])
def test_a_cut_header_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(ValueError, match=r"a header of|its tensors do not fill"):
        read(tmp_path / "t")


def test_a_file_that_is_cut_while_it_is_read_ends_with_an_error(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(100_000), "b": torch.zeros(100_000)}, tmp_path / "t")
    with TensorFile.open(tmp_path / "t") as file:
        tensors = file.read()
        next(tensors)
        with (tmp_path / "t").open("r+b") as other:
            other.truncate(500_000)
        with pytest.raises(EOFError, match="'b' ends too soon"):
            next(tensors)
