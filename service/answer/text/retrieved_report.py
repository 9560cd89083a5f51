"""Mode `retrieval`: the nearest candidate's section, quoted. Another patient's numbers are left out, or marked."""

from collections.abc import Set
from dataclasses import dataclass
from functools import partial

from index.candidate_bank import CandidateBank
from index.phrase_table import PhraseRow, spoken
from index.retrieval import Retrieval
from model.report.editing.wording import ended
from model.report.language.holes import without_holes, worded_without_number
from model.report.language.language import FindingReader
from model.report.request import ReportWarning
from service.answer.text.text_check import TextCheck
from service.answer.text.written import Written
from service.renderings.page_words import ENGLISH
from service.schemas import SentenceOut

FOREIGN_NUMBER = ENGLISH.foreign_number


def paste_sections(
    retrieval: Retrieval,
    bank: CandidateBank,
    hidden: Set[str] = frozenset(),
    check: TextCheck | None = None,
    read: FindingReader | None = None,
) -> Written:
    """The sections of the best candidates that have them.

    A number is left out where the sentence states the same without it, and `read` sees that; else its mark stands
    behind the sentence. hidden: names of findings that no clip of the study shows; sentences in which `check` reads
    one are left out.
    """
    sections: dict[str, tuple[SentenceOut, ...]] = {}
    plain: dict[str, list[str]] = {}
    warnings: dict[str, ReportWarning] = {}
    for name, candidates in retrieval.context.items():
        best = candidates[:1]
        sentences = [(c.candidate_id, s) for c in best for s in c.sentences]
        if hidden and check is not None:
            texts = [(row, bank.phrases.text(row[1].phrase_id, row[1].value)) for row in sentences]
            sentences = [row for row, text in texts if hidden.isdisjoint(check.findings_of(name, text))]
        found = [(row, _quote(name, bank.phrases[row[1].phrase_id], row[1].value, read)) for row in sentences]
        quoted = [(row, quote) for row, quote in found if quote.text]
        quotes = [quote for _, quote in quoted]
        warnings |= {quote.warning.code: quote.warning for quote in quotes if quote.warning is not None}
        sections[name] = tuple(
            SentenceOut(text=quote.text, source="retrieved", candidate_ids=[candidate_id])
            for (candidate_id, _), quote in quoted
        )
        plain[name] = [quote.plain for quote in quotes]
    empty = [ReportWarning("section_empty", {"section": name}) for name, told in sections.items() if not told]
    return Written(sections, plain, (*warnings.values(), *empty))


@dataclass(frozen=True)
class _Quote:
    """A candidate's sentence as shown and as read, and the warning that it asks for."""

    text: str
    plain: str
    warning: ReportWarning | None = None


def _quote(section: str, phrase: PhraseRow, value: float | str | None, read: FindingReader | None) -> _Quote:
    if phrase.slot is None:
        plain = without = ended(without_holes(phrase.template))
    else:
        says = partial(_says_anything, read, section)
        without = ended(without_holes(worded_without_number(phrase.template, phrase.numberless, says)))
        plain = without if value is None else ended(without_holes(phrase.text(value)))
    if value is None or phrase.slot is None or not any(map(str.isdecimal, spoken(value))):
        return _Quote(plain, plain)
    stated = set() if read is None or any(map(str.isdecimal, without)) else set(read(section, without))
    if read is not None and stated and stated.issuperset(read(section, plain)):
        return _Quote(without, without, ReportWarning("numbers_left_out"))
    return _Quote(f"{plain} {FOREIGN_NUMBER}", plain, ReportWarning("numbers_of_another_patient"))


def _says_anything(read: FindingReader | None, section: str, text: str) -> bool:
    return read is not None and bool(read(section, text))
