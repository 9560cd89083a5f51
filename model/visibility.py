"""Which view shows what: a section is assessed because a clip shows it, not because weights add up.

Data of the bundle (`visibility.json`), keyed by name. Weights of views only say how clips are mixed.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from model.embeddings import StudyEmbedding
from model.errors import BundleCorrupt, BundleMismatch
from model.taxonomy import Taxonomy

# Of all views together that show a thing. Source: LOG L-087: on 200 studies of a calibration seed 0.7 is the least at
# which no section was assessed without a picture of it; 0.5 let 2 % through, and neither loses good pictures.
_LEAST_PROBABILITY = 0.7


class _Fields(BaseModel):
    """The content of `visibility.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    sections: dict[str, tuple[str, ...]]
    phenotypes: dict[str, tuple[str, ...]]
    findings: dict[str, tuple[str, ...]]
    views_wanted: dict[str, int] = {}


@dataclass(frozen=True)
class Visibility:
    """What each view shows.

    sections, phenotypes: name → the views that show it; a phenotype that is not named is shown with its section.
    findings: name of a finding → its views, for those that not every view of their section shows.
    views_wanted: phenotype → how many different views a guideline asks for.
    """

    sections: Mapping[str, frozenset[str]]
    phenotypes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    findings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    views_wanted: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, taxonomy: Taxonomy) -> Self:
        """The table in a file. Raises BundleCorrupt or BundleMismatch, naming the file and what does not fit."""
        try:
            fields = _Fields.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise BundleCorrupt(f"{path}: cannot be read as a table of visibility ({error})") from error
        named = {"sections": set(fields.sections), "phenotypes": set(fields.phenotypes) | set(fields.views_wanted)}
        known = {"sections": set(taxonomy.sections), "phenotypes": set(taxonomy.phenotype_names)}
        if strangers := (named["phenotypes"] - known["phenotypes"]) | (named["sections"] ^ known["sections"]):
            raise BundleMismatch(f"{path}: names or lacks {sorted(strangers)}, which the bundle does not or does have")
        tables = [fields.sections, fields.phenotypes, fields.findings]
        if views := {view for table in tables for row in table.values() for view in row} - set(taxonomy.views):
            raise BundleMismatch(f"{path}: names the unknown views {sorted(views)}")
        sections, phenotypes, findings = ({k: frozenset(row) for k, row in table.items()} for table in tables)
        return cls(sections, phenotypes, findings, fields.views_wanted)

    def section_mask(self, embedding: StudyEmbedding, sections: Sequence[str]) -> torch.Tensor:
        """Bool (S, N): whether a clip shows a section."""
        rows = [self._shown_in(embedding, self.sections[section]) for section in sections]
        return torch.stack(rows) if rows else torch.zeros(0, len(embedding.positions), dtype=torch.bool)

    def hidden_phenotypes(self, embedding: StudyEmbedding) -> frozenset[str]:
        """Phenotypes that no clip shows, among those that need more than their section."""
        return frozenset(name for name, views in self.phenotypes.items() if not self._shows(embedding, views))

    def hidden_findings(self, embedding: StudyEmbedding) -> frozenset[str]:
        """Names of findings that no clip shows, among those that need more than their section."""
        return frozenset(name for name, views in self.findings.items() if not self._shows(embedding, views))

    def views_of(self, embedding: StudyEmbedding, phenotype: str, section: str) -> tuple[str, ...]:
        """The different views in the study that show a phenotype, in the order of the taxonomy.

        Each clip that shows it counts as the likeliest of these views.
        """
        wanted = [view in self.phenotypes.get(phenotype, self.sections[section]) for view in embedding.views]
        likely = embedding.view_probabilities * torch.tensor(wanted, device=embedding.view_probabilities.device)
        found = set(likely[likely.sum(dim=1) >= _LEAST_PROBABILITY].argmax(dim=1).tolist())
        return tuple(view for number, view in enumerate(embedding.views) if number in found)

    def _shows(self, embedding: StudyEmbedding, views: Set[str]) -> bool:
        return bool(self._shown_in(embedding, views).any())

    def _shown_in(self, embedding: StudyEmbedding, views: Set[str]) -> torch.Tensor:
        """Bool (N,): clips that are probably of one of these views."""
        columns = [number for number, view in enumerate(embedding.views) if view in views]
        return embedding.view_probabilities[:, columns].sum(dim=1) >= _LEAST_PROBABILITY
