"""The decoder's training loop: resumable, bounded in steps and in seconds, one JSON line per logged step."""

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from model.device import Placement
from model.report.build import save_decoder
from model.report.decoder import Decoder, build_decoder
from model.report.decoder_config import DecoderConfig
from model.report.tokenizer import ReportTokenizer
from scripts.training.batches import Batch, Batches
from scripts.training.checkpoint import load_checkpoint, save_checkpoint
from scripts.training.losses import text_loss
from scripts.training.rows import Disturber, TrainingRow

LOG = "log.jsonl"
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

    def train(self, rows: Sequence[TrainingRow], plan: Plan, out: Path) -> Decoder:
        """The trained decoder, also written to `out` with its tokenizer; goes on where an earlier run stopped.

        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        decoder = build_decoder(self.config, plan.seed).to(self.placement.device)
        optimizer = build_optimizer(decoder, plan)
        fingerprint = self._fingerprint(plan)
        step, seconds = _resume(out, fingerprint, decoder, optimizer)
        batches = Batches(rows, self.disturber, self.tokenizer, self.config, self.placement)
        started = time.monotonic() - seconds
        decoder.train()
        while plan.progress(step, seconds) < 1:
            rate = plan.rate(plan.progress(step, seconds))
            loss = train_step(decoder, optimizer, batches.at(step, seed=plan.seed, size=plan.rows_per_step), rate, plan)
            step, seconds = step + 1, time.monotonic() - started
            if step % plan.log_every == 0:
                _log(out, {"step": step, "loss": round(loss.item(), 4), "rate": rate, "seconds": round(seconds, 1)})
            if step % plan.checkpoint_every == 0:
                _save(out, fingerprint, decoder, optimizer, (step, seconds))
        _save(out, fingerprint, decoder, optimizer, (step, seconds))
        save_decoder(out, decoder, self.tokenizer)
        return decoder.eval()

    def _fingerprint(self, plan: Plan) -> str:
        """Hash of all that must not change between runs; the limits may."""
        fields = {name: value for name, value in asdict(plan).items() if name not in _LIMITS}
        stated = [self.config.model_dump(mode="json"), fields, asdict(self.disturber.recipe), self.tokenizer.size]
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def build_optimizer(decoder: Decoder, plan: Plan) -> torch.optim.Optimizer:
    """AdamW; weights of two or more dimensions decay, norms and scales do not."""
    weights = list(decoder.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95))


def train_step(
    decoder: Decoder, optimizer: torch.optim.Optimizer, batch: Batch, rate: float, plan: Plan
) -> torch.Tensor:
    """The mean loss of one optimisation step, as a scalar tensor."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = text_loss(decoder, batch)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(decoder.parameters(), plan.gradient_norm)
    optimizer.step()
    return loss.detach()


def _resume(out: Path, fingerprint: str, decoder: Decoder, optimizer: torch.optim.Optimizer) -> tuple[int, float]:
    """Step and seconds from which to go on; weights and optimizer are set to that state."""
    state = load_checkpoint(out, fingerprint)
    if state is None:
        return 0, 0.0
    decoder.load_state_dict(state["decoder"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["seconds"])


def _save(
    out: Path, fingerprint: str, decoder: Decoder, optimizer: torch.optim.Optimizer, reached: tuple[int, float]
) -> None:
    step, seconds = reached
    state = {"decoder": decoder.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "seconds": seconds}
    save_checkpoint(out, {**state, "fingerprint": fingerprint})


def _log(out: Path, line: dict[str, float]) -> None:
    with (out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
