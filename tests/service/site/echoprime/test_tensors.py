import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from service.site.echoprime.errors import ReleaseMismatch
from service.site.echoprime.tensors import embedding_blocks, load_into, state_dict


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("zipped", [True, False])
def test_vectors_of_any_precision_are_read(tmp_path: Path, dtype: torch.dtype, zipped: bool) -> None:
    vectors = torch.randn(5, 3).to(dtype)
    torch.save(vectors, tmp_path / "p.pt", _use_new_zipfile_serialization=zipped)
    read = np.concatenate(list(embedding_blocks(tmp_path / "p.pt")))
    assert np.array_equal(read, vectors.float().numpy() if dtype == torch.bfloat16 else vectors.numpy())
    torch.save(nn.Parameter(vectors), tmp_path / "p.pt")
    assert np.concatenate(list(embedding_blocks(tmp_path / "p.pt"))).shape == (5, 3)


class Harm:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("it was executed",))


@pytest.mark.parametrize("value", [torch.ones(3), torch.ones(2, 2, dtype=torch.int64), {"a": 1}, Harm()])
def test_files_without_vectors_are_named(tmp_path: Path, value: Any) -> None:
    torch.save(value, tmp_path / "p1.pt")
    with pytest.raises(ReleaseMismatch, match=r"p1\.pt"):
        list(embedding_blocks(tmp_path / "p1.pt"))


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1], 2)])
def test_files_that_are_no_tensors_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p1.pt").write_bytes(content)
    with pytest.raises(ReleaseMismatch, match=r"p1\.pt"):
        list(embedding_blocks(tmp_path / "p1.pt"))


def test_state_dicts_lose_their_wrappers_and_must_fit(tmp_path: Path) -> None:
    network = nn.Linear(2, 3)
    wrapped = {"state_dict": {f"module.{name}": value.half() for name, value in network.state_dict().items()}}
    path = tmp_path / "w.pt"
    torch.save(wrapped, path)
    weights = state_dict(path)
    assert {name: value.dtype for name, value in weights.items()} == {"weight": torch.float32, "bias": torch.float32}
    loaded = load_into(nn.Linear(2, 3), weights, path).state_dict()
    assert torch.equal(loaded["weight"], network.weight.half().float())
    with pytest.raises(ReleaseMismatch, match=r"w\.pt: tensor 'weight' is \(3, 2\), the network needs \(3, 4\)"):
        load_into(nn.Linear(4, 3), weights, path)
    with pytest.raises(ReleaseMismatch, match=r"lacks the tensors \[\] and has \['bias'\]"):
        load_into(nn.Linear(2, 3, bias=False), weights, path)
    torch.save([1, 2], path)
    with pytest.raises(ReleaseMismatch, match="a state dict of tensors is expected"):
        state_dict(path)
