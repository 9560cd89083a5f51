"""Fine-tuning: pairs drawn step by step, in mixed precision on a GPU, with as many processes as torchrun starts."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn.parallel import DistributedDataParallel

from model.device import Placement
from model.report.text_encoder.text_encoder import TextTower
from service.site.decoder_training.decoder_loop import Plan, build_optimizer
from service.site.fine_tuning.clips import ClipFolder
from service.site.fine_tuning.contrasts import Contrasting, PairBatch
from service.site.fine_tuning.pairs import SitePairs
from service.site.fine_tuning.towers import Towers
from service.site.observer import QUIET, Observer
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import Learning, Losses, fit


@dataclass(frozen=True, eq=False)
class Drawing:
    """Draws batches of pairs from (seed, step) alone: different patients, one clip of each.

    places: of the pairs that train. rank, world: this process and how many there are; each draws its own part.
    """

    site: SitePairs
    clips: ClipFolder
    tower: TextTower
    contrasting: Contrasting
    places: Sequence[int]
    rank: int = 0
    world: int = 1

    def at(self, step: int, plan: Plan) -> PairBatch:
        """The batch of a step: as many patients as the plan has rows, or as there are."""
        rng = np.random.default_rng([plan.seed, step])
        of_patient: dict[str, list[int]] = {}
        for place in self.places:
            of_patient.setdefault(self.site.pairs[place].patient, []).append(place)
        patients = list(of_patient)
        drawn = rng.permutation(len(patients))[: plan.rows_per_step * self.world]
        chosen = [int(rng.choice(of_patient[patients[number]])) for number in drawn.tolist()]
        clips = [(place, int(rng.integers(len(self.clips.inputs(place))))) for place in chosen]
        own = clips[self.rank :: self.world]
        inputs = np.stack([self.clips.inputs(place)[clip] for place, clip in own]).astype(np.float32)
        views = torch.stack([self.clips.views(place)[clip] for place, clip in own])
        texts, contrasts = self.contrasting.of([self.site.pairs[place] for place, _ in own], views)
        tokens, valid = self.tower.padded(self.tower.tokens(texts))
        return PairBatch(torch.from_numpy(inputs), tokens, valid, contrasts)


@dataclass(frozen=True, eq=False)
class FineTuner:
    """Trains towers on drawn batches. out: folder of log and checkpoint."""

    towers: Towers
    drawing: Drawing
    placement: Placement
    out: Path

    def train(self, plan: Plan, about: str, observer: Observer = QUIET) -> int:
        """Trains until the plan is done; goes on where an earlier run stopped. Returns the steps done altogether.

        about: what the run depends on beside its plan. Raises ValueError for the checkpoint of another run.
        """
        fields = {k: v for k, v in asdict(plan).items() if k not in {"seconds", "log_every", "checkpoint_every"}}
        stated = json.dumps([fields, about, self.drawing.site.sha256, self.drawing.world], sort_keys=True)
        fingerprint = hashlib.sha256(stated.encode()).hexdigest()
        towers = self.towers if self.drawing.world == 1 else DistributedDataParallel(self.towers)
        towers.train()
        learning = Learning(
            networks=self.towers,
            optimizer=build_optimizer(self.towers, plan),
            losses=lambda step: self._losses(towers, plan, step),
            rate=plan.rate,
            largest_gradient=plan.gradient_norm,
        )
        folder = CheckpointFolder(self.out, fingerprint, self.writes)
        steps = fit(learning, replace(plan.limits, seconds=None), folder, observer)
        self.towers.eval()
        return steps

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes."""
        return self.drawing.rank == 0

    def _losses(self, towers: torch.nn.Module, plan: Plan, step: int) -> Losses:
        torch.manual_seed(plan.seed * plan.steps + step)  # of dropout, so that a resumed run draws the same
        batch = self.drawing.at(step, plan).to(self.placement.device)
        with self._precision():
            return {"loss": towers(batch)}

    def _precision(self) -> AbstractContextManager[object]:
        device = self.placement.device.type
        return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")
