"""Learns how much each view tells about each section: first whether it tells anything, then how much beside others.

Whether: clips of that view alone are pooled, and their likeness to patients' reports is compared with how alike the
patients are. A view that does not show a section agrees with nothing, whatever its clips' length. How much: the table
that makes pooled studies lie near the reports of alike patients.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from scripts.rendered.mil.mil_studies import MilStudies
from scripts.rendered.training.section_targets import alike
from service.site.training.checkpoint import CheckpointFolder
from service.site.training.fit import Learning, Limits, Losses, fit

TELLING = 3.5  # standard errors; by chance one of 165 view and section pairs exceeds it in 25 trainings
_DRAWN = 31  # stream of the studies of a step
_FEWEST = 20  # studies with a view, below which nothing is said of it
_CLIPS_KEPT = (0.4, 1.0)  # share of a study's clips that a step sees
_FIRST_SCALE = 10.0  # of the cosine; learned
_SCALES = tuple(2.0 ** (half / 2) for half in range(14))  # tried when tables are compared: 1 to 90


class ViewTable(nn.Module):
    """Free parameters behind a table: rows of at most 1, nothing where a view does not tell, else `least` or more."""

    def __init__(self, telling: NDArray[np.bool_], least: float) -> None:
        super().__init__()
        self.register_buffer("telling", torch.from_numpy(telling))
        self.least = least
        self.free = nn.Parameter(torch.zeros(telling.shape))
        self.scale = nn.Parameter(torch.full((len(telling),), _FIRST_SCALE).log())

    def weights(self) -> torch.Tensor:
        """float32 (S, V): the largest of each row is 1."""
        positive = functional.softplus(self.free) * self.get_buffer("telling")
        share = positive / positive.amax(dim=1, keepdim=True)
        return (self.least + (1 - self.least) * share) * self.get_buffer("telling")


@dataclass(frozen=True)
class MilPlan:
    """How to learn. sparsity: of the weights' mean beside the contrastive loss. least: see `ViewTable`."""

    steps: int = 400
    studies_per_step: int = 192
    compared: int = 768  # patients whose reports a study is compared with at a step
    rate: float = 0.05
    sparsity: float = 0.01
    least: float = 0.25
    seed: int = 0


@dataclass(frozen=True, eq=False)
class MilLearner:
    """Studies, and those of them that may be learned from."""

    studies: MilStudies
    rows: NDArray[np.int64]
    plan: MilPlan = field(default_factory=MilPlan)

    def telling(self) -> NDArray[np.float64]:
        """float64 (S, V): how many standard errors the agreement of a view alone lies above none; 0 where unknown."""
        half = len(self.rows) // 2
        parts = ((self.rows[:half], self.rows[half:]), (self.rows[half:], self.rows[:half]))
        found = np.zeros((len(self.studies.sections), len(self.studies.views)))
        for row, section in enumerate(self.studies.sections):
            agreements = [self._agreements(section, asked, others) for asked, others in parts]
            for view in range(found.shape[1]):
                values = np.concatenate([part[view] for part in agreements])
                if len(values) >= _FEWEST:
                    found[row, view] = values.mean() / (values.std(ddof=1) / np.sqrt(len(values)) + 1e-12)
        return found

    def _agreements(
        self, section: str, asked: NDArray[np.int64], others: NDArray[np.int64]
    ) -> list[NDArray[np.float64]]:
        """By view: for each asked study with a clip of it, likeness of vectors to reports, weighted by the patients'.

        The weights sum to 0: what all patients have in common counts for nothing.
        """
        features, texts = self.studies.features[section], self.studies.texts[section][others]
        likeness = alike(features[asked], features[others])
        likeness -= likeness.mean(axis=0, keepdims=True)
        found = []
        for view in range(len(self.studies.views)):
            # By the true view: a small share of a clip that tells much outweighs all of one that tells nothing.
            of_view = torch.from_numpy(self.studies.rendered[asked] == view)
            summed = (self.studies.blocks[section][asked] * of_view[..., None]).sum(dim=1)
            near = functional.normalize(summed, dim=1) @ texts.T
            agreement = (near.numpy() * likeness).sum(axis=1)[of_view.any(dim=1).numpy()]
            found.append(agreement.astype(np.float64))
        return found

    def learn(self, telling: NDArray[np.bool_], out: Path | None = None) -> NDArray[np.float32]:
        """float32 (S, V) the learned table. out: folder of log.jsonl and checkpoint.pt, None writes nothing."""
        torch.manual_seed(self.plan.seed)
        table = ViewTable(telling, self.plan.least)
        learning = Learning(
            networks=table,
            optimizer=torch.optim.Adam(table.parameters(), lr=self.plan.rate),
            losses=lambda step: self._losses(table, np.random.default_rng([self.plan.seed, step, _DRAWN])),
            rate=lambda progress: self.plan.rate * (1 - progress),
            largest_gradient=None,
        )
        folder = None if out is None else CheckpointFolder(out, self._fingerprint(telling))
        fit(learning, Limits(self.plan.steps), folder)
        return table.weights().detach().numpy()

    def _fingerprint(self, telling: NDArray[np.bool_]) -> str:
        """Hash of all that the table is learned from."""
        parts = [repr(astuple(self.plan)).encode(), telling.tobytes(), self.rows.tobytes()]
        parts += [texts.numpy().tobytes() for texts in self.studies.texts.values()]
        parts += [self.studies.shares.numpy().tobytes()]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def _losses(self, table: ViewTable, rng: np.random.Generator) -> Losses:
        contrast = self._contrast(table, rng)
        return {"loss": contrast + self.plan.sparsity * table.weights().mean(), "contrast": contrast}

    def _contrast(self, table: ViewTable, rng: np.random.Generator) -> torch.Tensor:
        """The loss of some studies, each with a part of its clips."""
        plan, studies = self.plan, self.studies
        rows = rng.choice(self.rows, min(plan.studies_per_step, len(self.rows)), replace=False)
        others = rng.choice(self.rows, min(plan.compared, len(self.rows)), replace=False)
        clips = studies.shares.shape[1]
        share = rng.uniform(*_CLIPS_KEPT, (len(rows), 1))
        kept = torch.from_numpy(rng.random((len(rows), clips)) < share)
        weights, losses = table.weights(), []
        for row, section in enumerate(studies.sections):
            features = studies.features[section]
            likeness = torch.from_numpy(alike(features[rows], features[others]))
            vectors = studies.pooled(section, weights[row], rows, kept)
            losses.append(_loss(table.scale[row].exp() * vectors @ studies.texts[section][others].T, likeness))
        return torch.stack(losses).mean()


def _loss(logits: torch.Tensor, likeness: torch.Tensor) -> torch.Tensor:
    return -(likeness * functional.log_softmax(logits, 1)).sum(1).mean()


@torch.no_grad()
def losses_of(
    studies: MilStudies, weights: NDArray[np.float32], learned: NDArray[np.int64], held_out: NDArray[np.int64]
) -> Mapping[str, float]:
    """Section → contrastive loss of held-out studies under a table, with the scale that suits that table best.

    The scale is chosen on half of the learned studies; all are compared with the other half. A study without any weight
    is as near to one report as to another.
    """
    half = len(learned) // 2
    others, tuned = learned[:half], learned[half:]
    found = {}
    for row, section in enumerate(studies.sections):
        features, texts = studies.features[section], studies.texts[section][others]
        table = torch.from_numpy(weights[row])
        near = [studies.pooled(section, table, rows) @ texts.T for rows in (tuned, held_out)]
        like = [torch.from_numpy(alike(features[rows], features[others])) for rows in (tuned, held_out)]
        scale = min(_SCALES, key=lambda scale: _loss(scale * near[0], like[0]).item())
        found[section] = _loss(scale * near[1], like[1]).item()
    return found
