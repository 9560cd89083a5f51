"""A phrase template without its numbers: what can still be said when the value is unknown or is another patient's.

Rules of English clinical prose, no model. Tried on each sentence that holds a placeholder, the first that fits wins:

1. a bracket around a number goes:           "is dilated (<numerical> cm)."            → "is dilated."
2. a qualifying clause at its end goes:      "is normal, with an EF of <numerical> %." → "is normal."
3. a statement of the number stays a fact:   "The gradient is <numerical> mmHg."       → "The gradient was measured."
4. a label in front of the number likewise:  "Aortic arch <numerical> cm."             → "Aortic arch was measured."
5. else the number goes with its unit and the preposition before it:
   "There is hypokinesis of the <string>." → "There is hypokinesis."
"""

import re

PLACEHOLDER = re.compile(r"<(?:numerical|string)>")

_UNIT = r"(?:mm\s?hg|cm/sec|cm/s|m/sec|m/s|cm2|cm²|mm2|mm²|ml/m2|ml/m²|ml|mm|cm|msec|ms|sec|s|bpm|degrees|%|m)(?![\w])"
_VALUE = rf"[-+±~<>≤≥]?\s*<(?:numerical|string)>(?:\s*\+\s*CVP)?\s*{_UNIT}?"
_VALUE = rf"(?:{_VALUE}|[-+]?\s*<(?:numerical|string)>(?:\s*\+\s*CVP)?(?:\s*%)?)"
_QUANTITY = rf"{_VALUE}(?:\s*(?:x|×|by|to|and|-|–)\s*{_VALUE})*(?:\s+at bpm)?"
_BRACKET = re.compile(rf"\s*\([^()]*(?:{_QUANTITY}|\d)[^()]*\)", re.IGNORECASE)  # also its reference range
_CLAUSE = re.compile(
    rf",?\s+(?:with|and|having)\s+(?:an?\s+|the\s+)?(?:[\w'`-]+\s+){{0,5}}?(?:of|between|is|at|about)\s+{_QUANTITY}(?=\s*(?:[.,;]|$))"
    rf"|,?\s+(?:measuring|reaching)(?:\s+(?:up to|at|about))?\s+{_QUANTITY}",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    rf"^(?P<subject>.*\S)\s+(?P<verb>is|are|was|were|measures?|measured)\b(?P<how>(?:\s+(?:found|visually|estimated|measured|calculated|about|"
    rf"approximately))*)(?:\s+(?:to be|at|as|up to))?\s*:?\s*{_QUANTITY}\s*[.]?$",
    re.IGNORECASE,
)
_LABEL = re.compile(rf"^(?P<subject>[^:]*[\w)])\s*[:=]?\s*{_QUANTITY}\s*[.]?$", re.IGNORECASE)
_WITH_PREPOSITION = re.compile(
    rf"\s*\b(?:is|of|at|in|by|to|from|on|about|approximately|up to|between|and)\s+(?:the\s+|an?\s+)?{_QUANTITY}",
    re.IGNORECASE,
)
_BARE = re.compile(rf"\s*{_QUANTITY}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.])\s+")
_WORD = re.compile(r"[^\W\d]{4,}")  # what is left without one says nothing


def numberless(template: str) -> str:
    """The wording without any placeholder; the template itself when it has none."""
    if not PLACEHOLDER.search(template):
        return template
    sentences = _SENTENCE_END.split(template.strip())
    return " ".join(_tidy(_without(part)) if PLACEHOLDER.search(part) else part for part in sentences)


def _without(sentence: str) -> str:
    """One sentence after the first rule that leaves it without a placeholder."""
    for rule in (_BRACKET, _CLAUSE):
        shorter = rule.sub("", sentence)
        if shorter != sentence:
            sentence = shorter
            if not PLACEHOLDER.search(sentence):
                return sentence
    if stated := _STATEMENT.match(sentence):
        plural = stated["verb"].lower() in ("are", "were", "measure")
        how = re.sub(r"\b(?:found|about|approximately)\b", "", stated["how"]).strip()
        return f"{stated['subject']} {'were' if plural else 'was'} {how or _obtained(stated['subject'])}."
    if label := _LABEL.match(sentence):
        subject = label["subject"]
        return f"{subject} was {_obtained(subject)}." if not _ends_in_preposition(subject) else _remove(sentence)
    return _remove(sentence)


def _obtained(subject: str) -> str:
    """``measured``, unless the subject says already how its number came about."""
    return "obtained" if re.search(r"\b(?:measured|estimated|calculated)\b", subject, re.IGNORECASE) else "measured"


def _ends_in_preposition(subject: str) -> bool:
    last = subject.rsplit(None, 1)[-1].lower()
    return last in {"of", "at", "in", "by", "to", "from", "on", "about", "the", "a", "an", "is", "between", "and", "up"}


def _remove(sentence: str) -> str:
    return _BARE.sub("", _WITH_PREPOSITION.sub("", sentence))


def _tidy(sentence: str) -> str:
    """Spaces and the full stop put right; a fallback for what is left of a bare number."""
    sentence = PLACEHOLDER.sub("", sentence)  # two values in a row leave one behind
    sentence = re.sub(r"\s+([.,;:])", r"\1", re.sub(r"\s{2,}", " ", sentence)).strip(" ,;:-")
    if not _WORD.search(sentence):
        return "A measurement was made."
    return sentence if sentence.endswith(".") else f"{sentence}."
