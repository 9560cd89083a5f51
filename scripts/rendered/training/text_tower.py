"""Trains the text tower: report sections that say the same of a patient lie near each other, in whatever words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model.device import Placement
from model.report.text_encoder.text_encoder import TextEncoder, TextEncoderConfig, build_text_encoder
from scripts.rendered.training.section_objective import SectionHeads
from scripts.rendered.training.section_targets import alike
from scripts.rendered.training.section_texts import SectionTexts, section_block
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import LOWEST, WARM_UP, Learning, Limits, Losses, cosine_rate, fit

_PATIENTS = 160  # a step; the more, the finer are the differences that a step can teach
_SECTIONS = 8  # of a step; the others are dropped
_RATE = 2e-3
_FINDINGS_WEIGHT = 0.3  # of the auxiliary loss beside the contrastive one
_SCALE = 8.0  # of the cosine at the start; learned
_LOG_EVERY = 10  # steps
_DRAWN = 5  # stream of the patients and sections of a step
_EVERY = 50  # steps between two checkpoints


@dataclass(frozen=True, eq=False)
class TextTowerTrainer:
    """What a training needs; every part is passed in."""

    config: TextEncoderConfig
    subspaces: Mapping[str, tuple[int, int]]
    placement: Placement
    seed: int = 0

    def train(self, texts: SectionTexts, seconds: float, out: Path) -> TextEncoder:
        """The trained tower. Goes on where an earlier run stopped; writes log.jsonl and checkpoint.pt to `out`."""
        out.mkdir(parents=True, exist_ok=True)
        encoder = build_text_encoder(self.config, self.seed).to(self.placement.device).train()
        torch.manual_seed(self.seed)
        heads = SectionHeads(texts.targets, self.subspaces, _SCALE).to(self.placement.device)
        both = torch.nn.ModuleList([encoder, heads])
        optimizer = torch.optim.AdamW(both.parameters(), lr=_RATE, weight_decay=0.01, betas=(0.9, 0.98))
        fingerprint = json.dumps([self.config.model_dump(), dict(self.subspaces), len(texts), self.seed])
        learning = Learning(
            networks=both,
            optimizer=optimizer,
            losses=lambda step: self._losses(encoder, heads, texts, np.random.default_rng([self.seed, step, _DRAWN])),
            rate=lambda progress: cosine_rate(_RATE, progress, WARM_UP, LOWEST),
        )
        limits = Limits(seconds=seconds, log_every=_LOG_EVERY, checkpoint_every=_EVERY)
        fit(learning, limits, CheckpointFolder(out, fingerprint))
        return encoder.eval()

    def _losses(
        self, encoder: TextEncoder, heads: SectionHeads, texts: SectionTexts, rng: np.random.Generator
    ) -> Losses:
        rows = rng.choice(len(texts), min(_PATIENTS, len(texts)), replace=False)
        contrast, findings = [], []
        kept = rng.choice(len(self.subspaces), min(_SECTIONS, len(self.subspaces)), replace=False)
        for row, section in enumerate(self.subspaces):
            if row not in kept:
                continue
            block = section_block(encoder, texts, section, rows, self.subspaces)
            features = texts.features(section, rows)
            likeness = torch.from_numpy(alike(features, features, without_self=True)).to(block.device)
            contrast.append(heads.contrast(row, block, block, likeness, without_self=True))
            findings.append(heads.findings(row, block, torch.from_numpy(features).to(block.device)))
        parts = {"contrast": torch.stack(contrast).mean(), "findings": torch.stack(findings).mean()}
        return {"loss": parts["contrast"] + _FINDINGS_WEIGHT * parts["findings"], **parts}
