"""The fine-tuning loop: resumable, in mixed precision on a GPU, with as many processes as torchrun starts."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from model.device import Placement
from model.report.text_encoder.text_encoder import TextTower
from service.site.decoder_training.checkpoint import load_checkpoint, save_checkpoint
from service.site.decoder_training.decoder_loop import LOG, Plan, build_optimizer
from service.site.fine_tuning.clips import ClipFolder
from service.site.fine_tuning.contrasts import Contrasting, PairBatch
from service.site.fine_tuning.pairs import SitePairs
from service.site.fine_tuning.towers import Towers


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

    def train(self, plan: Plan, about: str) -> int:
        """Trains until the plan is done; goes on where an earlier run stopped. Returns the steps done altogether.

        about: what the run depends on beside its plan. Raises ValueError for the checkpoint of another run.
        """
        fields = {k: v for k, v in asdict(plan).items() if k not in {"seconds", "log_every", "checkpoint_every"}}
        stated = json.dumps([fields, about, self.drawing.site.sha256, self.drawing.world], sort_keys=True)
        fingerprint = hashlib.sha256(stated.encode()).hexdigest()
        optimizer = build_optimizer(self.towers, plan)
        state = load_checkpoint(self.out, fingerprint) or {"step": 0, "seconds": 0.0}
        if "towers" in state:
            self.towers.load_state_dict(state["towers"])
            optimizer.load_state_dict(state["optimizer"])
        step, started = int(state["step"]), time.monotonic() - float(state["seconds"])
        towers = self.towers if self.drawing.world == 1 else DistributedDataParallel(self.towers)
        towers.train()
        while step < plan.steps:
            torch.manual_seed(plan.seed * plan.steps + step)  # of dropout, so that a resumed run draws the same
            loss = self._step(towers, optimizer, plan, step)
            step, seconds = step + 1, time.monotonic() - started
            last = step == plan.steps
            if self.drawing.rank == 0 and (step % plan.log_every == 0 or last):
                self._log({"step": step, "loss": round(float(loss), 4), "seconds": round(seconds, 1)})
            if self.drawing.rank == 0 and (step % plan.checkpoint_every == 0 or last):
                weights = {"towers": self.towers.state_dict(), "optimizer": optimizer.state_dict()}
                save_checkpoint(self.out, {**weights, "step": step, "seconds": seconds, "fingerprint": fingerprint})
        self.towers.eval()
        return step

    def _step(self, towers: torch.nn.Module, optimizer: torch.optim.Optimizer, plan: Plan, step: int) -> torch.Tensor:
        for group in optimizer.param_groups:
            group["lr"] = plan.rate(plan.progress(step, 0.0))
        batch = self.drawing.at(step, plan).to(self.placement.device)
        with self._precision():
            loss = towers(batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), plan.gradient_norm)
        optimizer.step()
        reached: torch.Tensor = loss.detach()
        return reached

    def _precision(self) -> AbstractContextManager[object]:
        device = self.placement.device.type
        return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")

    def _log(self, line: dict[str, float]) -> None:
        with (self.out / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def processes() -> tuple[int, int]:
    """Number of the process and how many there are: (0, 1) unless torchrun has started several."""
    return (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)


def wait_for_all() -> None:
    """Returns when every process is here; at once where there is one."""
    if distributed.is_initialized():
        distributed.barrier()
