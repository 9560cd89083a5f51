"""How a bundle reads a site's reports: its languages, its sections and phenotypes, and what de-identifies a row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.bundle import BundleManifest
from model.echo.language.reader import echo_grammar
from model.echo.phrases.reader import english, german
from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from model.report.language.translation import Translation
from service.site.identity.deidentify import Deidentifier, shipped_words
from service.site.identity.pseudonyms import Pseudonyms
from service.site.reports.headings import HeadingMap
from service.site.reports.mapping import ColumnMapping
from service.site.reports.reports import RowReader
from service.site.reports.survey import Survey

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class BundleReading:
    """A bundle as a reader of reports."""

    folder: Path
    manifest: BundleManifest

    @property
    def sections(self) -> tuple[str, ...]:
        """All sections that a report may have."""
        return (*self.manifest.sections, *self.manifest.unwritten_sections)

    def language(self) -> Language:
        """The bundle's own language; the shipped English where it brings none."""
        return english() if self.manifest.phrases is None else Language.read(self.folder / self.manifest.phrases)

    def languages(self) -> list[Language]:
        """Languages that reports may be written in, the own one first; the shipped German where its phrases fit."""
        own = self.language()
        files = self.manifest.languages.values()
        found = [Translation.read(self.folder / name, own).language for name in files]
        return [own, *(found or ([german().language] if own == english() else []))]

    def row_reader(
        self, mapping: ColumnMapping, looked: Survey, pseudonyms: Pseudonyms, names: Mapping[str, Sequence[str]]
    ) -> RowReader:
        """Reads the rows of a surveyed table. names: study → names that its DICOM headers state."""
        languages = self.languages()
        wordings = " ".join(phrase.template for language in languages for phrase in language.phrases)
        words = {*_WORD.findall(wordings.casefold()), *(word.casefold() for word in mapping.vocabulary)}
        words |= {word for lexicon in echo_grammar().lexicons.values() for word in lexicon.words}
        return RowReader(
            mapping=mapping,
            headings=HeadingMap(self.sections, mapping.headings, mapping.ignored_headings),
            readers=[PhraseReader(language) for language in languages],
            deidentifier=Deidentifier(frozenset(words) | shipped_words() | looked.words, looked.names),
            pseudonyms=pseudonyms,
            phenotypes=self.manifest.taxonomy().phenotypes,
            more_names=names,
        )
