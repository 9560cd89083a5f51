"""Free sentences → rows of a bank's phrase table.

A sentence that several patients' reports share, numbers aside, becomes a phrase of the site: it is merged, counted and
offered as evidence like any other. One that fewer share stays text of its own report: it can be quoted where the bank
lets text be shown, and is never offered to another patient's report.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.phrase_table import PhraseRow, PhraseTable
from model.echo.language.reader import finding_reader
from model.report.language.language import FindingReader, Language
from service.site.reports.limits import PATIENTS_OF_A_PHRASE
from service.site.reports.numberless import numberless
from service.site.reports.reports import BankedReport, BankedSentence

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?![\w.]*\d)")
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
        numbers, read = {}, finding_reader(language)
        for section, template in shared:
            numbers[section, template] = len(rows)
            slot = "numerical" if "<numerical>" in template else None
            plain = numberless(template)
            rows.append(
                PhraseRow(len(rows), section, "site", template, plain, slot, says=_says(read, section, plain, slot))
            )
        return cls(PhraseTable(tuple(rows)), {p.phrase_id: n for n, p in enumerate(language.phrases)}, numbers, free)

    def row(self, sentence: BankedSentence) -> tuple[int, Value]:
        """The sentence's row of the table and what fills its placeholder."""
        if sentence.key is not None:
            return self._by_key[sentence.key], sentence.value
        assert sentence.text is not None
        template, value = _template(sentence.text)
        shared = self._shared.get((sentence.section, template))
        return (self._free[sentence.section], sentence.text) if shared is None else (shared, value)


def _says(read: FindingReader, section: str, text: str, slot: str | None) -> str | None:
    """What the wording states, the same for all that state it; None where nothing is understood."""
    found = read(section, text)
    stated = ", ".join(sorted(f"{finding.name}={finding.value}" for finding in found))
    return f"{section}: {stated}{' with a number' if slot else ''}" if stated else None


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
    return _NUMBER.sub("<numerical>", text), float(found[0])
