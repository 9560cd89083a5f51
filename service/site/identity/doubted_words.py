"""Words of a sentence that might be a name: by their kind, how they are written and where they stand."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.site.identity.known_words.beside_names import BEFORE_CAPITALS, BEFORE_DOER, BEFORE_TOLD, DEEDS, STATES
from service.site.identity.known_words.kinds import WordKind, is_eponym, nearby

_TOKEN = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)?")
_LONGEST_BESIDE_DIGITS = 4  # letters: "CHA2DS2", "RVd1"; a name of more may have a number behind it
_LONGEST_ABBREVIATION = 3  # "LV", "MAC"; longer capitals must be known words
# "J. S.", "R. Lastname"; not "I. Grades", "Z. n.", "i. v." or "o. B."
_NO_INITIALS = (
    r"(?!(?:I|V|X)\.\s(?:Grad|Ordnung)|[ZV]\.\s?[NnAa]\.|O\.\s?[BE]\.|I\.\s?V\.|[LR]\.\s?[VA]\.|P\.\s?A\.|A\.\s?V\.|"
    r"E\.\s?F\.)"
)
INITIALS = re.compile(
    rf"(?<![\w.]){_NO_INITIALS}(?:(?:[A-Z]\.\s?){{2,}}|[A-Z]\.\s+(?=[A-Z][a-z]))|^[A-Z]{{2,3}}/[a-z]{{3,}}\s"
)
# "LVIDd", "RVol", "IVSd": a measurement's abbreviation, which begins with its chamber, valve, wall or vessel
_MEASUREMENT = re.compile(
    r"[dimps]?(?:[PV](?:max|mean)|[LR][VA]|IV|IA|PW|AV|MV|TV|PV|AO|Ao|EF|FS|TR|MR|AR|PR|PA|SV|EO|EROA|Q[ps]|Vmax|AMVL|PMVL)"
    r"[A-Z]{0,3}[a-z]{0,4}"
)
_VOWEL = re.compile(r"[aeiouyäöü]|[^a-z]")
_FOREIGN = re.compile(r"[^²³a-zäöüßéèêëàâçôîïœæøåµ]")  # letters that words of English and German reports do not have
_SHOUTED_WORDS = 2  # words of four letters and more in capitals alone: then capitals say nothing


@dataclass(frozen=True)
class Word:
    """A word of a sentence. text: as written. sentence: all its words in lower case. place: which of them it is."""

    text: str
    kind: WordKind
    sentence: tuple[str, ...]
    place: int
    shouted: bool

    @property
    def lower(self) -> str:
        """In lower case, without a possessive."""
        return self.text.casefold().removesuffix("'s").removesuffix("’s")

    @property
    def previous(self) -> str:
        """The word before it in lower case, "" at the beginning."""
        return self.sentence[self.place - 1] if self.place else ""

    @property
    def following(self) -> str:
        """The word after it in lower case, "" at the end."""
        return self.sentence[self.place + 1] if self.place + 1 < len(self.sentence) else ""


def words_of(sentence: str, kind: Callable[[str], WordKind]) -> list[Word]:
    """The words of a sentence; kind: of a word as written."""
    found = [match[0] for match in _TOKEN.finditer(sentence) if not _is_beside_digits(sentence, match)]
    lower = tuple(word.casefold() for word in found)
    long = [word for word in found if len(word) > _LONGEST_ABBREVIATION]
    shouted = len(long) >= _SHOUTED_WORDS and all(word.isupper() for word in long)
    return [Word(word, kind(word), lower, place, shouted) for place, word in enumerate(found)]


def _is_beside_digits(sentence: str, match: re.Match[str]) -> bool:
    """Whether letters are part of an abbreviation with digits."""
    start, end = match.span()
    if end - start > _LONGEST_BESIDE_DIGITS:
        return False
    beside = sentence[start - 1 : start] + sentence[end : end + 1]
    return any(character.isdigit() or character == "_" for character in beside)


def doubts_of(words: Sequence[Word]) -> Iterator[tuple[str, str]]:
    """(word in lower case, kind of doubt) of every word that might be a name."""
    for word in words:
        doubt = _doubt(word)
        if doubt is not None and not is_eponym(word.lower, nearby(word.sentence, word.place)):
            yield word.lower, doubt


def _doubt(word: Word) -> str | None:
    if len(word.text) == 1 or word.kind == "field":
        return None
    if word.text.islower():
        return _doubt_of_lower_case(word)
    if word.kind == "field_or_name":
        return "name_or_word" if _acts(word) else None
    if word.text.isupper() and len(word.text) <= _LONGEST_ABBREVIATION:
        return "name_or_abbreviation" if word.kind in {"name", "word_or_name"} else None
    ordinary = word.kind == "general" and not _looks_named(word)
    return None if ordinary or _is_abbreviation(word) else "unknown_capitalised_word"


def _doubt_of_lower_case(word: Word) -> str | None:
    """Not everybody gives names a capital: a listed one is looked at, and what stands where a name does."""
    if word.kind in {"general", "field_or_name"}:
        return None
    after_by = word.previous in BEFORE_DOER and word.kind in {"word_or_name", "unknown"}
    after_patient = word.previous in BEFORE_TOLD and (
        word.kind == "unknown" or (word.kind == "word_or_name" and word.following in STATES)
    )
    foreign = word.kind == "unknown" and _FOREIGN.search(word.lower)
    return "name_in_lower_case" if word.kind == "name" or after_by or after_patient or foreign else None


def _is_abbreviation(word: Word) -> bool:
    """Whether a word is a measurement, or cannot be said and is none of the few names without a vowel: "Hg", "Mld"."""
    unspoken = word.kind == "unknown" and not _VOWEL.search(word.lower)
    return unspoken or _MEASUREMENT.fullmatch(word.text) is not None


def _looks_named(word: Word) -> bool:
    """Whether an ordinary word with a capital letter stands as a name does: "per Carter", "Carter's opinion"."""
    possessive = word.text.casefold() != word.lower
    return not word.shouted and (possessive or word.previous in BEFORE_CAPITALS or _acts(word))


def _acts(word: Word) -> bool:
    """Whether a word stands where who did something stands: "per Long", "Small agrees"."""
    return not word.shouted and (word.previous in BEFORE_DOER or word.following in DEEDS)
