"""Numbers of clinical text: decimal point or comma, ranges, bounds, units glued or apart, and grades as numerals."""

import re
from typing import NamedTuple

_DIGITS = r"\d+(?:[.,]\d+)?"
_UNIT = (
    r"mm\s?hg|cm\s?/\s?s(?:ec)?|m\s?/\s?s(?:ec|ek)?|ml\s?/\s?m(?:²|2|\^2)|g\s?/\s?m(?:²|2)|cm(?:²|2|\^2)?\s?/\s?m(?:²|2)"
    r"|mm\s?/\s?m(?:²|2)|cm(?:²|2|\^2)|qcm|sq\.?\s?cm|ml|cc|mm|cm|msec|ms|bpm|%|prozent|percent|per\s?cent"
    r"|beats?|segmente?n?|segments?|minutes?|days?|weeks?|months?|years?|schlägen?|minuten?|tagen?|wochen?|monaten?|jahren?|kg|mg"
)
DATE = r"(?<![\d.,/])(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}|\d{1,2}/(?:19|20)\d{2})(?![\d/])"
# I° to III° and I to IV, 1+ to 4+, each also as a range. Roman letters count in capitals only (see `ordinal_of`).
_ROMAN = r"(?-i:IV|I{1,3})"
NUMERAL_GRADE = (
    rf"(?<![\w'/])(?:{_ROMAN}\s?°?\s?(?:-|–|/|to|bis)\s?{_ROMAN}\s?°?|{_ROMAN}\s?°?)(?![\w'])"
    r"|(?<![\w.,])[1-4]\s?°(?:\s?[-–]\s?[1-4]\s?°)?|(?<![\w.,])[1-4]\+?(?:\s?-\s?[1-4])?\+(?:\s?/\s?4\s?\+?)?(?!\s?\d)"
)
NUMBER = (
    rf"(?P<bound>(?:<=|>=|[<>≤≥]\s?=?)\s?)?(?<![\d.,])(?P<sign>(?<=[\s(:=])[-−](?=\d))?(?P<low>{_DIGITS})"
    rf"(?:\s?(?:{_UNIT})?\s?(?:-|–|—|\bto\b|\bbis\b)\s?(?P<high>{_DIGITS})(?!\d*\s?(?:\+|/\d)))?"
    rf"(?:\s?(?P<unit>{_UNIT})(?![^\W\d_]))?"
)
_CANONICAL = {
    "sec": "s", "sek": "s", "^2": "2", "²": "2", "sqcm": "cm2", "sq.cm": "cm2", "qcm": "cm2", "mmhg": "mmHg",
    "prozent": "%", "percent": "%", "msec": "ms", "cc": "ml",
}  # fmt: skip
_BETWEEN = re.compile(rf"\b(?:between|zwischen)\s+({_DIGITS}\s?%?)\s+(?:and|und)\s+(?=\d)", re.IGNORECASE)
_ROMAN_VALUE = {"I": 1, "II": 2, "III": 3, "IV": 4}
SCALE = {("cm", "mm"): 10.0, ("mm", "cm"): 0.1, ("m/s", "cm/s"): 100.0, ("cm/s", "m/s"): 0.01}


class Number(NamedTuple):
    """A stated number. high equals low unless a range is stated, and is below it in "from 55 to 40".

    bound: ``<`` or ``>`` where only a limit is stated.
    """

    low: float
    high: float
    unit: str | None
    bound: str | None

    def stated(self) -> float | tuple[float | None, float | None]:
        """The number as findings carry it: one, a range, or a range open at one end."""
        if self.bound is not None:
            return (None, self.low) if self.bound == "<" else (self.low, None)
        return self.low if self.low == self.high else (self.low, self.high)


class Ordinal(NamedTuple):
    """A grade written as a numeral. marked: with a degree sign or a plus, so that it is a grade wherever it stands."""

    low: int
    high: int
    marked: bool
    plus: bool


def with_ranges(text: str) -> str:
    """The text with "between 55 and 60" as "55-60"."""
    return _BETWEEN.sub(r"\1-", text) if "etween" in text or "wischen" in text else text


def number_of(match: re.Match[str]) -> Number | None:
    """The number that a match of NUMBER states; None for digits that belong to a word ("A2C")."""
    begin = match.start("low")
    before = match.string[begin - 1] if begin else " "
    after = match.string[match.end() : match.end() + 1]
    if before.isalpha() and match["unit"] is None:
        return None
    if match["unit"] is None and after.isalpha() and before != " ":
        return None
    low = _value(match["low"], match["sign"])
    high = low if match["high"] is None else _value(match["high"], match["sign"])
    bound = match["bound"]
    return Number(low, high, canonical_unit(match["unit"]), None if not bound else "<" if bound[0] in "<≤" else ">")


def canonical_unit(unit: str | None) -> str | None:
    """The unit in the one form that findings carry."""
    if unit is None:
        return None
    plain = "".join(unit.lower().split())
    for written, meant in _CANONICAL.items():
        plain = plain.replace(written, meant)
    return plain


def ordinal_of(written: str) -> Ordinal | None:
    """The grade that a numeral states; None where it is a letter of running text."""
    romans = re.findall(r"IV|I{1,3}|[1-4]", written)
    if not romans:
        return None
    if "/" in written and "+" in written:  # "3+/4+": the scale's end is no second grade
        romans = romans[:1]
    values = [_ROMAN_VALUE.get(roman) or int(roman) for roman in romans]
    marked = "°" in written or "+" in written or (len(values) > 1 and not written[0].isdigit())
    return Ordinal(min(values), max(values), marked, "+" in written)


def _value(digits: str, sign: str | None) -> float:
    value = float(digits.replace(",", "."))
    return -value if sign else value
