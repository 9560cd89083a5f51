"""Where networks run. The device and dtype are chosen once, here, and injected everywhere else."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn


@dataclass(frozen=True)
class Placement:
    """A device, the dtype of its networks, and the reason it was chosen (logged and shown by `/info`).

    compiled: networks go through torch.compile, on CUDA with graphs. This helps where the same batch shapes come many
    times. On a CPU it needs a C++ compiler. Nothing is compiled unless asked for.
    """

    device: torch.device
    dtype: torch.dtype
    reason: str
    compiled: bool = False

    def placed(self, network: nn.Module) -> nn.Module:
        """The network on the device, in the dtype, without gradients; compiled where that was asked for."""
        moved = network.requires_grad_(False).to(self.device, self.dtype)
        if not self.compiled:
            return moved
        mode = "reduce-overhead" if self.device.type == "cuda" else "default"
        return cast(nn.Module, torch.compile(moved, dynamic=False, mode=mode))


def choose_placement(requested: str = "auto", dtype: str = "float32") -> Placement:
    """The placement for a request of ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` and a torch dtype name or ``auto``.

    Raises ValueError when CUDA is asked for and absent, or the dtype is not float32, bfloat16 or auto.
    """
    if dtype not in {"float32", "bfloat16", "auto"}:
        raise ValueError(f"dtype must be float32, bfloat16 or auto, not {dtype!r}")
    if requested != "auto":
        if requested.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device {requested!r} was asked for, but this process sees no CUDA device")
        device, reason = torch.device(requested), f"{requested} was asked for"
    elif torch.cuda.is_available():
        device, reason = torch.device("cuda"), "a CUDA device is visible"
    else:
        device, reason = torch.device("cpu"), "no CUDA device is visible"
    if dtype != "auto":
        return Placement(device, getattr(torch, dtype), reason)
    if multiplies_bfloat16(device):
        return Placement(device, torch.bfloat16, f"{reason}; it multiplies bfloat16 natively")
    return Placement(device, torch.float32, f"{reason}; it has no native bfloat16")


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16 products; emulated ones would be slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))
