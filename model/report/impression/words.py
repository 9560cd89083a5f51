"""The words of an impression in one language: data, not code.

language, decimal_mark
grades      table → {value: word}
statements  finding → {grades: table, text: with {grade}} and / or {value: text}; {other_finding} stands for a word
qualifiers  finding → {value: word} for such a place; empty where the report does not state it
numbers     slot → the number in brackets, with {number}
names       finding → what a list calls it
values      value → what a comparison calls it
sentences   normal, all_normal, not_assessed, not_shown, unclear, nothing, uncalled, denied, further, earlier,
                change, unchanged
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from model.report.language.language import Finding, Slot

_PLACE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class ImpressionWords:
    """The words of a language, as the file states them."""

    language: str
    decimal_mark: str
    grades: Mapping[str, Mapping[str, str]]
    statements: Mapping[str, Mapping[str, str]]
    qualifiers: Mapping[str, Mapping[str, str]]
    numbers: Mapping[str, str]
    names: Mapping[str, str]
    values: Mapping[str, str]
    sentences: Mapping[str, str]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The words of a parsed file. Raises TypeError for a field that is missing or not known."""
        return cls(**{name: _texts(table) for name, table in fields.items()})

    def statement(self, finding: Finding, beside: Mapping[str, str], remark: str = "") -> str:
        """A finding as a list tells it. beside: name → value of what else is stated. remark: in brackets, or empty."""
        words = self.statements.get(finding.name, {})
        grade = self.grades.get(words.get("grades", ""), {}).get(finding.value)
        text = words.get(finding.value) or (words.get("text") if grade is not None else None)
        if text is None:
            text = f"{self.name(finding.name)}: {self.value(finding.value)}"
        places = {"grade": grade or "", **{name: self._qualifier(name, beside) for name in self.qualifiers}}
        filled = _PLACE.sub(lambda place: places.get(place[1], place[0]), text)
        return f"{' '.join(filled.split())}{remark and f' ({remark})'}"

    def number(self, slot: Slot, value: float, mark: str) -> str:
        """A number as a statement shows it, with its mark."""
        written = f"{value:.{slot.decimals}f}".replace(".", self.decimal_mark)
        text = self.numbers.get(slot.name, f"{{number}} {slot.unit}").format(number=written)
        return f"{text} {mark}".strip()

    def name(self, finding: str) -> str:
        """What a list calls a finding."""
        return self.names.get(finding, finding.replace("_", " "))

    def value(self, value: str) -> str:
        """What a comparison calls a value."""
        return self.values.get(value, value.replace("_", " "))

    def _qualifier(self, name: str, beside: Mapping[str, str]) -> str:
        return self.qualifiers[name].get(beside.get(name, ""), "")


def as_sentence(statement: str) -> str:
    """A statement with a capital and a full stop."""
    return f"{statement[:1].upper()}{statement[1:]}."


def _texts(table: Any) -> Any:
    """The table with every key and value a text; YAML reads some words as numbers or truth values."""
    if isinstance(table, Mapping):
        return {str(key): _texts(value) for key, value in table.items()}
    return str(table)
