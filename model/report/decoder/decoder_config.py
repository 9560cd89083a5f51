"""What a report decoder is made of and was trained for; stored in `bundle.json` as `decoder`."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from model.taxonomy import Phenotype, Taxonomy

# Tokens a sentence of evidence may have. LOG 2026-11-22: the longest sentence of the English phrase bank has 21.
_SENTENCE_TOKENS = 40
# Tokens a section may have. LOG 2026-11-22: the longest of 6,000 synthetic ones has 84.
_SECTION_TOKENS = 160


class EstimateRange(BaseModel):
    """A phenotype as the decoder reads it; low and high normalise its value to 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["binary", "continuous"]
    low: float
    high: float

    @classmethod
    def of(cls, phenotype: Phenotype) -> Self:
        """The range that a taxonomy gives to the phenotype."""
        return cls(name=phenotype.name, kind=phenotype.kind, low=phenotype.low, high=phenotype.high)


class HeadFinding(BaseModel):
    """What one output of the finding head says of a section.

    share: of the trained sections that state it; 0 for what the head was never shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    section: str
    name: str
    value: str
    share: float = Field(ge=0, le=1)


class DecoderConfig(BaseModel):
    """Sizes of the network and the names it is keyed by. Rows of its tables are these names, in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: int = Field(gt=0, description="Rows of the token table; at least the tokenizer's size.")
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    width: int = Field(gt=0)
    copy_width: int = Field(64, gt=0, description="Width of the queries and keys that choose what to copy.")
    embedding_dim: int = Field(gt=0, description="Dimension of section and clip vectors.")
    sections: tuple[str, ...]
    phenotypes: tuple[EstimateRange, ...]
    max_clip_vectors: int = Field(8, ge=0)  # design section 7
    max_evidence: int = Field(12, gt=0)  # design section 7
    max_sentence_tokens: int = Field(_SENTENCE_TOKENS, gt=0)
    max_section_tokens: int = Field(_SECTION_TOKENS, gt=0)
    reads_phenotypes: bool = Field(
        True, description="False: every estimate is read as missing; slots are still filled."
    )
    project_onto_bank: bool = Field(False, description="True: section vectors are drawn onto the bank first (DeCap).")
    findings: tuple[HeadFinding, ...] = Field((), description="Outputs of the finding head; none: there is no head.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ValueError(f"width {self.width} must be an even multiple of heads {self.heads}")
        for label, names in (("sections", self.sections), ("phenotypes", self.phenotype_names)):
            if len(set(names)) != len(names):
                raise ValueError(f"{label} are not distinct")
        if unknown := sorted({finding.section for finding in self.findings} - set(self.sections)):
            raise ValueError(f"findings are of sections that there are not: {unknown}")
        return self

    @property
    def phenotype_names(self) -> tuple[str, ...]:
        """Names of the phenotypes, in table order."""
        return tuple(phenotype.name for phenotype in self.phenotypes)

    @property
    def shared_length(self) -> int:
        """Tokens of the prefix that all rows of a study share: section vectors, clip vectors, phenotypes."""
        return len(self.sections) + self.max_clip_vectors + len(self.phenotypes)

    @property
    def max_evidence_tokens(self) -> int:
        """Tokens that a row's evidence can take: each sentence and the separator after it."""
        return self.max_evidence * (self.max_sentence_tokens + 1)

    @property
    def text_position(self) -> int:
        """Position of the first text token: the same for every row, however much evidence the row has."""
        return self.shared_length + 1 + self.max_evidence_tokens


def decoder_config(
    taxonomy: Taxonomy, *, vocabulary: int, embedding_dim: int, size: Literal["development", "full"] = "development"
) -> DecoderConfig:
    """The configuration of a size for a taxonomy.

    ``development`` (0.8 M parameters) trains in minutes on two cores. ``full`` is echovlm's 27 M size (8 layers of
    width 512), for a GPU host and for imported banks.
    """
    layers, heads, width = {"development": (3, 4, 128), "full": (8, 8, 512)}[size]
    return DecoderConfig(
        vocabulary=vocabulary,
        layers=layers,
        heads=heads,
        width=width,
        embedding_dim=embedding_dim,
        sections=taxonomy.sections,
        phenotypes=_ranges(taxonomy.phenotypes),
    )


def _ranges(phenotypes: Sequence[Phenotype]) -> tuple[EstimateRange, ...]:
    return tuple(EstimateRange.of(phenotype) for phenotype in phenotypes)
