"""Phrases in the form of a release with what each says: our own invented file, or one of the user's, read.

Of our own file what a phrase says was written beside it, not read from it, so that reading can be tested with it.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from index.phrase_table import spoken
from model.echo.language.reader import echo_grammar, echo_slots, finding_reader
from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.clinical_text.numbers import SCALE
from model.report.language.language import Finding
from scripts.reference.release.synthetic_phrases import NUMERICAL, STRING
from service.site.reports.numberless import PLACEHOLDER, numberless
from service.site.reports.phrase_meaning import MeaningReader, Quantity

INVENTED = Path(__file__).with_name("invented_phrases.yaml")
Groups = dict[str, dict[str, list[str]]]
Says = Callable[[str, str], tuple[frozenset[Finding], "Stated | None"]]


@dataclass(frozen=True)
class Stated:
    """The number of a phrase: a slot of the report language, and what turns its value into the phrase's unit."""

    slot: str
    factor: float = 1.0


@dataclass(frozen=True)
class SaidPhrase:
    """A phrase, its place in the file, and what it says. stated: None without a number that a patient's state knows."""

    section: str
    place: tuple[int, int]
    template: str
    findings: frozenset[Finding]
    stated: Stated | None

    @property
    def has_number(self) -> bool:
        """Whether a number fills it."""
        return NUMERICAL in self.template

    @property
    def has_text(self) -> bool:
        """Whether words fill it."""
        return STRING in self.template and not self.has_number

    def text(self, value: float | str | None) -> str:
        """The sentence as a report prints it, without a number where none is known."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return numberless(self.template)
        return PLACEHOLDER.sub(spoken(value), self.template)


@dataclass(frozen=True)
class SaidPhrases:
    """A phrase file: section → group → templates, as `all_phr.json` has them, and every phrase in that order."""

    groups: Groups
    phrases: tuple[SaidPhrase, ...]

    @cached_property
    def by_section(self) -> dict[str, tuple[SaidPhrase, ...]]:
        """The phrases of each section."""
        return {name: tuple(p for p in self.phrases if p.section == name) for name in self.groups}


def invented_phrases() -> SaidPhrases:
    """Our own phrase file."""
    written = yaml.load(INVENTED.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    beside = {
        (section, entry[0]): _written(entry[1])
        for section, groups in written.items()
        for entries in groups.values()
        for entry in entries
        if not isinstance(entry, str)
    }
    groups = {
        section: {
            group: [entry if isinstance(entry, str) else entry[0] for entry in entries]
            for group, entries in groups.items()
        }
        for section, groups in written.items()
    }
    return _said(groups, lambda section, template: beside.get((section, template), (frozenset(), None)))


def users_phrases(path: Path) -> SaidPhrases:
    """The phrases of a file in the form of `all_phr.json`, as the reader understands them.

    Raises ValueError naming the file when it has another form or lacks a section.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        groups: Groups = {
            section: {"": [*listed]} if isinstance(listed, list) else {g: [*phrases] for g, phrases in listed.items()}
            for section, listed in given.items()
        }
        templates = [text for section in groups.values() for group in section.values() for text in group]
        wrong = [text for text in templates if not isinstance(text, str)]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{path}: cannot be read as phrases by section and group ({error})") from error
    lacking = sorted(set(ECHO_TAXONOMY.sections) - set(groups))
    if lacking or wrong:
        found = f"lacks the sections {lacking}" if lacking else f"holds {wrong[0]!r} where a phrase is expected"
        raise ValueError(f"{path}: {found}")
    reader = MeaningReader(finding_reader(english()), echo_grammar())

    def says(section: str, template: str) -> tuple[frozenset[Finding], Stated | None]:
        meaning = reader.meaning(section, template)
        return frozenset(meaning.findings), None if meaning.quantity is None else _read(meaning.quantity)

    return _said(groups, says)


def _said(groups: Groups, says: Says) -> SaidPhrases:
    return SaidPhrases(groups, tuple(_phrases(groups, says)))


def _phrases(groups: Groups, says: Says) -> Iterator[SaidPhrase]:
    for section_id, (section, listed) in enumerate(groups.items()):
        templates = [template for group in listed.values() for template in group]
        for phrase_id, template in enumerate(templates):
            findings, stated = says(section, template)
            yield SaidPhrase(section, (section_id, phrase_id), template, findings, stated)


def _written(text: str) -> tuple[frozenset[Finding], Stated | None]:
    """``finding value; finding value | slot in unit``."""
    findings, _, number = text.partition("|")
    stated = frozenset(Finding(*said.split()) for said in findings.split(";") if said.strip())
    slot, _, unit = (part.strip() for part in number.partition(" in "))
    return stated, _stated(slot, unit or None) if slot else None


def _read(quantity: Quantity) -> Stated | None:
    slot = echo_slots().get(quantity.entity)
    return None if slot is None else _stated(slot, quantity.unit)


def _stated(slot: str, unit: str | None) -> Stated:
    own = english().slots[slot].unit.replace("²", "2")
    return Stated(slot, 1.0 if unit in (None, own) else SCALE[own, unit or ""])
