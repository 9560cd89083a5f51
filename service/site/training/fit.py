"""The training loop of every network: bounded in steps and in seconds, resumable, one JSON line per logged step."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from service.site.observer import QUIET, Observer
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.heap import KeptMemory

LOG = "log.jsonl"
# Share of a training in which the rate rises, and the share of the rate that is left at its end: where time is the
# limit, the last steps still teach.
WARM_UP, LOWEST = 0.05, 0.01
Losses = Mapping[str, torch.Tensor]  # scalars by name; `loss` is the one that is made smaller


def cosine_rate(highest: float, progress: float, warm_up: float, lowest: float = 0.0) -> float:
    """Learning rate: linear warm-up, then half a cosine down to `lowest` (Loshchilov and Hutter 2017).

    progress: 0..1. warm_up: share of the training. lowest: share of `highest`.
    """
    fall = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return highest * min(1.0, (progress + 1e-3) / warm_up) * max(lowest, fall)


@dataclass(frozen=True)
class Limits:
    """When a training ends: after `steps` or `seconds` over all its runs, whichever comes first. None: no such limit.

    For equal weights from equal inputs set `seconds` to None: the clock of a machine is not reproducible.
    Raises ValueError without any limit.
    """

    steps: int | None = None
    seconds: float | None = None
    log_every: int = 10
    checkpoint_every: int = 100

    def __post_init__(self) -> None:
        if not self.steps and not self.seconds:
            raise ValueError("a training needs a limit: steps, seconds or both")

    def progress(self, step: int, seconds: float) -> float:
        """How much of the training is done, 0..1 and beyond."""
        return max(step / self.steps if self.steps else 0.0, seconds / self.seconds if self.seconds else 0.0)


@dataclass(frozen=True, eq=False)
class Learning:
    """What is learned, and how.

    networks: all that is stored and restored. losses: number of the step → its losses; draws its own batch.
    Where a step is read in several passes, they have left the gradients of all but the last, to which `loss` leads.
    rate: progress 0..1 → learning rate. largest_gradient: norm that gradients are cut to, None for no cut.
    assess: further figures, computed at each checkpoint. agreed_seconds: this process's seconds → those that all
    processes of a training go by, so that they end at the same step.
    """

    networks: nn.Module
    optimizer: torch.optim.Optimizer
    losses: Callable[[int], Losses]
    rate: Callable[[float], float]
    largest_gradient: float | None = 1.0
    assess: Callable[[], Mapping[str, float]] | None = None
    agreed_seconds: Callable[[float], float] = float

    def step(self, number: int, progress: float) -> dict[str, torch.Tensor]:
        """The losses of one optimisation step."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(progress)
        self.optimizer.zero_grad(set_to_none=True)  # before the losses, which may add gradients of their own
        losses = self.losses(number)
        losses["loss"].backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
        if self.largest_gradient is not None:
            nn.utils.clip_grad_norm_(self.networks.parameters(), self.largest_gradient)
        self.optimizer.step()
        return {name: loss.detach() for name, loss in losses.items()}


def fit(learning: Learning, limits: Limits, folder: CheckpointFolder | None = None, observer: Observer = QUIET) -> int:
    """The number of steps that are done, over all runs. Goes on where an earlier run in the folder stopped.

    folder: where the log and the checkpoint are written; None keeps nothing.
    Raises ValueError when the folder holds the checkpoint of another training.
    """
    step, seconds = (0, 0.0) if folder is None else folder.resume(learning.networks, learning.optimizer)
    started = time.monotonic() - seconds
    progress, kept = limits.progress(step, seconds), KeptMemory()
    while progress < 1:
        losses = learning.step(step, progress)
        rate, step = learning.rate(progress), step + 1
        seconds = learning.agreed_seconds(time.monotonic() - started)
        if limits.steps is None and limits.seconds is not None:
            observer.advance("training: seconds", int(seconds), int(limits.seconds))
        else:
            observer.advance("steps", step, limits.steps or 0)
        progress = limits.progress(step, seconds)  # asked once, or the time could end between log and checkpoint
        line = _round_losses(losses) if step % limits.log_every == 0 or progress >= 1 else {}
        keeps = step % limits.checkpoint_every == 0 or progress >= 1
        if keeps and learning.assess is not None:
            line |= learning.assess()
        kept.bound()
        if folder is not None and folder.writes:
            if line:
                _log(folder.path, {"step": step, **line, "rate": rate, "seconds": round(seconds, 1)})
            if keeps:
                folder.save(learning.networks, learning.optimizer, step, seconds)
    return step


def _round_losses(losses: Losses) -> dict[str, float]:
    return {name: round(loss.item(), 4) for name, loss in losses.items()}


def _log(folder: Path, line: Mapping[str, float]) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
