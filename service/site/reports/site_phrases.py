"""Free sentences → rows of a bank's phrase table.

A sentence that several patients' reports share, numbers aside, becomes a phrase of the site: it is merged, counted and
offered as evidence like any other. Where its number is one that the report language knows, it stands in that slot, so
that the neighbours' vote fills it. One that fewer share stays text of its own report: it can be quoted where the bank
lets text be shown, and is never offered to another patient's report.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.phrase_table import UNTYPED, PhraseRow, PhraseTable
from model.echo.language.reader import echo_grammar, echo_slots, finding_reader
from model.report.language.language import Finding, Language
from service.site.reports.limits import PATIENTS_OF_A_PHRASE
from service.site.reports.numberless import bare, numberless
from service.site.reports.phrase_meaning import NUMERICAL, MeaningReader
from service.site.reports.phrase_slots import PhraseSlots
from service.site.reports.reports import BankedReport, BankedSentence

# A comma before one or two digits is a decimal mark, as in German; before three it may part thousands: no number then.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.\d+|,\d{1,2})?(?![\w.,]*\d)")
_FREE = "A finding was described in the reporting physician's own words."
Value = float | str | None


@dataclass(frozen=True)
class SitePhrases:
    """The phrase table of a bank, and how sentences become its rows."""

    table: PhraseTable
    _by_key: dict[str, int]
    _shared: dict[tuple[str, str], int]
    _free: dict[str, int]

    @classmethod
    def of(cls, reports: Iterable[BankedReport], language: Language, sections: Sequence[str]) -> "SitePhrases":
        """The table of these reports: the language's phrases, one row per section for free text, the site's phrases."""
        patients: dict[tuple[str, str], set[str]] = {}
        for report in reports:
            for sentence in report.sentences:
                if sentence.text is not None:
                    users = patients.setdefault((sentence.section, _template(sentence.text)[0]), set())
                    if len(users) < PATIENTS_OF_A_PHRASE:
                        users.add(report.patient)
        shared = sorted(place for place, users in patients.items() if len(users) >= PATIENTS_OF_A_PHRASE)
        rows = [
            PhraseRow(n, p.section, p.group, p.template, p.numberless, p.slot, p.phrase_id)
            for n, p in enumerate(language.phrases)
        ]
        free = {}
        for section in sections:
            free[section] = len(rows)
            rows.append(PhraseRow(len(rows), section, "free text", "<string>", _FREE, "string"))
        numbers, reading = {}, _Reading.of(language)
        for section, template in shared:
            numbers[section, template] = len(rows)
            rows.append(reading.row(len(rows), section, template))
        return cls(PhraseTable(tuple(rows)), {p.phrase_id: n for n, p in enumerate(language.phrases)}, numbers, free)

    def row(self, sentence: BankedSentence) -> tuple[int, Value]:
        """The sentence's row of the table and what fills its placeholder."""
        if sentence.key is not None:
            return self._by_key[sentence.key], sentence.value
        assert sentence.text is not None
        template, value = _template(sentence.text)
        shared = self._shared.get((sentence.section, template))
        return (self._free[sentence.section], sentence.text) if shared is None else (shared, value)


@dataclass(frozen=True)
class _Reading:
    """Reads the site's phrases. slots: those of the language, and what else a number may be."""

    language: Language
    reader: MeaningReader
    slots: PhraseSlots

    @classmethod
    def of(cls, language: Language) -> "_Reading":
        grammar = echo_grammar()
        reader = MeaningReader(finding_reader(language), grammar, every_language=True)
        return cls(language, reader, PhraseSlots(language, grammar.table, echo_slots()))

    def row(self, number: int, section: str, template: str) -> PhraseRow:
        """The row of a phrase, its number in the language's slot where there is one for it."""
        if NUMERICAL not in template:
            says = _says(section, self.reader.read(section, template), None, template)
            return PhraseRow(number, section, "site", template, template, None, says=says)
        slot = self._slot(section, template)
        plain, findings = self._without_number(section, template)
        template = template.replace(NUMERICAL, f"<{slot}>")
        return PhraseRow(number, section, "site", template, plain, slot, says=_says(section, findings, slot, plain))

    def _slot(self, section: str, template: str) -> str:
        """The slot that a phrase's number fills: of those of the language, as no other can be filled in a report."""
        quantity = self.reader.meaning(section, template).quantity
        slot = None if quantity is None else self.slots.slot_of(section, quantity)
        return slot if slot is not None and slot in self.language.slots else "numerical"

    def _without_number(self, section: str, template: str) -> tuple[str, tuple[Finding, ...]]:
        """What is said without the number, and what that states: words that state a finding stay."""
        plain = numberless(template)
        for text in (plain, "" if plain else bare(template)):
            if text and (findings := self.reader.read(section, text)):
                return text, findings
        return plain, ()


def _says(section: str, findings: Iterable[Finding], number: str | None, plain: str) -> str | None:
    """What the wording states, the same for all that state it; None where words beside the number are not understood.

    plain: the wording without its number.
    """
    stated = sorted(f"{finding.name}={finding.value}" for finding in findings)
    if number is not None and (stated or (number not in UNTYPED and not plain)):
        stated.append(f"number={number}")
    return f"{section}: {', '.join(stated)}" if stated else None


def sentence_of(row: PhraseRow, value: Value) -> BankedSentence:
    """The sentence that a row of a bank's table states; the inverse of `SitePhrases.row`."""
    if row.key is not None:
        return BankedSentence(row.section, row.key, value if isinstance(value, float) else None)
    return BankedSentence(row.section, text=row.text(value))


def _template(text: str) -> tuple[str, float | None]:
    """A sentence with its one number taken out; with none or several it is its own template."""
    found = _NUMBER.findall(text)
    if len(found) != 1 or "<" in text:
        return text, None
    return _NUMBER.sub("<numerical>", text), float(found[0].replace(",", "."))
