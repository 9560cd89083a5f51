"""What a lab says about its networks, in one JSON file, because no tensor tells it."""

import json
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.echo.preprocessing.preprocessing_config import ECHOPRIME, EchoPreprocessing, echoscribe_preprocessing
from model.echo.taxonomy import ECHO_TAXONOMY
from model.taxonomy import Phenotype, Taxonomy


class WeightsDescription(BaseModel):
    """The file that an import of weights reads. Sections and phenotypes are the echo's where none are named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    licence_notice: str = Field(min_length=1)
    trained: bool = True
    domain: Literal["synthetic", "clinical"] = "clinical"
    views: tuple[str, ...] = Field(min_length=1, description="In the order of the view classifier's outputs.")
    sections: tuple[str, ...] = ECHO_TAXONOMY.sections
    phenotypes: tuple[dict[str, Any], ...] | None = None
    video_encoder: dict[str, Any] = Field(default={}, description="Blocks of an MViT other than mvit_v2_s.")
    profile: Literal["echoprime", "echoscribe"] = Field(description="Preprocessing that the others are changes of.")
    preprocessing: dict[str, Any] = Field(default={}, description="Fields that differ from the profile.")
    view_weighting: Literal["argmax", "probability"] = "argmax"
    min_section_weight: float = Field(0.0, ge=0)
    thresholds: dict[str, float] = {}

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        taxonomy = self.taxonomy()
        unknown = sorted(set(self.thresholds) - set(taxonomy.phenotype_names))
        if unknown:
            raise ValueError(f"thresholds name the unknown phenotypes {unknown}")
        self.model_input()
        return self

    def taxonomy(self) -> Taxonomy:
        """The names that the networks and the bank are aligned by."""
        if self.phenotypes is None:
            phenotypes = tuple(p for p in ECHO_TAXONOMY.phenotypes if p.section in self.sections)
        else:
            phenotypes = tuple(Phenotype(**fields) for fields in self.phenotypes)
        return Taxonomy("echo", self.views, self.sections, phenotypes, ECHO_TAXONOMY.unwritten_sections)

    def model_input(self) -> EchoPreprocessing:
        """How clips become model input."""
        profile = ECHOPRIME if self.profile == "echoprime" else echoscribe_preprocessing()
        return EchoPreprocessing.model_validate({**profile.model_dump(), **self.preprocessing})

    @classmethod
    def read(cls, path: Path) -> Self:
        """The description in a file. Raises ValueError naming the file and the field."""
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        except (UnicodeDecodeError, json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"{path}: cannot be read as a description ({error})") from error
