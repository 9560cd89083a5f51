"""Clinical text → tokens: words by their stem, numbers with unit and range, grades written as numerals, marks."""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple
from unicodedata import combining, normalize

from model.report.clinical_text.numbers import DATE, NUMBER, NUMERAL_GRADE, Number, Ordinal, number_of, ordinal_of

_FOLD = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "á": "a", "’": "'", "´": "'", "`": "'", "′": "'"}
)
_TOKEN = re.compile(
    rf"(?P<date>{DATE})|(?P<grade>{NUMERAL_GRADE})|(?P<number>{NUMBER})"
    r"|(?P<word>[^\W\d_]+(?:['’´`′](?:[^\W\d_]+)?)?)|(?P<mark>[;:,.()\[\]/?\n+&]|(?:(?<=\s)|^)[-–—•*](?=\s))",
    re.MULTILINE | re.IGNORECASE,
)
_MARKS = {"[": "(", "]": ")", "–": "-", "—": "-", "•": "-", "*": "-"}


class Token(NamedTuple):
    """kind: word, number, grade, date or mark. key: the word's folded stem, or the mark."""

    kind: str
    text: str
    key: str
    number: Number | None = None
    ordinal: Ordinal | None = None


def fold(word: str) -> str:
    """The word in lower case, without umlauts and with plain apostrophes."""
    return word.lower().translate(_FOLD)


def without_accents(word: str) -> str:
    """The word in lower case, each letter without its marks."""
    if word.isascii():
        return word.lower()
    return "".join(sign for sign in normalize("NFD", word.lower()) if not combining(sign))


def bare(word: str) -> str:
    """The word in lower case, without the English genitive."""
    lower = word.lower()
    return lower[:-2] if len(lower) > 3 and lower[-1] == "s" and lower[-2] in "'’´`′" else lower


def stemmer(endings: tuple[str, ...], shortest: int) -> Callable[[str], str]:
    """A function that takes endings off a word, one after the other, and leaves at least `shortest` letters."""

    def stem(word: str) -> str:
        shorter = True
        while shorter and not word.endswith(("ss", "us", "is")):
            shorter = False
            for ending in endings:
                if word.endswith(ending) and len(word) - len(ending) >= shortest:
                    word, shorter = word[: -len(ending)], True
                    break
        return word

    return stem


def word_token(stem: Callable[[str], str]) -> Callable[[str], Token]:
    """A function that makes the token of a written word and keeps it."""
    return cache(lambda written: Token("word", written, fold(stem(bare(written)))))


def tokenise(text: str, word: Callable[[str], Token]) -> list[Token]:
    """The tokens of a text in order. A hyphen between letters divides words and leaves no mark."""
    found = []
    for match in _TOKEN.finditer(text):
        kind, written = match.lastgroup, match[0]
        if kind == "word":
            found.append(word(written))
        elif kind == "mark":
            found.append(Token("mark", written, _MARKS.get(written, written)))
        elif kind == "date":
            found.append(Token("date", written, ""))
        elif kind == "grade":
            found.append(Token("grade", written, "", ordinal=ordinal_of(written)))
        elif kind is not None:
            number = number_of(match)
            if number is not None:
                found.append(Token("number", written, "", number))
    return found
