"""Sentences that only announce a number and do not give it ("The gradient was measured."): nobody should read one."""

import re

# What banks kept of a sentence that said nothing but its number; today nothing (service/site/reports/numberless.py).
_HOLE = re.compile(
    r"(?i)^(?:a measurement was made|"
    r".*\b(?:is|are|was|were)(?:\s+\w+)*\s+(?:measured|obtained|estimated|calculated|stated))\s*[.]?$"
)


_PARTS = re.compile(r"(?<=[.!?;])\s+")


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
