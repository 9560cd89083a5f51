"""The names of a modality: views, report sections, phenotypes. No torch; align by name, never by position."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Phenotype:
    """One quantity estimated for a study.

    kind: ``binary`` is a probability in 0..1, ``continuous`` is in ``unit``.
    low, high: plausible range in ``unit``; a number outside is never shown.
    section: the report section whose neighbours vote on it.
    """

    name: str
    section: str
    kind: Literal["binary", "continuous"]
    unit: str | None = None
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class Taxonomy:
    """Views (a modality may have none), sections and phenotypes, in the order answers list them."""

    modality: str
    views: tuple[str, ...]
    sections: tuple[str, ...]
    phenotypes: tuple[Phenotype, ...]
    unwritten_sections: tuple[str, ...] = field(default=())  # kept in banks, never searched or written

    def __post_init__(self) -> None:
        if len(set(self.views)) != len(self.views):
            raise ValueError("views must be distinct")
        for label, names in (("sections", self.sections), ("phenotypes", self.phenotype_names)):
            if not names or len(set(names)) != len(names):
                raise ValueError(f"{label} must be non-empty and distinct")
        for phenotype in self.phenotypes:
            if phenotype.section not in self.sections:
                raise ValueError(f"phenotype {phenotype.name} names the unknown section {phenotype.section!r}")

    @property
    def phenotype_names(self) -> tuple[str, ...]:
        """Names of the phenotypes, in order."""
        return tuple(phenotype.name for phenotype in self.phenotypes)

    def phenotype(self, name: str) -> Phenotype:
        """The phenotype of that name. Raises KeyError when there is none."""
        return {phenotype.name: phenotype for phenotype in self.phenotypes}[name]
