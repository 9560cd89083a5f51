"""Losses of text tower and video encoder: vectors of similar patients shall be near each other, section by section."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from model.echo.taxonomy import ECHO_TAXONOMY
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.training.section_targets import SectionTargets

_LEAKS = 8.0  # at 1, pulmonic regurgitation was told at 0.63 from the clips that show it, after 1,600 steps (LOG)


class SectionHeads(nn.Module):
    """A learned scale per section, and a linear reading of each section's findings and measurements from its part."""

    def __init__(self, targets: SectionTargets, subspaces: Mapping[str, tuple[int, int]], scale: float) -> None:
        super().__init__()
        self.sections = tuple(subspaces)
        self.binary = dict(targets.binary)
        self.scale = nn.ParameterDict({str(row): torch.tensor(scale).log() for row in range(len(self.sections))})
        self.read = nn.ModuleList(
            nn.Linear(end - first, targets.features[section].shape[1]) for section, (first, end) in subspaces.items()
        )
        for row, section in enumerate(self.sections):  # measurements count from the mean patient, by their spread
            numbers = torch.from_numpy(targets.features[section][:, self.binary[section] :])
            self.register_buffer(f"mean_{row}", numbers.mean(0))
            self.register_buffer(f"spread_{row}", (numbers - numbers.mean(0)).square().mean(0).sqrt() + 1e-6)

    def contrast(
        self, row: int, block: torch.Tensor, others: torch.Tensor, alike: torch.Tensor, *, without_self: bool = False
    ) -> torch.Tensor:
        """Scalar cross-entropy of block · others against how alike the patients are.

        block: (B, width); others: (M, width) unit norm; alike: (B, M) rows that sum to 1. without_self: the diagonal is
        a patient beside himself and is left out.
        """
        logits = self.scale[str(row)].exp() * block @ others.T
        if without_self:
            hidden = torch.eye(len(block), dtype=torch.bool, device=block.device)
            logits = logits.masked_fill(hidden, -1e4)  # its share of `alike` is 0, and 0 · -inf would be no number
        return -(alike * functional.log_softmax(logits, 1)).sum(1).mean()

    def findings(self, row: int, block: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Scalar: cross-entropy of the findings and squared error of the measurements. features: (B, F)."""
        read, split = self.read[row](block), self.binary[self.sections[row]]
        parts = []
        if split:
            said = (features[:, :split] > 0).to(read.dtype)
            parts.append(functional.binary_cross_entropy_with_logits(read[:, :split], said))
        if split < features.shape[1]:
            mean, spread = self.get_buffer(f"mean_{row}"), self.get_buffer(f"spread_{row}")
            parts.append(functional.mse_loss(read[:, split:], (features[:, split:] - mean) / spread))
        return torch.stack(parts).sum() if parts else block.sum() * 0


class PhenotypeHeads(nn.Module):
    """A linear reading of each phenotype from the part of its section."""

    def __init__(self, subspaces: Mapping[str, tuple[int, int]]) -> None:
        super().__init__()
        self.subspaces = dict(subspaces)
        known = ECHO_TAXONOMY.phenotypes
        widths = [subspaces[phenotype.section][1] - subspaces[phenotype.section][0] for phenotype in known]
        self.tell = nn.ModuleList(nn.Linear(width, 1) for width in widths)

    def forward(self, embedded: torch.Tensor, labels: torch.Tensor, coloured: torch.Tensor) -> torch.Tensor:
        """Scalar: mean over phenotypes of the cross-entropy, or of the squared error.

        Leaks are seen as colour or not at all: those of clips with colour count _LEAKS times.

        A regurgitation is one of 150 findings and is seen in one of ten clips. From findings alone its jet was not
        learned in 20 passes, although a boosted tree on a grid of colours finds it with AUROC 0.99 (LOG L-038). Here
        it is one of 25 phenotypes.
        embedded: float32 (B, D). labels: float32 (B, P) as `phenotype_labels` gives them. coloured: bool (B,).
        """
        leaks = torch.where(coloured, _LEAKS, 1.0)
        losses = []
        for column, (phenotype, tell) in enumerate(zip(ECHO_TAXONOMY.phenotypes, self.tell, strict=True)):
            first, end = self.subspaces[phenotype.section]
            reported = tell(embedded[:, first:end])[:, 0]
            loss = functional.binary_cross_entropy_with_logits if phenotype.kind == "binary" else functional.mse_loss
            weights = leaks if phenotype.name.endswith("regurgitation") else torch.ones_like(leaks)
            losses.append((loss(reported, labels[:, column], reduction="none") * weights).mean())
        return torch.stack(losses).mean()


def phenotype_labels(states: Sequence[HeartState]) -> torch.Tensor:
    """float32 (N, P) in the taxonomy's order; binary ones 0 or 1, numbers as standard scores of these patients."""
    stated = [labels_of(state) for state in states]
    columns = []
    for phenotype in ECHO_TAXONOMY.phenotypes:
        values = torch.tensor([labels[phenotype.name] for labels in stated], dtype=torch.float32)
        columns.append(values if phenotype.kind == "binary" else (values - values.mean()) / values.std())
    return torch.stack(columns, dim=1)
