"""The only reader and writer of weights: safetensors, compared by name and by shape. Nothing is unpickled."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import nn
from torch.overrides import TorchFunctionMode

from model.errors import BundleCorrupt, BundleMismatch
from model.tensor_file import LENGTH_BYTES, TensorFile

_LARGEST_WEIGHT: Final = torch.finfo(torch.float16).max  # as `save_weights` stores them; beyond it sums overflow


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


class _Unfilled(TorchFunctionMode):
    """What a network writes into its own parameters while it is built is left out."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """What the function returns, the parameter itself where it would be written."""
        named = kwargs or {}
        target = args[0] if args else named.get("tensor")  # `nn.init` names it so
        writes = func.__name__.endswith("_") and not func.__name__.endswith("__") and func.__name__ != "requires_grad_"
        return target if writes and isinstance(target, nn.Parameter) else func(*args, **named)


def build_unfilled(build: Callable[[], nn.Module]) -> nn.Module:
    """The network that `build` makes, its parameters not yet written, for `load_weights` to fill. Buffers are.

    Random weights that are overwritten at once would cost 1.7 s for the published networks (LOG 2026-11-22). The device
    `meta` would spare them too, but torch 2.14 brings its compiler and sympy for it: 1.5 s of imports.
    """
    with _Unfilled():
        return build()


def stored_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors of a file, and the metadata beside them.

    The file is read and never mapped: whoever cuts a mapped file ends the process that reads it.
    Raises BundleCorrupt when it cannot be read, BundleMismatch for a number that is not finite.
    """
    try:
        content = path.read_bytes()
        stored = load(content)
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")])
    except (OSError, SafetensorError, ValueError) as error:
        raise BundleCorrupt(f"{path}: cannot be read as safetensors ({error})") from error
    for name, tensor in stored.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise BundleMismatch(f"{path}: tensor {name!r} holds NaN or infinity")
    return stored, header.get("__metadata__") or {}


def load_weights(module: nn.Module, path: Path) -> None:
    """Fills the module from a file, each tensor in the module's own dtype and on its device; None.

    Read tensor by tensor, so that no second copy of all weights is ever held.
    Raises BundleCorrupt when the file cannot be read, BundleMismatch when a name, a shape or the range of weights
    differs.
    """
    try:
        with TensorFile.open(path) as file, torch.no_grad():
            wanted = module.state_dict()
            _compare(wanted, file, path)
            for name, tensor in file.read():
                _require_weights(tensor, name, path)
                wanted[name].copy_(tensor)
    except (OSError, EOFError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleCorrupt(f"{path}: cannot be read as safetensors ({error})") from error


def _compare(wanted: Mapping[str, torch.Tensor], file: TensorFile, path: Path) -> None:
    """Raises BundleMismatch naming the first tensor that is missing, unknown or of another shape."""
    for name in sorted(wanted.keys() ^ file.tensors.keys()):
        where = "is missing from the file" if name in wanted else "is in the file, but the network has no such tensor"
        raise BundleMismatch(f"{path}: tensor {name!r} {where}")
    for name, tensor in wanted.items():
        stored = file.tensors[name].shape
        if tensor.shape != stored:
            raise BundleMismatch(f"{path}: tensor {name!r} is {stored}, the network needs {tuple(tensor.shape)}")


def _require_weights(tensor: torch.Tensor, name: str, path: Path) -> None:
    """Raises BundleMismatch for a number that is not finite, or too large to be a weight."""
    if not tensor.is_floating_point() or not tensor.numel():
        return
    low, high = (float(end) for end in tensor.aminmax())  # both NaN where one number is
    if not (isfinite(low) and isfinite(high)):
        raise BundleMismatch(f"{path}: tensor {name!r} holds NaN or infinity")
    if max(-low, high) > _LARGEST_WEIGHT:
        raise BundleMismatch(f"{path}: tensor {name!r} holds a weight beyond {_LARGEST_WEIGHT:g}")
