"""The words of one language: terms and what they stand for, as data of a folder `<language>/lexicon.yaml`.

    language             its tag; endings, shortest_stem: what is taken off a word before it is looked up
    compounds            true where words are written together and may be divided into known ones
    abbreviations        words whose full stop ends no sentence
    expansions           [written, meant] pairs that are put in before anything is read
    grades               grade → terms; the order of the file is the order of severity
    cues, joins, methods name → terms: negation, doubt, time ...; words that join clauses; ways of measuring
    mentions             "subject:aspect:state" → terms; each of the three parts may be empty
    ordinary             words that are never taken for a misspelt term
    function_words       frequent small words: the language is known by them
    eponyms              words of terms that may be a person's name as well

Terms are separated by "|". A term of one or two capitals is read in capitals only; "xxx" in it stands for any one word.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from model.errors import LanguageError
from model.report.clinical_text.tokens import Token, fold, stemmer, tokenise, word_token

_SHORT_CAPITALS = 2
_SHORTEST_CORRECTED, _LONG_WORD = 6, 9  # letters; below six another word is too often one letter away
_KEPT = 4  # first letters that two mistakes leave alone: "hyperkinetic" is no misspelt "hypokinetic"
_LINKS = ("", "s", "n", "en", "es", "er", "e", "ns", "ens")  # what German puts between the parts of a compound
_SHORTEST_COMPOUND, _SHORTEST_PART = 8, 3
_WORD = re.compile(r"[^\W\d_]+")
_HINT = 0.3  # more than one word of a short sentence
_KINDS = ("mentions", "grades", "cues", "joins", "methods")


class Entry(NamedTuple):
    """What a term stands for. kind: mention, grade, cue, join or method; value: its name."""

    kind: str
    value: str
    capitals: bool


class Mention(NamedTuple):
    """Something named: whose (subject), what of it (aspect) and how it is (state); each may be missing."""

    subject: str | None
    aspect: str | None
    state: str | None


@dataclass(frozen=True)
class Lexicon:
    """A language ready for look-up. Raises LanguageError for a mention that is not three parts."""

    language: str
    entries: Mapping[str, Mapping[str, tuple[str, ...]]]  # kind → name → terms
    endings: tuple[str, ...]
    shortest_stem: int
    compounds: bool
    abbreviations: frozenset[str]
    expansions: tuple[tuple[str, str], ...]
    ordinary: frozenset[str]
    function_words: frozenset[str]
    eponyms: frozenset[str]
    place_words: frozenset[str]
    none: str  # denies the noun behind it
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    _resolved: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)
    _resolved_names: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The lexicon of a file. Raises LanguageError when a table is missing."""
        data: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        try:
            return cls(
                language=data["language"],
                entries={kind: {k: _terms(v) for k, v in data[kind].items()} for kind in _KINDS},
                endings=tuple(data["endings"]),
                shortest_stem=data["shortest_stem"],
                compounds=data["compounds"],
                abbreviations=frozenset(data["abbreviations"].split()),
                expansions=tuple((written, meant) for written, meant in data["expansions"]),
                ordinary=frozenset(map(fold, data["ordinary"].split())),
                function_words=frozenset(map(fold, data["function_words"].split())),
                eponyms=frozenset(word.casefold() for word in data["eponyms"].split()),
                place_words=frozenset(map(fold, data["place_words"].split())),
                none=data["none"],
            )
        except KeyError as error:
            raise LanguageError(f"{path}: the table {error} is missing") from error

    def __post_init__(self) -> None:
        for name in self.entries["mentions"]:
            if name.count(":") != 2:
                raise LanguageError(f"lexicon {self.language!r}: mention {name!r} is not subject:aspect:state")

    @cached_property
    def mentions(self) -> Mapping[str, Mention]:
        """Name of a mention → its parts."""
        return {name: Mention(*(part or None for part in name.split(":"))) for name in self.entries["mentions"]}

    @cached_property
    def grade_rank(self) -> Mapping[str, int]:
        """Grade → its place in the order of severity."""
        return {name: rank for rank, name in enumerate(self.entries["grades"])}

    @cached_property
    def trie(self) -> dict[Any, Any]:
        """Stem → next stem … → None: the entries whose term ends there."""
        root: dict[Any, Any] = {}
        for kind in _KINDS:
            for name, terms in self.entries[kind].items():
                for term in terms:
                    node = root
                    tokens = self.tokens(term)
                    if not all(token.key for token in tokens):
                        raise LanguageError(f"lexicon {self.language!r}: the term {term!r} of {name!r} holds a number")
                    for token in tokens:
                        node = node.setdefault(token.key, {})
                    capitals = len(term) <= _SHORT_CAPITALS and term.isupper()
                    node.setdefault(None, []).append(Entry(kind[:-1], name, capitals))
        return root

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every stem of every term."""
        terms = (term for kind in _KINDS for names in self.entries[kind].values() for term in names)
        return frozenset(token.key for term in terms for token in self.tokens(term))

    @cached_property
    def function_stems(self) -> frozenset[str]:
        """The function words and the ordinary words by their stem."""
        return frozenset(token.key for word in (*self.function_words, *self.ordinary) for token in self.tokens(word))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of every term as it is written, in small letters, without those that may be a name."""
        terms = (term for names in self.entries.values() for written in names.values() for term in written)
        return frozenset(word for term in terms for word in _WORD.findall(term.casefold())) - self.eponyms

    @cached_property
    def _expanding(self) -> tuple[re.Pattern[str], Mapping[str, str]] | None:
        if not self.expansions:
            return None
        meant = {"".join(written.lower().split()): text for written, text in self.expansions}
        written = sorted((w for w, _ in self.expansions), key=len, reverse=True)
        spaced = "|".join(r"\s?".join(map(re.escape, w.split())) for w in written)
        return re.compile(rf"(?<![^\W\d_])(?:{spaced})(?![^\W\d_])", re.IGNORECASE), meant

    @cached_property
    def _correctable(self) -> list[str]:
        return sorted(word for word in self.vocabulary if len(word) >= _SHORTEST_CORRECTED - 1)

    def expanded(self, text: str) -> str:
        """The text with the expansions put in."""
        if self._expanding is None or not self._expands(text):
            return text
        pattern, meant = self._expanding
        return pattern.sub(lambda match: meant["".join(match[0].lower().split())], text)

    def hints(self, text: str) -> float:
        """A share that an abbreviation written this language's way ("Z. n.") adds to the share of known words."""
        return _HINT if self._expands(text) else 0.0

    @cached_property
    def _expands(self) -> Callable[[str], bool]:
        """Whether a text holds something to expand; the answers for the last texts are kept."""
        if self._expanding is None:
            return lambda _: False
        pattern = self._expanding[0]
        return lru_cache(maxsize=64)(lambda text: pattern.search(text) is not None)

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text in this language's stems."""
        return tokenise(text, self._word_token)

    @cached_property
    def _word_token(self) -> Callable[[str], Token]:
        return word_token(stemmer(self.endings, self.shortest_stem))

    def knows(self, word: str) -> bool:
        """Whether a written word is a term, part of one, or a frequent word of this language."""
        known = self._known.get(word)
        if known is None:
            keys = [token.key for token in self.tokens(word)]
            known = any(
                key in self.function_stems or key in self.vocabulary or (self.compounds and bool(self._divided(key)))
                for key in keys
            )
            self._known[word] = known
        return known

    def resolve(self, key: str, *, misspelt: bool = True) -> tuple[str, ...]:
        """The known stems that a word stands for: itself, the parts of a compound, a term it misspells; or none.

        misspelt: whether it may be a misspelt word.
        """
        known = self._resolved if misspelt else self._resolved_names
        found = known.get(key)
        if found is None:
            found = known[key] = next(self._resolutions(key, misspelt=misspelt), ())
        return found

    def _resolutions(self, key: str, *, misspelt: bool) -> Iterator[tuple[str, ...]]:
        if key in self.vocabulary:
            yield (key,)
            return
        if key in self.ordinary or key in self.function_words:
            return
        if self.compounds and len(key) >= _SHORTEST_COMPOUND and (parts := self._divided(key)):
            yield parts
        if misspelt and len(key) >= _SHORTEST_CORRECTED and (near := self._nearest(key)):
            yield (near,)

    def _divided(self, word: str) -> tuple[str, ...]:
        for end in range(len(word), _SHORTEST_PART - 1, -1):
            if word[:end] not in self.vocabulary:
                continue
            rest = word[end:]
            if rest in _LINKS:
                return (word[:end],)
            for link in _LINKS:
                if rest.startswith(link) and len(rest) - len(link) >= _SHORTEST_PART:
                    parts = self._divided(rest[len(link) :])
                    if parts:
                        return (word[:end], *parts)
        return ()

    def _nearest(self, word: str) -> str | None:
        for most, kept in ((1, 1), (2, _KEPT)) if len(word) >= _LONG_WORD else ((1, 1),):
            near = [k for k in self._correctable if k[:kept] == word[:kept] and abs(len(k) - len(word)) <= most]
            found = extractOne(word, near, scorer=DamerauLevenshtein.distance, score_cutoff=most)
            if found is not None:
                return str(found[0])
        return None


def _terms(text: str) -> tuple[str, ...]:
    return tuple(term for part in text.split("|") if (term := " ".join(part.split())))
