"""Trains the video encoder against the text tower: a clip lies where the reports of patients like its own lie.

The text tower stands still (locked-image tuning the other way round: Zhai et al. 2022, LiT), so all sections of many
patients can be compared at each step for nothing. A clip's vector has a free length: logits are a sum over dimensions,
so a clip that shows nothing of a section learns to add nothing there, and the sum over clips adds up what they show.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from model.device import Placement, multiplies_bfloat16
from scripts.rendered.training.clip_batches import ClipBatches
from scripts.rendered.training.section_objective import PhenotypeHeads, SectionHeads
from scripts.rendered.training.section_targets import SectionTargets, alike
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import LOWEST, WARM_UP, Learning, Limits, Losses, cosine_rate, fit
from service.site.training.made_ahead import MadeAhead

_OTHERS = 320  # patients whose reports a clip is compared with at a step
_RATE = 1e-3  # at 2e-3 the loss leapt in the warm-up (LOG 2026-11-22)
_SCALE = 4.0
_FINDINGS_WEIGHT = 1.0  # at 0.3 the contrastive loss had not moved after 100 steps of 128 clips (LOG 2026-11-22)
_PHENOTYPES_WEIGHT = 4.0  # the gradients of a rare jet and of the heart's size then differ by 10, not by 200
_LOG_EVERY = 10  # steps
_COMPARED = 8  # stream of the patients of a step
_EVERY = 100  # steps between two checkpoints


@dataclass(frozen=True, eq=False)
class Patients:
    """The patients of a store. blocks: section → float32 (N, width) unit norm of their texts; of: clip → patient.

    phenotypes: float32 (N, P) as `phenotype_labels` gives them. coloured: bool, for every clip whether it shows flow.
    """

    targets: SectionTargets
    blocks: Mapping[str, torch.Tensor]
    phenotypes: torch.Tensor
    coloured: NDArray[np.bool_]
    clips_per_study: int

    def of(self, clips: NDArray[np.int64]) -> NDArray[np.int64]:
        """Whose clips they are."""
        return clips // self.clips_per_study

    def __len__(self) -> int:
        return len(next(iter(self.blocks.values())))


@dataclass(frozen=True, eq=False)
class VideoTowerTrainer:
    """What a training needs; every part is passed in."""

    subspaces: Mapping[str, tuple[int, int]]
    placement: Placement
    seed: int = 0

    def train(self, encoder: nn.Module, patients: Patients, clips: ClipBatches, held: ClipBatches,
              seconds: float, out: Path) -> nn.Module:  # fmt: skip
        """The trained encoder. Goes on where an earlier run stopped; writes log.jsonl and checkpoint.pt to `out`."""
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.seed)
        heads = SectionHeads(patients.targets, self.subspaces, _SCALE)
        device = self.placement.device
        phenotype_heads = PhenotypeHeads(self.subspaces)
        both = nn.ModuleList([encoder, heads, phenotype_heads]).to(device).train()
        if all(weight.ndim != 5 for weight in encoder.parameters()):
            encoder.to(memory_format=torch.channels_last)  # 2-D convolutions are twice as fast so
        optimizer = torch.optim.AdamW(both.parameters(), lr=_RATE, weight_decay=0.05, betas=(0.9, 0.98))
        fingerprint = json.dumps([dict(self.subspaces), len(patients), clips.size, self.seed])
        limits = Limits(seconds=seconds, log_every=_LOG_EVERY, checkpoint_every=_EVERY)
        with MadeAhead(clips.at) as batches:

            def losses(step: int) -> Losses:
                chosen, pixels = batches.at(step)
                drawn = np.random.default_rng([self.seed, step, _COMPARED])
                others = drawn.choice(len(patients), min(_OTHERS, len(patients)))
                return self.losses(both, patients, chosen, others, pixels.to(device))

            learning = Learning(
                networks=both,
                optimizer=optimizer,
                losses=losses,
                rate=lambda progress: cosine_rate(_RATE, progress, WARM_UP, LOWEST),
                assess=lambda: self.held_out(both, patients, held),
            )
            fit(learning, limits, CheckpointFolder(out, fingerprint))
        return encoder.eval()

    def losses(
        self,
        both: nn.ModuleList,
        patients: Patients,
        clips: NDArray[np.int64],
        others: NDArray[np.int64],
        pixels: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Scalar losses of a batch, weighted. both: encoder, section heads, phenotype heads.

        others: patients that the clips are compared with beside their own.
        """
        encoder, heads, phenotype_heads = both
        assert isinstance(heads, SectionHeads)  # a ModuleList forgets what it holds
        device = pixels.device
        fast = multiplies_bfloat16(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=fast):
            embedded = encoder(pixels if fast else pixels.float())  # batches are made in bfloat16
        embedded, own = embedded.float(), patients.of(clips)
        compared = np.unique(np.concatenate([own, others]))
        flow = torch.from_numpy(patients.coloured[clips]).to(device)
        contrast, findings = [], []
        for row, (section, (first, end)) in enumerate(self.subspaces.items()):
            features = patients.targets.features[section]
            likeness = torch.from_numpy(alike(features[own], features[compared])).to(device)
            block = embedded[:, first:end]
            contrast.append(heads.contrast(row, block, patients.blocks[section][compared].to(device), likeness))
            findings.append(heads.findings(row, block, torch.from_numpy(features[own]).to(device)))
        parts = {
            "contrast": torch.stack(contrast).mean(),
            "findings": _FINDINGS_WEIGHT * torch.stack(findings).mean(),
            "phenotypes": _PHENOTYPES_WEIGHT * phenotype_heads(embedded, patients.phenotypes[own].to(device), flow),
        }
        return {"loss": torch.stack([*parts.values()]).sum(), **parts}

    @torch.no_grad()
    def held_out(self, both: nn.ModuleList, patients: Patients, held: ClipBatches) -> dict[str, float]:
        """The mean losses over clips of patients that are never learned from, compared with each other."""
        both.eval()
        found: list[dict[str, torch.Tensor]] = []
        everyone = np.unique(patients.of(held.numbers))
        for step in range(len(held.numbers) // held.size):
            chosen, pixels = held.at(step)
            found.append(self.losses(both, patients, chosen, everyone, pixels.to(self.placement.device)))
        both.train()
        return {f"held_out_{name}": round(float(np.mean([one[name].item() for one in found])), 4) for name in found[0]}
