"""The languages that a bundle's reports can be written in, and which of them a request gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.report.language.translation import Translator
from service.errors import UnknownLanguage
from service.renderings.page_words import ENGLISH, PageWords


@dataclass(frozen=True)
class ReportLanguage:
    """A language to write in. translator: from the bundle's own language, None for that one itself."""

    lang: str = "en"
    words: PageWords = ENGLISH
    translator: Translator | None = None

    def heading(self, section: str) -> str:
        """The heading of a section."""
        return section if self.translator is None else self.translator.heading(section)

    def warning(self, code: str, text: str) -> str:
        """A warning's text."""
        if code == "contradiction" and self.translator is not None:
            text = self.translator.contradiction(text)
        return self.words.warning(code, text)


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
