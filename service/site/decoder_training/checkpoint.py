"""A training state on disk: written whole or not at all, read without executing anything."""

from pathlib import Path
from typing import Any

import torch

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes the state beside the old one and then over it, so that a stop at any time leaves a whole file."""
    partial = folder / f"{CHECKPOINT}.part"
    torch.save(state, partial)
    partial.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state that a folder holds, None without one. Raises ValueError when it belongs to another configuration."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if state["fingerprint"] != fingerprint:
        raise ValueError(f"{path}: belongs to a training of another configuration; choose another --out or remove it")
    return state


def resume(
    folder: Path, fingerprint: str, networks: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, float]:
    """Step and seconds from which to go on, (0, 0.0) without a checkpoint; weights and optimizer are set to that state.

    Raises ValueError as `load_checkpoint` does.
    """
    state = load_checkpoint(folder, fingerprint)
    if state is None:
        return 0, 0.0
    networks.load_state_dict(state["networks"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["seconds"])
