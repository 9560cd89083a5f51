"""Which number bears a mark, and where it stands: behind the number and its unit, inside the sentence."""

import re

from service.schemas import SentenceOut

# A number with what may follow it as its unit: a sign, or letters with a power or a quotient ("ml/m²", "mmHg").
_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?\d+(?:[.,]\d+)?(?:\s?%|\s?[°A-Za-zµ][A-Za-zµ]*[²³]?(?:/[A-Za-z]+[²³]?)?(?![\w]))?"
)


def bears_mark(sentence: SentenceOut, mark: str) -> bool:
    """Whether a number is to be marked as estimated: it was not measured, and its sentence does not say so itself.

    A number of another person bears a mark of its own.
    """
    if sentence.estimated:
        return True
    other = sentence.measured is not None or "[" in sentence.text
    return not other and _NUMBER.search(sentence.text) is not None and mark.strip("[]") not in sentence.text.casefold()


def marked_number(sentence: str, mark: str) -> str:
    """The sentence with a mark behind its number; in front of its full stop where it has none, or several."""
    numbers = list(_NUMBER.finditer(sentence))
    end = numbers[0].end() if len(numbers) == 1 else len(sentence.rstrip(" .!?"))
    return f"{sentence[:end]} {mark}{sentence[end:]}"
