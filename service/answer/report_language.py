"""The languages that a bundle's reports can be written in, and which of them a request gets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from model.report.language.translation import Translator
from model.report.request import ReportWarning
from service.errors import UnknownLanguage
from service.renderings.page_words import ENGLISH, PageWords
from service.schemas import WarningOut


@dataclass(frozen=True)
class ReportLanguage:
    """A language to write in. translator: from the bundle's own language, None for that one itself."""

    lang: str = "en"
    words: PageWords = ENGLISH
    translator: Translator | None = None

    def heading(self, section: str) -> str:
        """The heading of a section."""
        return section if self.translator is None else self.translator.heading(section)

    def word_warnings(self, warnings: Iterable[ReportWarning]) -> list[WarningOut]:
        """The warnings as the answer shows them."""
        return [WarningOut(code=warning.code, text=self._text(warning)) for warning in warnings]

    def _text(self, warning: ReportWarning) -> str:
        if warning.code == "contradiction" and self.translator is not None:
            warning = replace(warning, details={"rule": self.translator.contradiction(warning.details["rule"])})
        return self.words.warning(warning)


@dataclass(frozen=True)
class ReportLanguages:
    """The bundle's own language, and those it can be translated to, by tag (BCP 47)."""

    own: ReportLanguage = field(default_factory=ReportLanguage)
    others: Mapping[str, ReportLanguage] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """Every language, the bundle's own first."""
        return (self.own.lang, *self.others)

    def asked(self, lang: str | None) -> ReportLanguage:
        """The language of a tag, the own one for None. Raises UnknownLanguage naming those there are."""
        if lang is None or lang == self.own.lang:
            return self.own
        if lang not in self.others:
            # which one was asked for is not said: it is the client's text
            raise UnknownLanguage(f"lang: reports are written in {', '.join(self.tags)}", field="lang")
        return self.others[lang]
