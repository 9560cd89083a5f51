"""The decoder's training loop: resumable, bounded in steps and in seconds, one JSON line per logged step."""

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from model.device import Placement
from model.report.decoder.decoder import Decoder, build_decoder
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.writing.build import save_decoder
from service.site.decoder_training.batches import Batch, Batches
from service.site.decoder_training.checkpoint import load_checkpoint, save_checkpoint
from service.site.decoder_training.losses import TEXT_ALONE, LossWeights, Objective
from service.site.decoder_training.rows import Disturber, TrainingRow

LOG, CONFIG_FILE = "log.jsonl", "config.json"
_LIMITS = {"steps", "seconds", "log_every", "checkpoint_every"}  # fields of a plan that a resumed run may change


@dataclass(frozen=True)
class Plan:
    """How to train. seconds: wall-clock limit over all runs; the learning rate falls to zero by whichever ends first.

    For equal weights from equal inputs leave `seconds` at None: the clock of a machine is not reproducible.
    """

    steps: int
    seconds: float | None = None
    rows_per_step: int = 32
    learning_rate: float = 3e-3
    warmup_share: float = 0.03
    weight_decay: float = 0.05
    gradient_norm: float = 1.0
    seed: int = 0
    log_every: int = 20
    checkpoint_every: int = 200
    weights: LossWeights = field(default=TEXT_ALONE)

    def progress(self, step: int, seconds: float) -> float:
        """How much of the training is done, 0..1."""
        return max(step / self.steps, seconds / self.seconds if self.seconds else 0.0)

    def rate(self, progress: float) -> float:
        """Learning rate: linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2017)."""
        warm = min(1.0, (progress + 1e-3) / self.warmup_share)
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


@dataclass(frozen=True, eq=False)
class DecoderTrainer:
    """What a training needs beside its rows and its plan; every part is passed in."""

    config: DecoderConfig
    tokenizer: ReportTokenizer
    disturber: Disturber
    placement: Placement

    def train(self, rows: Sequence[TrainingRow], plan: Plan, out: Path, data: str = "") -> Decoder:
        """The trained decoder, also written to `out` with its tokenizer; goes on where an earlier run stopped.

        data: what the rows were made of; a run goes on only with the same.
        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        batches = Batches(rows, self.disturber, self.tokenizer, self.config, self.placement)
        decoder = build_decoder(self.config, plan.seed)
        objective = Objective(decoder, plan.weights).to(self.placement.device)
        optimizer = build_optimizer(objective, plan)
        run = _Run(out, self._fingerprint(plan, data), objective, optimizer)
        step, seconds = run.resume()
        started = time.monotonic() - seconds
        objective.train()
        while plan.progress(step, seconds) < 1:
            rate = plan.rate(plan.progress(step, seconds))
            losses = train_step(
                objective, optimizer, batches.at(step, seed=plan.seed, size=plan.rows_per_step), rate, plan
            )
            step, seconds = step + 1, time.monotonic() - started
            if step % plan.log_every == 0:
                values = {name: round(loss.item(), 4) for name, loss in losses.items()}
                run.log({"step": step, **values, "rate": rate, "seconds": round(seconds, 1)})
            if step % plan.checkpoint_every == 0:
                run.save(step, seconds)
        run.save(step, seconds)
        save_decoder(out, decoder, self.tokenizer)
        return decoder.eval()

    def _fingerprint(self, plan: Plan, data: str) -> str:
        """Hash of all that must not change between runs; the limits may."""
        fields = {name: value for name, value in asdict(plan).items() if name not in _LIMITS}
        stated = [self.config.model_dump(mode="json"), fields, asdict(self.disturber.recipe), self.tokenizer.size, data]
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class _Run:
    """A training on disk: its folder, what it must match, and what is restored."""

    out: Path
    fingerprint: str
    objective: Objective
    optimizer: torch.optim.Optimizer

    def resume(self) -> tuple[int, float]:
        """Step and seconds from which to go on; weights and optimizer are set to that state."""
        state = load_checkpoint(self.out, self.fingerprint)
        if state is None:
            return 0, 0.0
        self.objective.load_state_dict(state["objective"])
        self.optimizer.load_state_dict(state["optimizer"])
        return int(state["step"]), float(state["seconds"])

    def save(self, step: int, seconds: float) -> None:
        state = {"objective": self.objective.state_dict(), "optimizer": self.optimizer.state_dict()}
        save_checkpoint(self.out, {**state, "step": step, "seconds": seconds, "fingerprint": self.fingerprint})

    def log(self, line: dict[str, float]) -> None:
        with (self.out / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def build_optimizer(objective: torch.nn.Module, plan: Plan) -> torch.optim.Optimizer:
    """AdamW; weights of two or more dimensions decay, norms and scales do not."""
    weights = list(objective.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95))


def train_step(
    objective: Objective, optimizer: torch.optim.Optimizer, batch: Batch, rate: float, plan: Plan
) -> Mapping[str, torch.Tensor]:
    """The losses of one optimisation step by name, `loss` the weighted sum; scalar tensors."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss, parts = objective(batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(objective.parameters(), plan.gradient_norm)
    optimizer.step()
    return {"loss": loss.detach(), **parts}
