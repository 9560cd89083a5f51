"""The YAML or JSON that names a modality's sections and phenotypes; nothing else is known of it.

modality: cardiac_mr
sections: [Left Ventricle, Late Enhancement]
phenotypes:
  - {name: lvef, section: Left Ventricle, kind: continuous, unit: "%", low: 5, high: 90, words: [ejection fraction]}
  - {name: scar, section: Late Enhancement, kind: binary}
embedding_dim: 512           # optional: what the file of embeddings must have
language: en                 # of the reports; decimal_mark: "," where they write 5,2

`words`: a sentence of the section with one number and one of these words states that phenotype, and its number becomes
a slot that the writer fills. `decimals` says how it is rounded.
"""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.report.language.language import Slot
from model.taxonomy import Phenotype, Taxonomy
from service.site.embedding_training.errors import TaxonomyFileError

_VIEW = "study"  # a taxonomy has views; embeddings of whole studies have this one
_SLOT = r"[A-Za-z_][A-Za-z0-9_]*"  # what a placeholder may be called


class NamedPhenotype(BaseModel):
    """One phenotype of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=rf"^{_SLOT}$")
    section: str
    kind: Literal["binary", "continuous"]
    unit: str | None = None
    low: float = 0.0
    high: float = 1.0
    decimals: int = Field(0, ge=0, le=3)
    words: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _range_and_words_fit(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"{self.name}: low {self.low} is not below high {self.high}")
        if self.words and self.kind == "binary":
            raise ValueError(f"{self.name}: words belong to a number, a binary phenotype has none")
        return self


class TaxonomyFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: str
    sections: tuple[str, ...] = Field(min_length=1)
    phenotypes: tuple[NamedPhenotype, ...] = Field(min_length=1)
    embedding_dim: int | None = Field(None, gt=0)
    language: str = "en"
    decimal_mark: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        self.taxonomy()
        return self

    def taxonomy(self) -> Taxonomy:
        """The names as the model's own type."""
        phenotypes = tuple(Phenotype(p.name, p.section, p.kind, p.unit, p.low, p.high) for p in self.phenotypes)
        return Taxonomy(self.modality, (_VIEW,), self.sections, phenotypes)

    def slots(self) -> tuple[Slot, ...]:
        """A typed slot for every phenotype whose number stands in the text."""
        numbers = (p for p in self.phenotypes if p.words)
        return tuple(Slot(p.name, p.unit or "", p.low, p.high, p.decimals, p.name) for p in numbers)

    def slot_of(self, section: str, sentence: str) -> str | None:
        """The slot that a sentence with one number states, None where no phenotype's words are in it."""
        folded = sentence.casefold()
        stated = (p for p in self.phenotypes if p.section == section)
        return next((p.name for p in stated if any(word.casefold() in folded for word in p.words)), None)


def read_taxonomy(path: Path) -> TaxonomyFile:
    """The taxonomy in a file. Raises TaxonomyFileError naming file and field."""
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML too
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TaxonomyFileError(f"{path}: cannot be read as YAML or JSON ({error})") from error
    try:
        return TaxonomyFile.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise TaxonomyFileError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error
