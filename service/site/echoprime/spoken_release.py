"""The language files of an imported bundle: phrases of the release with their meaning, and the same in German."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from model.echo.language.reader import echo_grammar, echo_slots, finding_reader
from model.echo.phrases.reader import english, german
from service.site.echoprime.bank import BankPhrases
from service.site.echoprime.phrases import ReleasePhrases
from service.site.echoprime.release_language import ReleaseLanguage, language_of
from service.site.echoprime.release_translation import translation_fields
from service.site.language_coverage import SectionCoverage, coverage_of
from service.site.reports.phrase_meaning import MeaningReader
from service.site.reports.phrase_slots import PhraseSlots

PHRASES, GERMAN = "phrases.json", "phrases.de.json"


@dataclass(frozen=True)
class SpokenRelease:
    """The phrases of a release as its bundle and its bank have them. german: fields of the translation file."""

    phrases: ReleasePhrases
    made: ReleaseLanguage
    german: dict[str, Any]

    @classmethod
    def of(cls, phrases: ReleasePhrases) -> Self:
        """Reads the phrases of a release: a few seconds for a thousand."""
        usual, grammar = english(), echo_grammar()
        slots = PhraseSlots(usual, grammar.table, echo_slots())
        made = language_of(phrases.table, usual, MeaningReader(finding_reader(usual), grammar), slots)
        return cls(phrases, made, translation_fields(made.language, usual, german(), slots))

    @property
    def bank_phrases(self) -> BankPhrases:
        """For the bank."""
        return BankPhrases(self.phrases, self.made.table)

    def write(self, folder: Path) -> dict[str, Any]:
        """Writes both files into a bundle's folder. Returns the manifest fields that name them."""
        self.made.language.write(folder / PHRASES)
        text = json.dumps(self.german, ensure_ascii=False, indent=1)
        (folder / GERMAN).write_text(text + "\n", encoding="utf-8")
        return {"phrases": PHRASES, "languages": {self.german["language"]: GERMAN}}

    def coverage(self) -> Iterator[SectionCoverage]:
        """What is understood, section by section."""
        translated = {self.german["language"]: self.german["phrases"].keys()}
        return coverage_of(self.made.table, self.made.language, self.phrases.sections, translated)
