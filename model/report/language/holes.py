"""Sentences that only announce a number and do not give it ("The gradient was measured."): nobody should read one.

Nor a label whose number was taken out ("LVEF (biplane).").
"""

import re
from collections.abc import Callable

# What banks kept of a sentence that said nothing but its number; today nothing (service/site/reports/numberless.py).
_HOLE = re.compile(
    r"(?i)^(?:a measurement was made|"
    r".*\b(?:is|are|was|were)(?:\s+\w+)*\s+(?:measured|obtained|estimated|calculated|stated))\s*[.]?$"
)

_PARTS = re.compile(r"(?<=[.!?;])\s+")
_REMARK = re.compile(r"\([^()<]*\)")  # a bracket without a placeholder


def without_holes(text: str) -> str:
    """The text without sentences and clauses that are holes; empty where nothing else is left."""
    parts = _PARTS.split(text.strip())
    kept = [part for part in parts if not is_hole(part.rstrip(";"))]
    if len(kept) == len(parts):
        return text
    left = " ".join(kept).rstrip(" ;")
    return f"{left}." if left and left[-1] not in ".!?" else left


def is_hole(sentence: str) -> bool:
    """Whether a sentence says no more than that something was measured."""
    return _HOLE.match(sentence.strip()) is not None


def worded_without_number(template: str, numberless: str, says: Callable[[str], bool]) -> str:
    """The numberless wording of a template without holes and labels; empty where nothing else is left.

    A label is what stood right before the number ("LVEF (biplane)." of "LVEF <numerical>% (biplane)."), unless it
    states something by itself: says tells of a text whether any finding is read in it.
    """
    parts = _PARTS.split(numberless.strip())
    kept = [part for part in parts if says(part) or not (is_hole(part.rstrip(";")) or _is_label(part, template))]
    if len(kept) == len(parts):
        return numberless
    left = " ".join(kept).rstrip(" ;")
    return f"{left}." if left and left[-1] not in ".!?" else left


def _is_label(part: str, template: str) -> bool:
    words, whole = (" ".join(_REMARK.sub("", text).split()) for text in (part, template))
    words = words.strip(" .;:,=")
    return re.search(rf"{re.escape(words)}\s*[:=]?\s*<", whole) is not None
