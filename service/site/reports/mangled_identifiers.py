"""Identifiers that a spreadsheet has changed: the table is refused, because nobody can say whose row it is.

A spreadsheet that opens a CSV takes long digits for numbers and short ones for dates, and saves what it made of them:
"1234567890123456" becomes "1.23457E+15", one value for many patients; "0012345" becomes "12345", which is no key of the
archive; "1-5" becomes "5-Jan". Source: Microsoft, "Keeping leading zeros and large numbers" (15 significant digits are
kept) and Ziemann et al. 2016, Genome Biology 17:177.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_MONTH = r"(?:jan|feb|m[aä]r|mrz|apr|ma[iy]|jun|jul|aug|sep|sept|o[ck]t|nov|de[cz])\w*"
_SHAPES = {
    "turned into a rounded number such as 1.2E+15": re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d{1,3}", re.IGNORECASE),
    "turned into a date": re.compile(
        rf"\d{{1,2}}[-./ ]\d{{1,2}}[-./ ](?:19|20)\d\d|(?:19|20)\d\d[-./]\d{{1,2}}[-./]\d{{1,2}}(?:[ T]00:00(?::00)?)?"
        rf"|\d{{1,2}}[-. ]{{1,2}}{_MONTH}\.?(?:[- ]\d{{2,4}})?|{_MONTH}\.?[- ]\d{{2,4}}",
        re.IGNORECASE,
    ),
    "given a decimal point": re.compile(r"\d{4,}[.,]0+"),
    "replaced by a spreadsheet's error mark": re.compile(
        r"#(?:REF!|N/A|NV|VALUE!|WERT!|NAME\?|NUM!|ZAHL!|DIV/0!|NULL!|BEZUG!|#{2,})"
    ),
}
_KEPT_DIGITS = 15  # IEEE 754 binary64, which spreadsheets count in, keeps that many decimal digits
_LEAST_LONG = 3  # one id may well end in zeros; not every one
_LEAST_WIDTH = 6  # digits: shorter numbers count up from 1, and their length says nothing
_LEAST_LENGTHS = 3  # ids of two lengths are old and new ones; of three and more, zeros are missing
_SPARSE = 1000  # numbers further apart on average are no running count
_LINES_TOLD = 10


@dataclass(frozen=True)
class MangledIdentifiers:
    """What was found in one column. how: in words, never with a value. lines: where."""

    column: str
    how: str
    lines: tuple[int, ...]

    def __str__(self) -> str:
        shown = ", ".join(map(str, self.lines[:_LINES_TOLD]))
        more = f" and {len(self.lines) - _LINES_TOLD} more" if len(self.lines) > _LINES_TOLD else ""
        return f"column {self.column!r}: {len(self.lines)} identifiers were {self.how}, lines {shown}{more}"


@dataclass
class IdentifierColumns:
    """Collects the identifiers of a table. columns: which hold them; plain_numbers: those that lack no zeros."""

    columns: Sequence[str]
    plain_numbers: Sequence[str] = ()
    _shaped: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _digits: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def take(self, line: int, values: Mapping[str, str]) -> None:
        """Looks at one row."""
        for column in self.columns:
            value = values[column].strip()
            for how, shape in _SHAPES.items():
                if shape.fullmatch(value):
                    self._shaped.setdefault((column, how), []).append(line)
            if value.isascii() and value.isdigit():
                self._digits.setdefault(column, {}).setdefault(value, []).append(line)

    def mangled(self) -> list[MangledIdentifiers]:
        """Everything that was found, by column."""
        found = [MangledIdentifiers(column, how, tuple(lines)) for (column, how), lines in self._shaped.items()]
        for column, lines_of in self._digits.items():
            rounded = _without_last_digits(lines_of)
            if rounded:
                found.append(MangledIdentifiers(column, "rounded to 15 digits", _lines(rounded, lines_of)))
            short = [] if column in self.plain_numbers else _without_zeros(lines_of)
            if short:
                how = "probably stripped of leading zeros (where they had none, name the column in `plain_numbers`)"
                found.append(MangledIdentifiers(column, how, _lines(short, lines_of)))
        return sorted(found, key=lambda one: self.columns.index(one.column))


def _without_last_digits(values: Iterable[str]) -> list[str]:
    """Values of more digits than a spreadsheet keeps, where every one ends in zeros."""
    long = [value for value in values if len(value) > _KEPT_DIGITS]
    rounded = len(long) >= _LEAST_LONG and all(set(value[_KEPT_DIGITS:]) == {"0"} for value in long)
    return long if rounded else []


def _without_zeros(values: Iterable[str]) -> list[str]:
    """Values shorter than the longest, where others still have their leading zeros or lengths vary as without them."""
    known = list(values)
    width = max(map(len, known))
    short = [value for value in known if len(value) < width]
    if not short or width < _LEAST_WIDTH:
        return []
    padded = [value for value in known if value.startswith("0")]
    if padded:
        return [] if any(len(value) < width for value in padded) else short
    numbers = [int(value) for value in known]
    sparse = (max(numbers) - min(numbers)) / len(numbers) > _SPARSE
    return short if sparse and len(set(map(len, known))) >= _LEAST_LENGTHS else []


def _lines(values: Iterable[str], lines_of: Mapping[str, list[int]]) -> tuple[int, ...]:
    return tuple(sorted(line for value in values for line in lines_of[value]))
