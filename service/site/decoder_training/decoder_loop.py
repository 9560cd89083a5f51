"""The decoder's training: its plan, its losses step by step, what is written at the end."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from model.device import Placement
from model.report.decoder.decoder import Decoder, build_decoder
from model.report.decoder.decoder_config import DecoderConfig
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.writing.build import save_decoder
from service.site.decoder_training.batches import Batch, Batches
from service.site.decoder_training.losses import TEXT_ALONE, LossWeights, Objective
from service.site.decoder_training.rows import Disturber, TrainingRow
from service.site.observer import QUIET, Observer
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import Learning, Limits, Losses, cosine_rate, fit

CONFIG_FILE = "config.json"
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

    @property
    def limits(self) -> Limits:
        """When the training ends."""
        return Limits(self.steps, self.seconds, self.log_every, self.checkpoint_every)

    def rate(self, progress: float) -> float:
        """Learning rate when so much of the training is done, 0..1."""
        return cosine_rate(self.learning_rate, progress, self.warmup_share)


@dataclass(frozen=True, eq=False)
class DecoderTrainer:
    """What a training needs beside its rows and its plan; every part is passed in."""

    config: DecoderConfig
    tokenizer: ReportTokenizer
    disturber: Disturber
    placement: Placement
    observer: Observer = QUIET

    def train(self, rows: Sequence[TrainingRow], plan: Plan, out: Path, data: str = "") -> Decoder:
        """The trained decoder, also written to `out` with its tokenizer; goes on where an earlier run stopped.

        data: what the rows were made of; a run goes on only with the same.
        Raises ValueError when `out` holds the checkpoint of another configuration.
        """
        out.mkdir(parents=True, exist_ok=True)
        batches = Batches(rows, self.disturber, self.tokenizer, self.config, self.placement)
        decoder = build_decoder(self.config, plan.seed)
        objective = Objective(decoder, plan.weights).to(self.placement.device)
        learning = Learning(
            networks=objective.train(),
            optimizer=build_optimizer(objective, plan),
            losses=lambda step: _losses(objective, batches.at(step, seed=plan.seed, size=plan.rows_per_step)),
            rate=plan.rate,
            largest_gradient=plan.gradient_norm,
        )
        fit(learning, plan.limits, CheckpointFolder(out, self._fingerprint(plan, data)), self.observer)
        save_decoder(out, decoder, self.tokenizer)
        return decoder.eval()

    def _fingerprint(self, plan: Plan, data: str) -> str:
        """Hash of all that must not change between runs; the limits may."""
        fields = {name: value for name, value in asdict(plan).items() if name not in _LIMITS}
        stated = [self.config.model_dump(mode="json"), fields, asdict(self.disturber.recipe), self.tokenizer.size, data]
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def build_optimizer(objective: torch.nn.Module, plan: Plan) -> torch.optim.Optimizer:
    """AdamW; weights of two or more dimensions decay, norms and scales do not."""
    weights = list(objective.parameters())
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95))


def _losses(objective: Objective, batch: Batch) -> Losses:
    """`loss`, the weighted sum, and its parts."""
    loss, parts = objective(batch)
    return {"loss": loss, **parts}
