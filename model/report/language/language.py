"""A report language: phrases with typed slots, what they mean, and what must not be said together. Data, not code.

The file is JSON, one object per language (`model/echo/phrases/en.json` is one; a bundle carries its own copy):

    language        its tag (BCP 47); decimal_mark: "." unless stated
    slots           name, unit, low, high, decimals, phenotype (whose estimate fills it, or null)
    phrases         phrase_id, section, group, template, numberless, findings [[name, value], ...]
    bands           slot, finding, value, low, high: which wording a number asks for (low ≤ x < high)
    labels          phenotype with either `finding`, `positive` [...], `negative` [...] or `slot`
    contradictions  name, text, first and second: each [finding, [values]]; both true in one report is a contradiction

A template holds at most one placeholder ``<slot_name>`` and no digit; `numberless` says the same without a number. The
template whose `numberless` is empty can only be said with its number. The
placeholder stands for the bare number: its unit is part of the wording ("of <ejection_fraction>%"), `unit` says which.
Names of findings and their values, slots and phenotypes are the same in every language; only wordings differ. A further
language is therefore a file of wordings keyed by these phrase ids (`model/report/language/translation.py`).
"""

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, Self

from model.errors import LanguageError


@dataclass(frozen=True)
class Slot:
    """A typed number in a phrase. low, high: plausible range in `unit`; phenotype: whose estimate fills it."""

    name: str
    unit: str
    low: float
    high: float
    decimals: int
    phenotype: str | None

    def as_stated(self, value: float) -> float:
        """The number that a report states for `value`: rounded to `decimals`."""
        return float(f"{value:.{self.decimals}f}")

    def holds(self, value: float) -> bool:
        """Whether the number is plausible, and so may be stated and read."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Finding:
    """What a sentence says: the name of a finding and its value (``absent``, ``mild``, ``dilated`` ...)."""

    name: str
    value: str


class FindingReader(Protocol):
    """Reads text back into findings; a modality brings its own."""

    def __call__(self, section: str | None, text: str) -> tuple[Finding, ...]:
        """What a sentence says; empty where nothing is understood. section: None where it is not known."""


class Worded(Protocol):
    """A wording with and without its number."""

    @property
    def template(self) -> str:
        """With ``<slot>`` where it has one."""

    @property
    def numberless(self) -> str:
        """Without a number."""

    @property
    def slot(self) -> str | None:
        """Name of the placeholder, None without one."""


@dataclass(frozen=True)
class Phrase:
    """One wording. Several phrases may state the same findings."""

    phrase_id: str
    section: str
    group: str
    template: str
    numberless: str
    findings: tuple[Finding, ...]

    @property
    def slot(self) -> str | None:
        """Name of the placeholder in the template, None without one."""
        _, opened, rest = self.template.partition("<")
        return rest.partition(">")[0] if opened else None


@dataclass(frozen=True)
class Band:
    """A number x of `slot` with low ≤ x < high means that `finding` has `value`."""

    slot: str
    finding: str
    value: str
    low: float
    high: float


@dataclass(frozen=True)
class LabelRule:
    """How a phenotype is read from findings (positive and negative values) or from a slot's number."""

    phenotype: str
    finding: str | None = None
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    slot: str | None = None


@dataclass(frozen=True)
class Contradiction:
    """Two findings that cannot both be true of one patient."""

    name: str
    text: str
    first: tuple[str, tuple[str, ...]]
    second: tuple[str, tuple[str, ...]]

    @cached_property
    def sides(self) -> tuple[frozenset[Finding], frozenset[Finding]]:
        """The findings of either side; one of each breaks the rule."""
        first, second = (
            frozenset(Finding(name, value) for value in values) for name, values in (self.first, self.second)
        )
        return first, second

    def is_broken_by(self, stated: Set[Finding], said: Set[Finding]) -> bool:
        """Whether one text states one side and another text, or the same, says the other side."""
        first, second = self.sides
        return any(
            not one.isdisjoint(stated) and not other.isdisjoint(said)
            for one, other in ((first, second), (second, first))
        )


@dataclass(frozen=True)
class Language:
    """A complete report language. Raises LanguageError on a misfit between its tables or a digit in a phrase."""

    language: str
    slots: Mapping[str, Slot]
    phrases: tuple[Phrase, ...]
    bands: tuple[Band, ...]
    labels: tuple[LabelRule, ...]
    contradictions: tuple[Contradiction, ...]
    decimal_mark: str = "."

    def __post_init__(self) -> None:
        for table in (self.bands, self.labels):
            for rule in table:
                if rule.slot is not None and rule.slot not in self.slots:
                    raise LanguageError(f"{rule} names the unknown slot {rule.slot!r}")
        if len({phrase.phrase_id for phrase in self.phrases}) != len(self.phrases):
            raise LanguageError(f"language {self.language!r}: phrase ids are not distinct")
        for phrase in self.phrases:
            if phrase.slot is not None and phrase.slot not in self.slots:
                raise LanguageError(f"phrase {phrase.phrase_id!r} names the unknown slot <{phrase.slot}>")
            if any(character.isdecimal() for character in phrase.template + phrase.numberless):  # "m²" may stay
                raise LanguageError(f"phrase {phrase.phrase_id!r} holds a digit; numbers go through slots")
            if "<" in phrase.numberless or phrase.template.count("<") > 1:
                raise LanguageError(f"phrase {phrase.phrase_id!r}: one slot at most, and none in numberless")

    @cached_property
    def by_id(self) -> Mapping[str, Phrase]:
        """Phrases by their id."""
        return {phrase.phrase_id: phrase for phrase in self.phrases}

    @cached_property
    def phrases_stating(self) -> Mapping[tuple[str, Finding], tuple[Phrase, ...]]:
        """(section, finding) → its wordings, in file order."""
        stating: dict[tuple[str, Finding], list[Phrase]] = {}
        for phrase in self.phrases:
            for finding in phrase.findings:
                stating.setdefault((phrase.section, finding), []).append(phrase)
        return {key: tuple(phrases) for key, phrases in stating.items()}

    @cached_property
    def label_slots(self) -> Mapping[str, str]:
        """Finding → the slot that governs it, where that slot's number is itself a label."""
        labelled = {rule.slot for rule in self.labels}
        return {band.finding: band.slot for band in self.bands if band.slot in labelled}

    def finding_for(self, slot: str, value: float) -> Finding | None:
        """The finding that the slot's number asks for, None where no band ties the slot to words."""
        stated = self.slots[slot].as_stated(value)
        bands = (band for band in self.bands if band.slot == slot and band.low <= stated < band.high)
        return next((Finding(band.finding, band.value) for band in bands), None)

    def fill(self, phrase: Worded, value: float | None) -> str:
        """The phrase as a sentence. Without a plausible number it is the numberless wording."""
        if phrase.slot is None:
            return phrase.template
        if value is None or not self.slots[phrase.slot].holds(value):
            return phrase.numberless
        return phrase.template.replace(f"<{phrase.slot}>", self.number(phrase.slot, value))

    def number(self, slot: str, value: float) -> str:
        """The number as this language writes it, with the slot's decimals."""
        return f"{value:.{self.slots[slot].decimals}f}".replace(".", self.decimal_mark)

    def contradicted_by(self, findings: Iterable[Finding]) -> tuple[Contradiction, ...]:
        """The rules that these findings, all said of one heart, break."""
        said = frozenset(findings)
        return tuple(rule for rule in self.contradictions if rule.is_broken_by(said, said))

    def denying(self, calls: Mapping[str, bool]) -> frozenset[Finding]:
        """The findings that a report must not state beside these calls. calls: phenotype → whether it is called."""
        return frozenset(
            Finding(rule.finding, value)
            for rule in self.labels
            if rule.finding is not None and rule.phenotype in calls
            for value in (rule.negative if calls[rule.phenotype] else rule.positive)
        )

    def named(self, names: Set[str]) -> frozenset[Finding]:
        """Every finding of those names that the language can state."""
        stated = {finding for phrase in self.phrases for finding in phrase.findings}
        stated |= {Finding(band.finding, band.value) for band in self.bands}
        return frozenset(finding for finding in stated if finding.name in names)

    def decided(self, calls: Mapping[str, bool]) -> frozenset[str]:
        """Names of the findings to which calls leave one value only."""
        left = {
            rule.finding: rule.positive if calls[rule.phenotype] else rule.negative
            for rule in self.labels
            if rule.finding is not None and rule.phenotype in calls
        }
        return frozenset(name for name, values in left.items() if len(values) == 1)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The language that a parsed file states. Raises LanguageError when a field is missing or of another form."""
        try:
            return cls(
                language=fields["language"],
                slots={slot["name"]: Slot(**slot) for slot in fields["slots"]},
                phrases=tuple(_phrase(phrase) for phrase in fields["phrases"]),
                bands=tuple(Band(**band) for band in fields["bands"]),
                labels=tuple(_label_rule(rule) for rule in fields["labels"]),
                contradictions=tuple(_contradiction(rule) for rule in fields["contradictions"]),
                decimal_mark=fields.get("decimal_mark", "."),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LanguageError(f"phrase file: {error!r}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """The language in a phrase file. Raises LanguageError, naming the file."""
        try:
            return cls.from_fields(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise LanguageError(f"{path}: cannot be read as a phrase file ({error})") from error

    def write(self, path: Path) -> None:
        """Writes the language as a phrase file; `read` gives it back."""
        fields: dict[str, Any] = {"language": self.language, "decimal_mark": self.decimal_mark}
        fields["slots"] = [asdict(slot) for slot in self.slots.values()]
        fields["phrases"] = [
            {**asdict(phrase), "findings": [[finding.name, finding.value] for finding in phrase.findings]}
            for phrase in self.phrases
        ]
        for name in ("bands", "labels", "contradictions"):
            fields[name] = [asdict(rule) for rule in getattr(self, name)]
        path.write_text(json.dumps(fields, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _phrase(fields: Mapping[str, Any]) -> Phrase:
    findings = tuple(Finding(name, value) for name, value in fields["findings"])
    return Phrase(**{**fields, "findings": findings})


def _label_rule(fields: Mapping[str, Any]) -> LabelRule:
    values = {key: tuple(fields.get(key, ())) for key in ("positive", "negative")}
    return LabelRule(**{**fields, **values})


def _contradiction(fields: Mapping[str, Any]) -> Contradiction:
    sides = {side: (fields[side][0], tuple(fields[side][1])) for side in ("first", "second")}
    return Contradiction(**{**fields, **sides})
