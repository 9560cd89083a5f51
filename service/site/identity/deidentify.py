"""Free sentences without identity. Three answers: clean text, a sentence left out, or doubt.

A sentence that is a phrase of the report language never comes here: it is stored as the phrase's id and a plausible
number, which say nothing about anybody. What comes here is judged by form (`identity_patterns`), by the names and ids
that the CSV itself states, and by words: a capitalised word that is no word of reports might be a name, and the row
that holds it is put aside for a person to look at. Which words are no names is in `known_words`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from service.site.identity.doubted_words import INITIALS, doubts_of, words_of
from service.site.identity.identity_patterns import AFTER_DATES, AFTER_ROLES, HARD, SOFT
from service.site.identity.known_words.kinds import WordKind, kind_of

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_MARK = re.compile(r"\[(?:date|age)\]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"})
_TITLE_WORDS = "dr drs prof mr mrs ms md do rn phd rdcs von van der den de la le di da el al bin jr sr ii iii"
_TITLES = frozenset(_TITLE_WORDS.split())
_AFTER_MR = re.compile(r"\b(?:mr|ms|MR|MS)\.?\s+([^\W\d_]+)")  # "MR with prolapse" is a finding, "mr kowalski" is not
_OF_FIELD = frozenset({"field", "field_or_name"})
_OF_LANGUAGE = frozenset({"general", "word_or_name"})
_LEAST_IDENTIFIER = 3  # characters; shorter ones stand in every report by chance


@dataclass(frozen=True)
class Identity:
    """What a row itself says about who it is of. names: folded tokens; identifiers: values as written."""

    names: frozenset[str] = frozenset()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """text: what may be stored, None where nothing may. removed, doubts: kinds of what was found, never the words.

    words: the words that are doubted, lower case. They are for the person who looks at the rows put aside, and for
    nobody else: no bank, answer or log may hold them.
    """

    text: str | None
    removed: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deidentifier:
    """Judges sentences. names: folded names of all rows; words: folded words that are no names."""

    words: frozenset[str]
    names: frozenset[str] = field(default=frozenset())

    def judge(self, sentence: str, identity: Identity) -> Judgement:
        """The sentence without identity, None as text where it is left out, doubts where a person must look."""
        hard = [kind for kind, pattern in HARD.items() if pattern.search(sentence)]
        hard += self._stated(sentence, identity)
        if hard:
            return Judgement(None, tuple(hard))
        softened, removed = sentence, []
        for kind, pattern in SOFT.items():
            softened, found = pattern.subn(f"[{kind}]", softened)
            removed += [kind] * bool(found)
        left = _MARK.sub(" ", softened)
        hard = [kind for kind, pattern in AFTER_DATES.items() if pattern.search(left)]
        if hard:
            return Judgement(None, (*removed, *hard))
        doubted = dict(doubts_of(words_of(left, self._kind)))
        kinds = ["initials"] if INITIALS.search(left) else []
        kinds += [*doubted.values(), *self._ambiguous(sentence, identity)]
        return Judgement(softened, tuple(removed), tuple(dict.fromkeys(kinds)), tuple(doubted))

    def _stated(self, sentence: str, identity: Identity) -> list[str]:
        """Names and ids that the CSV states and the sentence holds, and whoever is named after a title or a role."""
        compact = _compact(sentence)
        long = (value for value in identity.identifiers if len(value) >= _LEAST_IDENTIFIER)
        found = ["identifier" for value in long if value in compact][:1]
        for match in _TOKEN.finditer(sentence):
            token = match[0]
            # "Small" inside a sentence is Mr Small, "small" is a finding
            inside = match.start() > 0 and not token.islower()
            own = folds(token) & identity.names and (inside or not self._known(token))
            other = folds(token) & self.names and not self._known(token)
            if own or other:
                found.append("name")
        found += ["name" for word in _AFTER_MR.findall(sentence) if self._kind(word) not in {"general", *_OF_FIELD}]
        found += ["name" for match in AFTER_ROLES.finditer(sentence) if self._names_somebody(match["after"])]
        return found[:1]

    def _names_somebody(self, word: str) -> bool:
        """Whether a word after "sonographer" or "Oberarzt" is who that is."""
        kind = self._kind(word)
        return kind in {"name", "unknown"} or (kind in _OF_LANGUAGE and not word.islower())

    @staticmethod
    def _ambiguous(sentence: str, identity: Identity) -> tuple[str, ...]:
        """A sentence that begins with a word which is the patient's name as well: "Young was told"."""
        first = _TOKEN.search(sentence)
        return ("name_or_word",) if first and not first[0].islower() and folds(first[0]) & identity.names else ()

    def _known(self, token: str) -> bool:
        """Whether a word is one of the field; a lower-case word of the language is none that names somebody."""
        kind = self._kind(token)
        return kind in _OF_FIELD or (kind in _OF_LANGUAGE and token.islower())

    def _kind(self, token: str) -> WordKind:
        word = token.casefold()
        bare = word.removesuffix("'s").removesuffix("’s")
        of_field = word in self.words or bare in self.words
        return kind_of(bare, folds(bare), of_field=of_field, titled=token.istitle())


@lru_cache(1 << 16)
def folds(name: str) -> frozenset[str]:
    """A name as it may be written: lower case, with accents left off or spelt out."""
    lower = name.casefold().removesuffix("'s").removesuffix("’s").replace("'", "").replace("’", "")
    plain = "".join(c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    return frozenset({lower, plain, name.lower().translate(_UMLAUTS)})


def identity_of(names: Iterable[str], identifiers: Iterable[str]) -> Identity:
    """The identity that some cells state; a name cell is taken apart into its words."""
    tokens = {token for cell in names for token in re.split(r"[\s^,;.()/\-]+", cell) if len(token) > 1}
    folded = {
        fold for token in tokens if token.casefold() not in _TITLES and not token.isdigit() for fold in folds(token)
    }
    compact = {_compact(value) for value in identifiers}
    return Identity(frozenset(folded), tuple(sorted(value for value in compact if any(map(str.isdigit, value)))))


@cache
def shipped_words() -> frozenset[str]:
    """Words of echo reports that are no names, written for this purpose from textbook vocabulary."""
    text = Path(__file__).with_name("vocabulary.txt").read_text(encoding="utf-8")
    return frozenset(text.casefold().split())


def _compact(text: str) -> str:
    return re.sub(r"[\s\-_/.]", "", text).casefold()
