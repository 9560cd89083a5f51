"""What kind of word a word is: of the field, of the language, a name, or unknown."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Literal

from service.site.identity.known_words.lists import (
    abbreviations,
    english_words,
    eponyms,
    field_words,
    german_words,
    person_names,
)
from service.site.identity.known_words.morphology import is_medical, is_misspelt

# field_or_name, word_or_name: a word of the field, of the language, that is somebody's name as well
WordKind = Literal["field", "field_or_name", "general", "word_or_name", "name", "unknown"]

_NEAR = 3  # words on either side within which an eponym's companion stands


@cache
def kind_of(word: str, folded: frozenset[str], *, of_field: bool, titled: bool) -> WordKind:
    """The kind of a lower-case word. folded: how it would stand among names, accents left off or spelt out.

    of_field: it is known to be a word of the field. titled: it is written with one capital and small letters.
    """
    named = bool(folded & person_names())
    abbreviation = word in abbreviations()
    if (abbreviation and not (titled and named)) or (not abbreviation and (of_field or word in field_words())):
        return "field_or_name" if named and not abbreviation else "field"
    of_language = word in english_words() or word in german_words()
    if named:
        return "word_or_name" if of_language else "name"
    if is_medical(word):
        return "field"
    return "general" if of_language or is_misspelt(word) else "unknown"


def is_eponym(word: str, around: Collection[str]) -> bool:
    """Whether a lower-case word is an eponym or a make of the field here. around: the lower-case words nearby."""
    companions = eponyms().get(word)
    return companions is not None and (not companions or not companions.isdisjoint(around))


def nearby(words: Sequence[str], position: int) -> list[str]:
    """The words around one, without itself."""
    return [*words[max(0, position - _NEAR) : position], *words[position + 1 : position + 1 + _NEAR]]
