"""The YAML that says what the columns of a lab's CSV are.

study: StudyUID              # required
patient: MRN                 # required
text: Report                 # one column with headings in it, or
sections: {Aorta: AoText}    # one column per section
date: ExamDate               # these three are read only to be removed from text
names: [Patient, Signed by]
identifiers: [Accession]
split: Split                 # a patient in two splits is kept out
labels: {pacemaker: PM}      # phenotype → column
headings: {Aorta: [Ao root]} # the site's own names of sections
ignored_headings: [Plan]     # what stands under these is left out
vocabulary: [Amplatzer]      # words that are no names
plain_numbers: [MRN]         # identifiers that vary in length and have lost no leading zeros
encoding: utf-8
delimiter: ","
"""

from collections.abc import Collection
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.site.errors import MappingError


class ColumnMapping(BaseModel):
    """Which column holds what. Names are those of the CSV's first line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    patient: str
    text: str | None = None
    sections: dict[str, str] = {}
    date: str | None = None
    names: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    split: str | None = None
    labels: dict[str, str] = {}
    headings: dict[str, tuple[str, ...]] = {}
    ignored_headings: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    plain_numbers: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)

    @model_validator(mode="after")
    def _text_is_somewhere(self) -> Self:
        if (self.text is None) == (not self.sections):
            raise ValueError("give either `text`, one column with headings, or `sections`, one column per section")
        unknown = sorted(set(self.plain_numbers) - {self.study, self.patient, *self.identifiers})
        if unknown:
            raise ValueError(f"plain_numbers: {unknown[0]!r} is not the column of study, patient or identifiers")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the mapping names."""
        single = (self.study, self.patient, self.text, self.date, self.split)
        several = (*self.names, *self.identifiers, *self.sections.values(), *self.labels.values())
        return (*(name for name in single if name is not None), *several)

    def check(self, sections: Collection[str], phenotypes: Collection[str]) -> None:
        """Raises MappingError when it names a section or phenotype that the bundle does not have."""
        for field, names, known in (
            ("sections", self.sections, sections),
            ("headings", self.headings, sections),
            ("labels", self.labels, phenotypes),
        ):
            unknown = sorted(set(names) - set(known))
            if unknown:
                raise MappingError(f"{field}: {unknown[0]!r} is not among the bundle's: {', '.join(sorted(known))}")


def read_mapping(path: Path) -> ColumnMapping:
    """The mapping in a YAML file. Raises MappingError naming file and field."""
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingError(f"{path}: cannot be read as YAML ({error})") from error
    try:
        return ColumnMapping.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise MappingError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error
