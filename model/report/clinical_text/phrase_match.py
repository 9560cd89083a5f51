"""A sentence whose findings equal a phrase's is that phrase, whatever its words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from model.report.clinical_text.numbers import SCALE
from model.report.clinical_text.stated import StatedFinding
from model.report.language.language import Language, Phrase

_Key = tuple[str, frozenset[tuple[str, str]], str | None]


@dataclass(frozen=True)
class PhraseByMeaning:
    """Finds the phrase that states the same. slots: finding → the slot that its number fills."""

    language: Language
    slots: Mapping[str, str]

    @cached_property
    def _index(self) -> dict[_Key, Phrase]:
        index: dict[_Key, Phrase] = {}
        for phrase in self.language.phrases:
            said = frozenset((finding.name, finding.value) for finding in phrase.findings)
            index.setdefault((phrase.section, said, phrase.slot), phrase)
            if phrase.slot is not None:
                index.setdefault((phrase.section, said, None), phrase)
        return index

    def phrase_of(self, section: str | None, findings: Iterable[StatedFinding]) -> tuple[Phrase, float | None] | None:
        """The phrase and its number; None where a finding is doubted, former, or in no phrase of the section."""
        said, number = set[tuple[str, str]](), None
        for finding in findings:
            plain = (finding.certainty, finding.time) == ("stated", "current") and finding.polarity != "unknown"
            if section is None or not plain:
                return None
            if finding.value is not None:
                said.add((finding.entity, finding.value))
            if finding.number is not None:
                filled = self._slot(finding)
                if filled is None or number is not None:
                    return None
                number = filled
        phrase = self._index.get((section or "", frozenset(said), None if number is None else number[0]))
        return None if phrase is None or not said else (phrase, None if number is None else number[1])

    def _slot(self, finding: StatedFinding) -> tuple[str, float] | None:
        """The slot and its number in the slot's unit; None for a range or a number that it does not hold."""
        name = self.slots.get(finding.entity)
        slot = None if name is None else self.language.slots.get(name)
        if slot is None or not isinstance(finding.number, float):
            return None
        unit = slot.unit.replace("²", "2")
        factor = 1.0 if finding.unit == unit else SCALE.get((finding.unit or "", unit))
        if factor is None:
            return None
        value = slot.as_stated(finding.number * factor)
        return (slot.name, value) if slot.holds(value) else None
