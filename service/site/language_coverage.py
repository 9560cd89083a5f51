"""What of a bank's phrases its bundle's language understands, section by section: for the import and for `doctor`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from index.phrase_table import UNTYPED, PhraseRow, PhraseTable
from model.report.language.language import Language

NUMBER_ONLY = "say only a number or a place that is not understood"
FIXED_NUMBER = "state a fixed number"
STRANGE = "hold a sign or a placeholder that is not known"


@dataclass(frozen=True)
class SectionCoverage:
    """The phrases of one section, counted.

    understood: a finding or a number is read. numbers: their number has a name, a unit and a range. wanting: a number
    or a place in them is not understood, and they are said without it. free: nothing is read, said as they stand.
    left_out: reason → phrases that are never written. translated: language → phrases with a wording in it.
    """

    section: str
    phrases: int
    understood: int
    numbers: int
    wanting: int
    free: int
    left_out: dict[str, int]
    translated: dict[str, int]

    def text(self) -> str:
        """One line for people."""
        parts = [f"{self.understood} of {self.phrases} phrases understood", f"{self.numbers} with a number"]
        parts += [f"{self.free} free sentences"] if self.free else []
        parts += [f"{self.wanting} said without their number"] if self.wanting else []
        parts += [f"{count} not written: they {reason}" for reason, count in sorted(self.left_out.items())]
        parts += [f"{count} in {tag}" for tag, count in sorted(self.translated.items())]
        return f"{self.section}: {', '.join(parts)}"


def coverage_of(
    table: PhraseTable, language: Language, sections: Sequence[str], translated: Mapping[str, Set[str]] | None = None
) -> Iterator[SectionCoverage]:
    """The coverage of each section. translated: language → ids of the phrases that have a wording in it."""
    for section in sections:
        rows = [row for row in table if row.section == section]
        known = [(row, language.by_id[row.key]) for row in rows if row.key is not None and row.key in language.by_id]
        understood = sum(bool(phrase.findings or phrase.slot) for _, phrase in known)
        keys = {phrase.phrase_id for _, phrase in known}
        yield SectionCoverage(
            section=section,
            phrases=len(rows),
            understood=understood,
            numbers=sum(phrase.slot is not None for _, phrase in known),
            wanting=sum(row.slot in UNTYPED for row, _ in known),
            free=len(known) - understood,
            left_out=dict(Counter(_reason(row) for row in rows if row.key not in keys)),
            translated={tag: sum(p.phrase_id in ids for _, p in known) for tag, ids in (translated or {}).items()},
        )


def _reason(row: PhraseRow) -> str:
    if row.holds_digits:
        return FIXED_NUMBER
    return NUMBER_ONLY if row.slot in UNTYPED and not row.numberless else STRANGE
