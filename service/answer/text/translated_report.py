"""A written report in another language, sentence by sentence; what has no translation stays, and a warning says so."""

from collections.abc import Sequence
from dataclasses import replace

from model.report.request import ReportWarning
from service.answer.text.report_language import ReportLanguage
from service.answer.text.written import Written
from service.schemas import SentenceOut


def translate(written: Written, language: ReportLanguage, own: str) -> Written:
    """The report in a language; each sentence names its own. `plain` stays: it is what the text check reads.

    own: the language that the report was written in.
    """
    sections = {
        name: tuple(_in_language(sentence, name, plain, language, own) for sentence, plain in _pairs(written, name))
        for name in written.sections
    }
    left = {name: sum(s.lang != language.lang for s in sentences) for name, sentences in sections.items()}
    missed = ", ".join(f"{name} ({count})" for name, count in left.items() if count)
    warning = ReportWarning("phrase_not_translated", {"lang": language.lang, "own": own, "sections": missed})
    return replace(written, sections=sections, warnings=(*written.warnings, *([warning] if missed else [])))


def _pairs(written: Written, section: str) -> Sequence[tuple[SentenceOut, str]]:
    """Each sentence as shown, with the words that a reader of the language knows."""
    return list(zip(written.sections[section], written.plain[section], strict=True))


def _in_language(sentence: SentenceOut, section: str, plain: str, language: ReportLanguage, own: str) -> SentenceOut:
    if language.translator is None:
        return sentence.model_copy(update={"lang": own})
    text = language.translator.sentence(section, plain)
    if text is None:
        return sentence.model_copy(update={"lang": own})
    mark = "" if sentence.text == plain else f" {language.words.foreign_number}"  # they differ by the mark alone
    return sentence.model_copy(update={"text": f"{text}{mark}", "lang": language.lang})
