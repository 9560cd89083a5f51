"""A report language: phrases with typed slots, what they mean, and what must not be said together. Data, not code.

The file is JSON, one object per language (`model/echo/phrases/en.json` is one; a bundle carries its own copy):

    slots           name, unit, low, high, decimals, phenotype (whose estimate fills it, or null)
    phrases         phrase_id, section, group, template, numberless, findings [[name, value], ...]
    bands           slot, finding, value, low, high: which wording a number asks for (low ≤ x < high)
    labels          phenotype with either `finding`, `positive` [...], `negative` [...] or `slot`
    contradictions  name, text, first and second: each [finding, [values]]; both true in one report is a contradiction

A template holds at most one placeholder ``<slot_name>`` and no digit; `numberless` says the same without a number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

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


@dataclass(frozen=True)
class Finding:
    """What a sentence says: the name of a finding and its value (``absent``, ``mild``, ``dilated`` ...)."""

    name: str
    value: str


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
    """Two findings that cannot both be said of one heart."""

    name: str
    text: str
    first: tuple[str, tuple[str, ...]]
    second: tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Language:
    """A complete report language. Raises LanguageError when a phrase names an unknown slot or holds a digit."""

    language: str
    slots: Mapping[str, Slot]
    phrases: tuple[Phrase, ...]
    bands: tuple[Band, ...]
    labels: tuple[LabelRule, ...]
    contradictions: tuple[Contradiction, ...]

    def __post_init__(self) -> None:
        if len({phrase.phrase_id for phrase in self.phrases}) != len(self.phrases):
            raise LanguageError(f"language {self.language!r}: phrase ids are not distinct")
        for phrase in self.phrases:
            if phrase.slot is not None and phrase.slot not in self.slots:
                raise LanguageError(f"phrase {phrase.phrase_id!r} names the unknown slot <{phrase.slot}>")
            if any(character.isdigit() for character in phrase.template + phrase.numberless):
                raise LanguageError(f"phrase {phrase.phrase_id!r} holds a digit; numbers go through slots")
            if "<" in phrase.numberless or phrase.template.count("<") > 1:
                raise LanguageError(f"phrase {phrase.phrase_id!r}: one slot at most, and none in numberless")

    @cached_property
    def by_id(self) -> Mapping[str, Phrase]:
        """Phrases by their id."""
        return {phrase.phrase_id: phrase for phrase in self.phrases}

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


def _phrase(fields: Mapping[str, Any]) -> Phrase:
    findings = tuple(Finding(name, value) for name, value in fields["findings"])
    return Phrase(**{**fields, "findings": findings})


def _label_rule(fields: Mapping[str, Any]) -> LabelRule:
    values = {key: tuple(fields.get(key, ())) for key in ("positive", "negative")}
    return LabelRule(**{**fields, **values})


def _contradiction(fields: Mapping[str, Any]) -> Contradiction:
    sides = {side: (fields[side][0], tuple(fields[side][1])) for side in ("first", "second")}
    return Contradiction(**{**fields, **sides})
