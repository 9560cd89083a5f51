"""Signs and boxes in place of words: "MR (-), TR (+)", "[ ] none [x] severe"; read as the words they stand for."""

import re

_DENIED = re.compile(r"([^,;:.()\n]*[^\W_][^,;:.()\n]*?)\s*\(\s*[-–−]\s*\)")
_PRESENT = re.compile(r"\s*\(\s*\++\s*\)")
_EMPTY, _TICKED = r"\[\s*\]|☐|□|⬜", r"\[\s*[xX✓✗]\s*\]|☒|☑|✓|✔|✅"
_LEFT_OUT = re.compile(rf"(?:{_EMPTY})[^\n;.]*?(?={_EMPTY}|{_TICKED}|[\n;.]|$)")
_TICK = re.compile(rf"\s*(?:{_TICKED})\s*")
_SEPARATE = re.compile(r"(\(\s*[-–−+]+\s*\))\s*,")  # each sign speaks for its own noun
_ANY = re.compile(rf"\(\s*[-–−+]+\s*\)|{_EMPTY}|{_TICKED}")


def in_words(text: str, none: str) -> str:
    """The text with its signs and boxes as words. none: the language's word of denial before a noun."""
    if not _ANY.search(text):
        return text
    text = _SEPARATE.sub(r"\1;", _TICK.sub(" ", _LEFT_OUT.sub(" ", text)))
    return _PRESENT.sub("", _DENIED.sub(lambda found: f"{_lead(found[1])}{none} {found[1].strip()}", text))


def _lead(words: str) -> str:
    """The white space before the words."""
    return words[: len(words) - len(words.lstrip())]
