"""The languages that a bundle's reports can be written in, and which of them a request gets."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from model.report.language.translation import Translator
from model.report.request import ReportWarning
from service.errors import UnknownLanguage
from service.modalities.words import ModalityWords
from service.renderings.page_words import ENGLISH, PageWords
from service.schemas import WarningOut

_LISTED = 20  # words that a log line names
_NAMING = {"phenotypes", "section", "sections"}  # details of warnings that hold names


@dataclass(frozen=True)
class ReportLanguage:
    """A language to write in.

    translator: from the bundle's own language, None for that one itself. named: words for what the modality names.
    lacking: words that this language does not have, and that are said in the bundle's own or in English.
    """

    lang: str = "en"
    words: PageWords = ENGLISH
    translator: Translator | None = None
    named: ModalityWords = field(default_factory=ModalityWords)
    sections: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    def heading(self, section: str) -> str:
        """The heading of a section."""
        return section if self.translator is None else self.translator.heading(section)

    def word_warnings(self, warnings: Iterable[ReportWarning]) -> list[WarningOut]:
        """The warnings as the answer shows them."""
        return [WarningOut(code=warning.code, text=self._text(warning)) for warning in warnings]

    def _text(self, warning: ReportWarning) -> str:
        if warning.code == "contradiction" and self.translator is not None:
            warning = replace(warning, details={"rule": self.translator.contradiction(warning.details["rule"])})
        details = {name: self._named(text) if name in _NAMING else text for name, text in warning.details.items()}
        return self.words.warning(replace(warning, details=details))

    def _named(self, text: str) -> str:
        """A detail of a warning with sections, phenotypes and views as this language calls them."""
        for section in sorted(self.sections, key=len, reverse=True):
            text = re.sub(rf"\b{re.escape(section)}\b", lambda found: self.heading(found[0]), text)
        return self.named.named_in(text)


@dataclass(frozen=True)
class ReportLanguages:
    """The bundle's own language, and those it can be translated to, by tag (BCP 47)."""

    own: ReportLanguage = field(default_factory=ReportLanguage)
    others: Mapping[str, ReportLanguage] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """Every language, the bundle's own first."""
        return (self.own.lang, *self.others)

    @property
    def lacking(self) -> dict[str, str]:
        """Tag → the words that the language does not have, of languages that lack any; the first few and how many."""
        languages = {self.own.lang: self.own, **self.others}
        return {lang: _listed(language.lacking) for lang, language in languages.items() if language.lacking}

    def asked(self, lang: str | None) -> ReportLanguage:
        """The language of a tag, the own one for None. Raises UnknownLanguage naming those there are."""
        if lang is None or lang == self.own.lang:
            return self.own
        if lang not in self.others:
            # which one was asked for is not said: it is the client's text
            raise UnknownLanguage(f"lang: reports are written in {', '.join(self.tags)}", field="lang")
        return self.others[lang]


def _listed(words: tuple[str, ...]) -> str:
    more = len(words) - _LISTED
    return ", ".join(words[:_LISTED]) + (f" and {more} more" if more > 0 else "")
