"""The sentences that are known in each section, and their findings: phrases of the language, then the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from model.report.language.holes import without_holes, worded_without_number
from model.report.language.language import Finding, FindingReader, Language, Phrase
from model.report.request import EvidenceSentence


@dataclass(frozen=True)
class Wording:
    """A sentence that may be said. template: with at most one ``<slot>``; findings: what it states.

    numberless: empty where the sentence says nothing without its number.
    """

    template: str
    numberless: str
    slot: str | None
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, phrase: Phrase) -> Self:
        """A phrase of the language."""
        return cls(phrase.template, phrase.numberless, phrase.slot, phrase.findings)


class Wordings:
    """Looks sentences up by section and template."""

    def __init__(self, language: Language, read: FindingReader) -> None:
        self._read = read
        self._known: dict[str, dict[str, Wording]] = {}
        for phrase in language.phrases:
            section = self._known.setdefault(phrase.section, {})
            wording = Wording.of(phrase)
            section.setdefault(phrase.template, wording)
            if phrase.numberless:
                section.setdefault(phrase.numberless, replace(wording, template=phrase.numberless, slot=None))

    def of_section(self, section: str, evidence: Sequence[EvidenceSentence]) -> Mapping[str, Wording]:
        """Template → wording: the language's, and those of the evidence that the language lacks."""
        known = dict(self._known.get(section, {}))
        for sentence in evidence:
            if sentence.template not in known:
                wording = self._of_evidence(section, sentence)
                known[sentence.template] = wording
                if wording.numberless:
                    known.setdefault(wording.numberless, replace(wording, template=wording.numberless, slot=None))
        return known

    def _of_evidence(self, section: str, sentence: EvidenceSentence) -> Wording:
        """A sentence that the language lacks. What is left of it without its number stays if it says anything."""
        plain = without_holes(sentence.numberless)
        if sentence.slot is not None:
            plain = worded_without_number(sentence.template, plain, lambda text: bool(self._read(section, text)))
        return Wording(sentence.template, plain, sentence.slot, self._read(section, plain) if plain else ())

    def read(self, section: str, text: str) -> tuple[Finding, ...]:
        """The findings of a sentence that is in no list."""
        return self._read(section, text)
