"""Tensors out of `.pt` files: memory-mapped, and with torch's own restricted reader."""

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from service.site.echoprime.errors import ReleaseMismatch

_BLOCK_ROWS = 32_768  # 64 MB of float32 at 512 dimensions
_WRAPPERS = ("state_dict", "model_state_dict", "model")


def load_tensors(path: Path) -> Any:
    """What a `.pt` file holds: tensors and plain containers. Raises ReleaseMismatch naming the file."""
    for mmap in (True, False):  # files of before torch 1.6 cannot be mapped
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except (RuntimeError, ValueError) as error:
            failure: Exception = error
        except (pickle.UnpicklingError, EOFError, OSError, LookupError, TypeError, AttributeError) as error:
            # torch's restricted reader has a machine of its own, which damaged files break in many ways
            failure = error
            break
    raise ReleaseMismatch(f"{path}: cannot be read as tensors only ({failure})") from failure


def embedding_blocks(path: Path) -> Iterator[NDArray[Any]]:
    """Rows of a file of candidate vectors, block by block; floating (B, D) in the file's precision."""
    tensor = load_tensors(path)
    if isinstance(tensor, nn.Parameter):
        tensor = tensor.data
    if not isinstance(tensor, torch.Tensor) or tensor.ndim != 2 or not tensor.is_floating_point():
        found = f"{tensor.dtype} {tuple(tensor.shape)}" if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise ReleaseMismatch(f"{path}: holds {found}, a floating tensor (candidates, dimension) is expected")
    for start in range(0, len(tensor), _BLOCK_ROWS):
        block = tensor[start : start + _BLOCK_ROWS]
        block = block.float() if block.dtype == torch.bfloat16 else block
        yield np.asarray(block.numpy())


def state_dict(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a file, float32, without the wrappers that training scripts put around them."""
    found = load_tensors(path)
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ReleaseMismatch(f"{path}: holds a {type(found).__name__}, a state dict of tensors is expected")
    return {
        str(name).removeprefix("module."): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in found.items()
    }


def load_into(network: nn.Module, weights: Mapping[str, torch.Tensor], path: Path) -> nn.Module:
    """The network with the weights. Raises ReleaseMismatch naming the tensors that are missing, extra or misshapen."""
    own = network.state_dict()
    missing, extra = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    if missing or extra:
        raise ReleaseMismatch(f"{path}: lacks the tensors {missing[:5]} and has {extra[:5]} beside the network's own")
    for name, tensor in own.items():
        if tensor.shape != weights[name].shape:
            raise ReleaseMismatch(
                f"{path}: tensor {name!r} is {tuple(weights[name].shape)}, the network needs {tuple(tensor.shape)}"
            )
    network.load_state_dict(dict(weights))
    return network
