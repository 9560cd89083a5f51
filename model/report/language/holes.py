"""Sentences that only announce a number and do not give it ("The gradient was measured."): nobody should read one."""

import re

# What is left of a sentence whose number was taken out and that said nothing else (service/site/reports/numberless.py).
_HOLE = re.compile(
    r"(?i)^(?:a measurement was made|"
    r".*\b(?:is|are|was|were)(?:\s+\w+)*\s+(?:measured|obtained|estimated|calculated|stated))\s*[.]?$"
)


def is_hole(sentence: str) -> bool:
    """Whether a sentence says no more than that something was measured."""
    return _HOLE.match(sentence.strip()) is not None
