"""The tracer's training: batches of varied runs, the loss, and weights averaged over the last steps."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.device import Placement
from model.echo.tracing.chambers import CHAMBERS, CLASSES
from model.echo.tracing.runs import standardised
from scripts.rendered.tracing.augmentation import vary
from scripts.rendered.tracing.frames import FRAMES
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import LOWEST, WARM_UP, Learning, Limits, Losses, cosine_rate, fit
from service.site.training.made_ahead import MadeAhead

RATE = 2.5e-3
_DECAY, _GRADIENT_NORM = 0.02, 2.0
_AVERAGED = 0.995  # share of the average that a step leaves; weights of about 200 steps
_DRAWS = 41  # stream of a seed
_LOG_EVERY, _CHECKPOINT_EVERY = 20, 100
_SMOOTH = 5.0  # pixels of a quarter; keeps the overlap of a chamber that is hardly there from deciding a batch


@dataclass(frozen=True, eq=False)
class RunBatches:
    """Runs drawn anew for each step and varied. shards: uint8 (n, 2, T, s, s) each. runs: their number that is used.

    frames: neighbouring ones of each run, as many as the network reads at once.
    """

    shards: Sequence[NDArray[np.uint8]]
    runs: int
    batch: int
    size: int
    seed: int = 0
    frames: int = FRAMES

    def at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """float32 (B, T, S, S) standardised, channels last in memory, and int64 (B, T, S, S) classes."""
        rng = np.random.default_rng([self.seed, step, _DRAWS])
        drawn = [vary(*self._part(int(run), rng), rng, self.size) for run in rng.integers(0, self.runs, self.batch)]
        grey = torch.stack([standardised(torch.from_numpy(one.grey.transpose(2, 0, 1))) for one in drawn])
        truth = torch.from_numpy(np.stack([one.chambers.transpose(2, 0, 1) for one in drawn]))
        return grey.contiguous(memory_format=torch.channels_last), truth.long()

    def _part(self, number: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The frames of a run that are learned from this time."""
        grey, chambers = self.run(number)
        first = int(rng.integers(0, len(grey) - self.frames + 1)) if self.frames < len(grey) else 0
        return grey[first : first + self.frames], chambers[first : first + self.frames]

    def run(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Frames and chambers of a run as stored."""
        shard, place = divmod(number, len(self.shards[0]))
        stored = np.asarray(self.shards[shard][place])
        return stored[0], stored[1]


@dataclass(frozen=True, eq=False)
class TracerTrainer:
    """What a training needs beside its data."""

    placement: Placement
    fingerprint: str
    highest_rate: float = RATE

    def train(self, network: nn.Module, batches: RunBatches, limits: Limits, out: Path) -> tuple[nn.Module, int]:
        """The averaged network, and the steps done over all runs. Writes log.jsonl and checkpoint.pt to `out`.

        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        network.to(self.placement.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]  # torch's stub
        networks = nn.ModuleDict({"learned": network, "averaged": copy.deepcopy(network).requires_grad_(False)})
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.highest_rate, weight_decay=_DECAY)
        with MadeAhead(batches.at) as ahead:
            learning = Learning(
                networks=networks,
                optimizer=optimizer,
                losses=lambda step: self._losses(networks, *ahead.at(step), step),
                rate=lambda progress: cosine_rate(self.highest_rate, progress, WARM_UP, LOWEST),
                largest_gradient=_GRADIENT_NORM,
            )
            steps = fit(learning, limits, CheckpointFolder(out, self.fingerprint))
        return networks["averaged"].eval(), steps

    def _losses(self, networks: nn.ModuleDict, grey: torch.Tensor, truth: torch.Tensor, step: int) -> Losses:
        average(networks["averaged"], networks["learned"], step)
        device, half = self.placement.device, self.placement.dtype == torch.bfloat16
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits = networks["learned"](grey.to(device))
        down, right = step % 2, step // 2 % 2  # a quarter of the pixels, in turn: a fifth less time for a step
        return tracing_losses(logits[..., down::2, right::2].float(), truth[..., down::2, right::2].to(device))


def limits_of(seconds: float | None, steps: int | None) -> Limits:
    """When the training ends."""
    return Limits(steps=steps, seconds=seconds, log_every=_LOG_EVERY, checkpoint_every=_CHECKPOINT_EVERY)


@torch.no_grad()
def average(averaged: nn.Module, learned: nn.Module, step: int) -> None:
    """Moves the averaged weights towards the learned ones, in place; faster at first."""
    share = min(_AVERAGED, (1 + step) / (10 + step))
    now = learned.state_dict()
    for name, kept in averaged.state_dict().items():
        if kept.is_floating_point():
            kept.lerp_(now[name], 1 - share)
        else:
            kept.copy_(now[name])


def still_weights(weights: Mapping[str, torch.Tensor], frames: int) -> dict[str, torch.Tensor]:
    """Weights of the network of one frame that equals one of `frames` frames on a picture that stands still.

    The outlines are those of the second frame, which has a neighbour on both sides.
    """
    stem, outputs, part = "stem.0.weight", ("head.3.weight", "head.3.bias"), 4 * CLASSES
    place = min(1, frames - 1)
    still = {name: weights[name][place * part : (place + 1) * part] for name in outputs}
    return {**weights, stem: weights[stem].sum(dim=1, keepdim=True), **still}


def tracing_losses(logits: torch.Tensor, truth: torch.Tensor) -> Losses:
    """Cross entropy and overlap (soft Dice over the batch). logits: (B, T, classes, S, S). truth: (B, T, S, S)."""
    wanted = truth.flatten(0, 1).unsqueeze(1)  # (N, 1, S, S)
    logs = logits.flatten(0, 1).log_softmax(dim=1)
    entropy = -logs.gather(1, wanted).mean()
    probable = logs.exp()
    right = probable.gather(1, wanted).flatten()
    shared = torch.zeros(CLASSES, device=right.device).index_add(0, wanted.flatten(), right)
    sizes = probable.sum(dim=(0, 2, 3)) + torch.bincount(wanted.flatten(), minlength=CLASSES)
    overlap = ((2 * shared + _SMOOTH) / (sizes + _SMOOTH))[1:]
    return {"loss": entropy + (1 - overlap.mean()), "entropy": entropy, "lv": overlap[0], "mean": overlap.mean()}


def dice(found: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Mapping[str, NDArray[np.float64]]:
    """Chamber → Dice of each picture that shows it (1 % of the picture at least). found, truth: uint8 (N, S, S)."""
    scores = {}
    for number, chamber in enumerate(CHAMBERS, start=1):
        a, b = (found == number).sum(axis=(1, 2)), (truth == number).sum(axis=(1, 2))
        both = ((found == number) & (truth == number)).sum(axis=(1, 2))
        shown = b > 0.01 * truth.shape[1] * truth.shape[2]
        scores[chamber] = np.asarray(2 * both[shown] / (a[shown] + b[shown]))
    return scores
