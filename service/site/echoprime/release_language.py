"""The report language of a release: its phrases with what they say, in the form of the shipped phrases.

A phrase becomes a wording of the language as far as it is understood: findings, and a number with name, unit and range.
A phrase that nobody understands is a free sentence, if it needs no number. What cannot be said without a number that
nobody understands, or states a fixed number, is left out: the bank can still quote it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from index.phrase_table import PhraseRow, PhraseTable
from model.report.language.language import Band, Language, Phrase
from service.site.reports.numberless import PLACEHOLDER, numberless
from service.site.reports.phrase_meaning import NUMERICAL, MeaningReader, PhraseMeaning
from service.site.reports.phrase_slots import PhraseSlots

_SQUARE = re.compile(r"(?<=[mM])2(?!\w|\.\d)")  # "ml/m2": the one digit that is no number
_FIXED_IN_BRACKETS = re.compile(r"\s*\((?:[^()<>]|<(?!numerical>|string>)|>)*\d[^()]*\)")
_STRANGE = re.compile(r"[<>]|\d")  # a fixed number, a bound, or a placeholder that releases do not document
_SPACES = re.compile(r"\s+")
_UNGRADED = frozenset({"present", "dilated", "reduced", "elevated", "thickened"})
_GRADES = ("mild", "moderate", "severe")


@dataclass(frozen=True)
class ReleaseLanguage:
    """A language, and the release's phrase table with its slots and with the language's phrases as keys."""

    language: Language
    table: PhraseTable


def language_of(table: PhraseTable, usual: Language, reader: MeaningReader, slots: PhraseSlots) -> ReleaseLanguage:
    """The language of a release's phrase table. usual: whose slots, bands, labels and contradictions hold here too.

    Rows keep their numbers and their words; only the name of a placeholder changes where it is understood, a full stop
    is added where there is none, and "m2" is written m².
    """
    making = _Making(usual, reader, slots)
    rows = tuple(making.row(row) for row in table)
    phrases = tuple(making.phrases.values())
    language = Language(
        language=usual.language,
        slots=slots.slots,
        phrases=phrases,
        bands=(*slots.bands(), *coarse_bands(slots.bands(), phrases)),
        labels=usual.labels,
        contradictions=usual.contradictions,
        decimal_mark=usual.decimal_mark,
    )
    return ReleaseLanguage(language, PhraseTable(rows))


def tidy(template: str) -> str:
    """A phrase as a sentence: single spaces, a full stop at its end, squares as they are written."""
    text = _SQUARE.sub("²", _SPACES.sub(" ", template).strip().removeprefix("=").strip())
    return text if not text or text[-1] in ".!?" else f"{text}."


@dataclass(eq=False)
class _Making:
    usual: Language
    reader: MeaningReader
    slots: PhraseSlots
    phrases: dict[tuple[str, str], Phrase] = field(default_factory=dict)  # by section and template
    _stems: Counter[str] = field(default_factory=Counter)

    def row(self, row: PhraseRow) -> PhraseRow:
        """The row with its slot and key; what it says joins the phrases."""
        meaning = self.reader.meaning(row.section, row.template)
        slot = None if meaning.quantity is None else self.slots.slot_of(row.section, meaning.quantity)
        template = tidy(row.template)
        # What is left of a sentence without its number is only trusted where a finding is read in it.
        plain = numberless(template) if meaning.findings or not PLACEHOLDER.search(template) else ""
        if slot is not None:
            template = template.replace(NUMERICAL, f"<{slot}>")
        phrase = self._phrase(row, template if slot is not None else plain, plain, meaning)
        if phrase is not None and slot is not None and phrase.template != template:
            template = phrase.template  # a reference range in brackets went
        if phrase is None and row.slot is not None:  # in no wording of the language: quoted, and written by nobody
            return replace(row, template=tidy(row.template), numberless="")
        kind = slot if slot is not None and f"<{slot}>" in template else row.slot
        return replace(
            row, template=template, numberless=plain, slot=kind, key=None if phrase is None else phrase.phrase_id
        )

    def _phrase(self, row: PhraseRow, template: str, plain: str, meaning: PhraseMeaning) -> Phrase | None:
        template, plain = (_FIXED_IN_BRACKETS.sub("", text) for text in (template, plain))
        slot = next((name for name in re.findall(r"<(\w+)>", template) if name in self.slots.slots), None)
        if not template or _STRANGE.search(template.replace(f"<{slot}>", "") + plain):
            return None
        place = row.section, template
        if place not in self.phrases:
            self.phrases[place] = Phrase(
                self._name(row, slot, meaning), row.section, row.group or row.section, template, plain, meaning.findings
            )
        return self.phrases[place]

    def _name(self, row: PhraseRow, slot: str | None, meaning: PhraseMeaning) -> str:
        """An id whose stem wordings of one meaning share; a free sentence has a stem of its own."""
        if not meaning.findings and slot is None:
            return f"free/{row.phrase_id}"
        stem = ",".join(sorted(f"{f.name}={f.value}" for f in meaning.findings)) or f"number={slot}"
        self._stems[stem] += 1
        return f"{stem}.{self._stems[stem]}"


def coarse_bands(bands: tuple[Band, ...], phrases: tuple[Phrase, ...]) -> Iterator[Band]:
    """Bands for values that the usual ones have not: "mild-moderate" spans both, "dilated" every abnormal grade."""
    said = {finding for phrase in phrases for finding in phrase.findings}
    by_finding: dict[tuple[str, str], dict[str, Band]] = {}
    for band in bands:
        by_finding.setdefault((band.slot, band.finding), {})[band.value] = band
    for (slot, name), own in by_finding.items():
        for value in sorted(finding.value for finding in said if finding.name == name and finding.value not in own):
            parts = _GRADES if value in _UNGRADED else value.split("-")
            if parts and all(part in own for part in parts):
                spanned = [own[part] for part in parts]
                yield Band(slot, name, value, min(b.low for b in spanned), max(b.high for b in spanned))
