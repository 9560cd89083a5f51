"""The decoder's training on rows in numbers: losses step by step, on one device or on several processes."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.flop_counter import FlopCounterMode

from model.device import Placement, multiplies_bfloat16
from model.report.decoder.decoder import Decoder, build_decoder
from service.site.bank_training.rows.batches import BankBatches
from service.site.decoder_training.batches import Batch
from service.site.decoder_training.decoder_loop import Plan
from service.site.decoder_training.losses import Counts, LossWeights, Objective
from service.site.observer import QUIET, Observer
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import Learning, Limits, Losses, fit
from service.site.training.made_ahead import MadeAhead
from service.site.training.processes import first_ones_seconds, mean_of_processes

_BFLOAT16_FROM = 256  # width: on a CPU narrower products gain less than their conversion costs


@dataclass
class Throughput:
    """What was read and how long it took, of this run. positions: of all transformer passes, padding not counted."""

    positions: int = 0
    text_tokens: int = 0
    rows: int = 0
    seconds: float = 0.0
    operations_per_position: float = 0.0

    def add(self, batch: Batch, shared: int) -> None:
        """Counts a batch. shared: positions of each study's prefix."""
        self.rows += len(batch.text)
        self.text_tokens += int(batch.counted.sum())
        self.positions += positions_of(batch, shared)

    def about(self) -> dict[str, float]:
        """Per second of training."""
        seconds = max(self.seconds, 1e-9)
        return {
            "positions_per_second": round(self.positions / seconds, 1),
            "text_tokens_per_second": round(self.text_tokens / seconds, 1),
            "rows_per_second": round(self.rows / seconds, 2),
            "operations_per_position": round(self.operations_per_position),
            "operations_per_second": round(self.operations_per_position * self.positions / seconds),
        }


def positions_of(batch: Batch, shared: int) -> int:
    """Positions of a batch's transformer passes, padding not counted. shared: those of each study's prefix."""
    rows = len(batch.text)
    return rows * (shared + 1) + int(batch.rows.valid.sum()) + int(batch.counted.sum())


@dataclass(frozen=True, eq=False)
class BankTrainer:
    """Trains a decoder on batches. data: what the rows were made of; a run goes on only with the same."""

    batches: BankBatches
    placement: Placement
    plan: Plan
    data: str
    observer: Observer = QUIET
    throughput: Throughput = field(default_factory=Throughput)

    def train(self, decoder: Decoder, out: Path) -> int:
        """The steps done over all runs; the decoder then has been trained. Goes on where an earlier run stopped.

        Raises ValueError when `out` holds the checkpoint of another training.
        """
        out.mkdir(parents=True, exist_ok=True)
        batches, several = self.batches, self.batches.world > 1
        objective = Objective(decoder, self.plan.weights).to(self.placement.device).train()
        trained = DistributedDataParallel(objective) if several else objective
        with MadeAhead(batches.at) as ahead:
            learning = Learning(
                networks=objective,
                optimizer=build_fused_optimizer(objective, self.plan, self.placement),
                losses=lambda step: self._losses(trained, ahead.at, step),
                rate=self.plan.rate,
                largest_gradient=self.plan.gradient_norm,
                agreed_seconds=first_ones_seconds,
            )
            folder = CheckpointFolder(out, self._fingerprint(), batches.rank == 0)
            started = time.perf_counter()
            steps = fit(learning, self._limits, folder, self.observer)
            self.throughput.seconds += time.perf_counter() - started
        self.throughput.operations_per_position = self._operations(objective)
        decoder.eval()
        return steps

    @property
    def _limits(self) -> Limits:
        plan = self.plan
        return Limits(plan.steps or None, plan.seconds, plan.log_every, plan.checkpoint_every)

    def _losses(self, trained: torch.nn.Module, at: Callable[[int], Sequence[Batch]], step: int) -> Losses:
        """A step's losses; its gradients too, but for those of the last pass."""
        *before, last = passes = at(step)
        counts, read = Counts.of(passes, mean_of_processes), []
        for batch in before:
            with _unshared(trained):
                losses = self._read(trained, batch, counts)
                losses["loss"].backward()  # type: ignore[no-untyped-call]  # torch's own annotation lacks it
            read.append({name: loss.detach() for name, loss in losses.items()})
        losses = self._read(trained, last, counts)
        return {name: loss + sum(each[name] for each in read) for name, loss in losses.items()}

    def _read(self, trained: torch.nn.Module, batch: Batch, counts: Counts) -> dict[str, torch.Tensor]:
        with self._precision():
            loss, parts = trained(batch, counts)
        self.throughput.add(batch, self.batches.config.shared_length)
        return {"loss": loss, **parts}

    def _operations(self, objective: Objective) -> float:
        """Floating-point operations of a step's products, forward and backward, by position, as torch counts them."""
        batch = self.batches.at(0)[0]
        with FlopCounterMode(display=False) as counter, self._precision():
            loss, _ = objective(batch)
            loss.backward()
        objective.zero_grad(set_to_none=True)
        return float(counter.get_total_flops()) / positions_of(batch, self.batches.config.shared_length)

    def _precision(self) -> AbstractContextManager[object]:
        device = self.placement.device
        wide = device.type == "cuda" or self.batches.config.width >= _BFLOAT16_FROM
        return torch.autocast(device.type, torch.bfloat16, enabled=wide and multiplies_bfloat16(device))

    def _fingerprint(self) -> str:
        """Hash of all that must not change between runs; the limits may."""
        left = {"steps", "seconds", "log_every", "checkpoint_every"}
        fields = {name: value for name, value in asdict(self.plan).items() if name not in left}
        config = self.batches.config.model_dump(mode="json")
        stated = [config, fields, asdict(self.batches.drawing.recipe), self.batches.world, self.data]
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _unshared(trained: torch.nn.Module) -> AbstractContextManager[object]:
    """In it gradients stay in this process; the last pass of a step brings those of all processes together."""
    return trained.no_sync() if isinstance(trained, DistributedDataParallel) else nullcontext()


def build_fused_optimizer(objective: torch.nn.Module, plan: Plan, placement: Placement) -> torch.optim.Optimizer:
    """AdamW in one pass over all weights; those of two or more dimensions decay, norms and scales do not."""
    weights = [weight for weight in objective.parameters() if weight.numel()]
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    fused = placement.device.type in {"cpu", "cuda"}
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=fused)


def new_decoder(batches: BankBatches, seed: int) -> Decoder:
    """An untrained decoder of the batches' configuration."""
    return build_decoder(batches.config, seed)


WEIGHTS = LossWeights()
