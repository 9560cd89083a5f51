"""Losses that text tower and video encoder share: alike patients lie near each other, section by section."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from scripts.training.section_targets import SectionTargets


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
