"""The only reader and writer of weights: safetensors, compared by name and by shape. Nothing is unpickled."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from model.errors import BundleCorrupt, BundleMismatch


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


def load_weights(module: nn.Module, path: Path) -> None:
    """Fills the module from a file, each tensor in the module's own dtype and on its device; None.

    Raises BundleCorrupt when the file cannot be read, BundleMismatch when a name or shape differs.
    """
    try:
        stored = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BundleCorrupt(f"{path}: cannot be read as safetensors ({error})") from error
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
