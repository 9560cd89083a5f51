"""Where a number's mark stands: behind the number and its unit, inside the sentence."""

import re

# A number with what may follow it as its unit: a sign, or letters with a power or a quotient ("ml/m²", "mmHg").
_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?\d+(?:[.,]\d+)?(?:\s?%|\s?[°A-Za-zµ][A-Za-zµ]*[²³]?(?:/[A-Za-z]+[²³]?)?(?![\w]))?"
)


def marked_number(sentence: str, mark: str) -> str:
    """The sentence with a mark behind its number; in front of its full stop where it has none, or several."""
    numbers = list(_NUMBER.finditer(sentence))
    end = numbers[0].end() if len(numbers) == 1 else len(sentence.rstrip(" .!?"))
    return f"{sentence[:end]} {mark}{sentence[end:]}"
