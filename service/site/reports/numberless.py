"""A phrase template without its numbers: what can still be said when the value is unknown or is another patient's.

Rules of English clinical prose, no model. Tried on each sentence that holds a placeholder, the first that fits wins:

1. a bracket around a number goes:           "is dilated (<numerical> cm)."            → "is dilated."
2. a qualifying clause at its end goes:      "is normal, with an EF of <numerical> %." → "is normal."
3. so does a later clause with a number:     "A tip is seen, <numerical> mm from it."  → "A tip is seen."
4. a statement of the number goes whole:     "The gradient is <numerical> mmHg."       → ""
5. a label in front of the number likewise:  "Aortic arch <numerical> cm."             → ""
6. else the number goes with its unit and the preposition before it:
   "There is hypokinesis of the <string>." → "There is hypokinesis."

A remark in brackets behind the number does not make 4 and 5 a sentence ("LVEF <numerical> % (biplane)."), and parts
that a semicolon joins are taken one by one ("LAVI <numerical> ml/m²; RA enlarged." → "RA enlarged.").

"The gradient was measured." would be a sentence with a hole: it tells a reader nothing and asks for the number. So
where only the number was said, nothing is left.
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
_STATED_WITHIN = re.compile(
    rf"\b(?:is|are|was|were|gave|gives|shows?|showed)\s+{_QUANTITY}", re.IGNORECASE
)  # no verb would be left
_LABEL = re.compile(rf"^(?P<subject>[^:]*[\w)])\s*[:=]?\s*{_QUANTITY}\s*[.]?$", re.IGNORECASE)
_WITH_PREPOSITION = re.compile(
    rf"\s*\b(?:is|of|at|in|by|to|from|on|about|approximately|up to|between|and)\s+(?:the\s+|an?\s+)?{_QUANTITY}",
    re.IGNORECASE,
)
_BARE = re.compile(rf"\s*{_QUANTITY}", re.IGNORECASE)
_REMARK = re.compile(r"\s*\([^()]*\)(?=\s*[.]?$)")
_EMPTY_BRACKET = re.compile(r"\s*\(\W*\)")
_LATER_CLAUSE = re.compile(rf"[,;]\s+[^,;]*{_QUANTITY}[^,;]*?(?=[,;]|\.?\s*$)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.])\s+")
_PART_END = re.compile(r";\s+(?![^()]*\))")
_ASKS_FOR_MORE = re.compile(
    r"(?:^|\s)(?:of|at|in|by|to|from|on|about|the|an?|is|are|was|were|between|and|or|up|with|than)[ .,;:]*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d]{4,}")  # what is left without one says nothing


def numberless(template: str) -> str:
    """The wording without any placeholder, empty where nothing is left to say; a template without one as it is."""
    if not PLACEHOLDER.search(template):
        return template
    sentences = _SENTENCE_END.split(template.strip())
    return " ".join(filter(None, map(_parts_without, sentences)))


def bare(template: str) -> str:
    """The wording with its numbers cut out and nothing more, for a reader who sees whether it says anything so."""
    return _tidy(_EMPTY_BRACKET.sub("", _remove(template)))


def _parts_without(sentence: str) -> str:
    """A sentence without placeholders; of parts that semicolons join those stay that say something."""
    if not PLACEHOLDER.search(sentence):
        return sentence
    parts = _PART_END.split(sentence)
    kept = [_tidy(_without(part)) if PLACEHOLDER.search(part) else part for part in parts]
    kept = [part for part in kept if not _ASKS_FOR_MORE.search(part)]  # "EF is; <numerical>": its number is gone
    return _tidy("; ".join(part.rstrip(".") for part in kept if part))


def _without(sentence: str) -> str:
    """One sentence after the first rule that leaves it without a placeholder."""
    for rule in (_BRACKET, _CLAUSE, _LATER_CLAUSE):
        shorter = rule.sub("", sentence)
        if shorter != sentence:
            sentence = shorter
            if not PLACEHOLDER.search(sentence):
                return sentence
    plain = _REMARK.sub("", sentence)
    if _STATEMENT.match(plain) or ((label := _LABEL.match(plain)) and not _ASKS_FOR_MORE.search(label["subject"])):
        return ""
    return "" if _STATED_WITHIN.search(plain) else _remove(sentence)


def _remove(sentence: str) -> str:
    return _BARE.sub("", _WITH_PREPOSITION.sub("", sentence))


def _tidy(sentence: str) -> str:
    """Spaces and the full stop put right; empty where no word is left, or one that asks for another."""
    sentence = PLACEHOLDER.sub("", sentence)  # two values in a row leave one behind
    sentence = re.sub(r"\s+([.,;:])", r"\1", re.sub(r"\s{2,}", " ", sentence)).strip(" ,;:-")
    sentence = re.sub(r"[,;:]+(?=[.,;:])", "", sentence)
    if not _WORD.search(sentence) or _ASKS_FOR_MORE.search(sentence):
        return ""
    return sentence if sentence.endswith(".") else f"{sentence}."
