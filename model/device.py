"""Where networks run. The device and dtype are chosen once, here, and injected everywhere else."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Placement:
    """A device, the dtype of its networks, and the reason it was chosen (logged and shown by `/info`)."""

    device: torch.device
    dtype: torch.dtype
    reason: str


def choose_placement(requested: str = "auto", dtype: str = "float32") -> Placement:
    """The placement for a request of ``auto``, ``cpu``, ``cuda`` or ``cuda:N`` and a torch dtype name.

    Raises ValueError when CUDA is asked for and absent, or the dtype is not float32 or bfloat16.
    """
    if dtype not in {"float32", "bfloat16"}:
        raise ValueError(f"dtype must be float32 or bfloat16, not {dtype!r}")
    chosen = getattr(torch, dtype)
    if requested != "auto":
        if requested.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device {requested!r} was asked for, but this process sees no CUDA device")
        return Placement(torch.device(requested), chosen, f"{requested} was asked for")
    if torch.cuda.is_available():
        return Placement(torch.device("cuda"), chosen, "a CUDA device is visible")
    return Placement(torch.device("cpu"), chosen, "no CUDA device is visible")
