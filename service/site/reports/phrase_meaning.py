"""What a phrase of a bank says: its findings, and what its number measures, by the reader of clinical sentences."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from model.report.clinical_text.grammar import Grammar
from model.report.clinical_text.stated import StatedFinding
from model.report.language.language import Finding, FindingReader
from service.site.reports.numberless import numberless

NUMERICAL = "<numerical>"
# One sample for each order of size that a report states, so that some sample is plausible for any quantity: velocities
# in m/s and ratios, lengths in cm, lengths in mm, percent and pressures, areas and volumes, times in ms.
_SAMPLES = ("0.45", "2.5", "12", "27", "55", "140", "420")
_ADDED = re.compile(r"<numerical>[^.;]*?\+")  # "<numerical> mmHg + CVP": the sentence states a sum, not this number
_THICK = re.compile("thick", re.IGNORECASE)  # a thickness is not the width that a bare length would be
_OPENING = "=: "


@dataclass(frozen=True)
class Quantity:
    """What a number measures: the reader's name of it and its unit; None where no unit is stated or usual."""

    entity: str
    unit: str | None


@dataclass(frozen=True)
class PhraseMeaning:
    """What a phrase says. quantity: of its one number, None where there is none, several, or nothing is understood."""

    findings: tuple[Finding, ...]
    quantity: Quantity | None = None

    @property
    def understood(self) -> bool:
        """Whether anything was read."""
        return bool(self.findings) or self.quantity is not None


@dataclass(frozen=True)
class MeaningReader:
    """Reads phrases. read: into the findings of the report language; grammar: for what a number measures.

    every_language: phrases may be in any language of the grammar; without it they are in its first.
    """

    read: FindingReader
    grammar: Grammar
    every_language: bool = False

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return tuple(self.grammar.lexicons)[: None if self.every_language else 1]

    def meaning(self, section: str, template: str) -> PhraseMeaning:
        """The meaning of a phrase that stands in a section."""
        plain = numberless(template).strip(_OPENING)
        return PhraseMeaning(self.read(section, plain), self._quantity(section, template))

    def _quantity(self, section: str, template: str) -> Quantity | None:
        """What most samples are read as; of two read as often, the one of the phrase's own section."""
        if template.count(NUMERICAL) != 1 or "<string>" in template or _ADDED.search(template):
            return None
        bare = set(self.grammar.table.lengths.values()) if _THICK.search(template) else set()
        read = (self._samples(section, template, language) for language in self._languages)
        counted = (Counter(reading for reading in stated if reading[0] not in bare) for stated in read)
        found = next(filter(None, counted), None)  # the first language in which anything is understood
        if found is None:
            return None

        def rank(stated: tuple[str, str | None, str]) -> tuple[int, bool]:
            return found[stated], stated[2] == section

        entity, unit, _ = max(found, key=rank)
        return Quantity(entity, unit)

    def _samples(self, section: str, template: str, language: str) -> Iterator[tuple[str, str | None, str]]:
        """(entity, unit, section) of every finding that has a sample as its number."""
        for sample in _SAMPLES:
            filled = template.replace(NUMERICAL, sample).strip(_OPENING)
            found: tuple[StatedFinding, ...] = self.grammar.findings(filled, language, self.grammar.context(section))
            for finding in found:
                if finding.number == float(sample):
                    yield finding.entity, finding.unit, finding.section
