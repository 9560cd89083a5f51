"""A training state on disk: written whole or not at all, read without executing anything."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

CHECKPOINT = "checkpoint.pt"
# What the networks are called in a checkpoint; the last two were written before all trainings shared one loop.
_NETWORKS = ("networks", "objective", "towers")


@dataclass(frozen=True)
class CheckpointFolder:
    """Where a training keeps its state. fingerprint: states all that must be the same when it goes on.

    writes: False for the further processes of one training, which only read.
    """

    path: Path
    fingerprint: str
    writes: bool = True

    def resume(self, networks: torch.nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
        """Steps and seconds that are done, (0, 0.0) without a checkpoint; sets weights and optimizer to that state.

        Raises ValueError when the checkpoint belongs to another configuration.
        """
        state = load_checkpoint(self.path, self.fingerprint)
        if state is None:
            return 0, 0.0
        networks.load_state_dict(next(state[name] for name in _NETWORKS if name in state))
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"]), float(state["seconds"])

    def save(self, networks: torch.nn.Module, optimizer: torch.optim.Optimizer, step: int, seconds: float) -> None:
        """Writes the state, of `networks` what `resume` will be given."""
        state = {"networks": networks.state_dict(), "optimizer": optimizer.state_dict()}
        save_checkpoint(self.path, {**state, "step": step, "seconds": seconds, "fingerprint": self.fingerprint})


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Writes the state beside the old one and then over it, so that a stop at any time leaves a whole file.

    Raises OSError; torch's own writer would not say that the disk is full.
    """
    partial = folder / f"{CHECKPOINT}.part"
    state_bytes = io.BytesIO()
    torch.save(state, state_bytes)
    try:
        partial.write_bytes(state_bytes.getbuffer())
    except OSError:
        partial.unlink(missing_ok=True)
        raise
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
