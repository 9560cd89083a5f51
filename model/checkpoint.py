"""The only reader and writer of weights: safetensors, compared by name and by shape. Nothing is unpickled."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import nn

from model.errors import BundleCorrupt, BundleMismatch

_LARGEST_WEIGHT: Final = torch.finfo(torch.float16).max  # as `save_weights` stores them; beyond it sums overflow
_LENGTH_BYTES: Final = 8  # of the header, at the start of every safetensors file


def save_weights(module: nn.Module, path: Path, dtype: torch.dtype = torch.float16) -> None:
    """Writes parameters and buffers; floating ones in `dtype` (float16 or float32).

    Raises ValueError when a value does not fit the dtype: a weight stored as infinity would load without complaint.
    """
    tensors = {}
    for name, tensor in module.state_dict().items():
        stored = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else tensor.dtype)
        if stored.is_floating_point() and not torch.isfinite(stored).all():
            raise ValueError(f"{path}: tensor {name!r} holds values that are not finite in {dtype}")
        tensors[name] = stored.clone(memory_format=torch.contiguous_format)
    save_file(tensors, path)


def build_unfilled(build: Callable[[], nn.Module]) -> nn.Module:
    """The network that `build` makes, its weights not yet written, for `load_weights` to fill.

    Random weights that are overwritten at once would cost 1.7 s for the published networks (LOG 2026-11-22). A network
    with buffers that no file holds is built as usual.
    """
    with torch.device("meta"):
        network = build()
    if {name for name, _ in network.named_buffers()} - network.state_dict().keys():
        return build()
    return network.to_empty(device="cpu")


def stored_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors of a file, and the metadata beside them.

    The file is read and never mapped: whoever cuts a mapped file ends the process that reads it.
    Raises BundleCorrupt when it cannot be read, BundleMismatch for a number that is not finite.
    """
    try:
        content = path.read_bytes()
        stored = load(content)
        header = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")])
    except (OSError, SafetensorError, ValueError) as error:
        raise BundleCorrupt(f"{path}: cannot be read as safetensors ({error})") from error
    for name, tensor in stored.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BundleMismatch(f"{path}: tensor {name!r} holds NaN or infinity")
    return stored, header.get("__metadata__") or {}


def load_weights(module: nn.Module, path: Path) -> None:
    """Fills the module from a file, each tensor in the module's own dtype and on its device; None.

    Raises BundleCorrupt when the file cannot be read, BundleMismatch when a name, a shape or the range of weights
    differs.
    """
    stored, _ = stored_tensors(path)
    for name, tensor in stored.items():
        if tensor.is_floating_point() and tensor.numel() and tensor.abs().max() > _LARGEST_WEIGHT:
            raise BundleMismatch(f"{path}: tensor {name!r} holds a weight beyond {_LARGEST_WEIGHT:g}")
    wanted = module.state_dict()
    for name in sorted(wanted.keys() ^ stored.keys()):
        where = "is missing from the file" if name in wanted else "is in the file, but the network has no such tensor"
        raise BundleMismatch(f"{path}: tensor {name!r} {where}")
    for name, tensor in wanted.items():
        if tensor.shape != stored[name].shape:
            raise BundleMismatch(
                f"{path}: tensor {name!r} is {tuple(stored[name].shape)}, the network needs {tuple(tensor.shape)}"
            )
    module.load_state_dict(stored)
