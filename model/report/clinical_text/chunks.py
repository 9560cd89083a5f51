"""Tagged items → chunks: the pieces of a sentence between commas and joints, each with what it names.

A chunk that would state two things ("MR mild TR moderate") is divided, so that a chunk has one predicate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from model.report.clinical_text.numbers import Number, Ordinal
from model.report.clinical_text.tagging import Item

_MARK_JOINS = {",": "comma", ";": "clause", ".": "clause", "\n": "clause", ":": "colon", "(": "paren", ")": "after",
               "-": "dash", "/": "or", "&": "and"}  # fmt: skip
# Which joint counts where several stand together (", but").
_STRENGTH = ("comma", "dash", "after", "colon", "and", "or", "with", "cause", "paren", "stop", "clause")
# Triggers that speak of what stands before them.
_BACKWARD = frozenset({"negation_after", "hedge_after", "not_assessed", "ceased"})


@dataclass(slots=True)
class Head:
    """An aspect that a chunk speaks of. at: its place in the chunk. fixed: the term itself names the subject."""

    at: int
    subject: str | None
    aspect: str
    state: str | None
    fixed: bool


@dataclass(slots=True)
class Chunk:
    """What one piece names. Places count items of the chunk."""

    join: str
    subjects: list[tuple[int, str]] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    states: list[tuple[int, str]] = field(default_factory=list)
    grades: list[tuple[int, str, str]] = field(default_factory=list)
    ordinals: list[tuple[int, Ordinal]] = field(default_factory=list)
    numbers: list[tuple[int, Number]] = field(default_factory=list)
    cues: list[tuple[int, str]] = field(default_factory=list)
    method: str | None = None
    places: list[int] = field(default_factory=list)  # of words that lead to a place
    led: bool = False  # such a word stands just before it, and no joint
    words: int = 0
    size: int = 0
    heading: bool = False
    caused: bool = False  # it says why what stands before is so ("due to ...")
    leads_cause: bool = False  # such a chunk follows

    @property
    def bare(self) -> bool:
        """Whether it names something and adds nothing: an item of a list."""
        return not (self.states or self.grades or self.ordinals or self.numbers or self.cues or self.words > 1)

    @property
    def lone(self) -> bool:
        """Whether it names something and has no other word at all."""
        return self.bare and self.words == 0

    @property
    def empty(self) -> bool:
        """Whether it holds nothing that was understood."""
        return not (
            self.subjects or self.heads or self.states or self.grades or self.ordinals or self.numbers or self.cues
        )

    def first(self, *names: str) -> int | None:
        """Place of the first cue of these names."""
        for at, name in self.cues:
            if name in names:
                return at
        return None


def chunks_of(items: list[Item], is_lesion: Callable[[str], bool], is_quantity: Callable[[str], bool]) -> list[Chunk]:
    """The chunks of a text in order; the first of a sentence is joined by ``clause``."""
    found: list[Chunk] = []
    for join, heading, piece in _pieces(_inlined(items)):
        led = False
        for number, part in enumerate(_predicates(piece, is_lesion, is_quantity)):
            chunk = _chunk(part, join if number == 0 else "comma")
            chunk.led = led
            led = any(item.leads_place for item in _last_words(part))
            if found and chunk.caused:
                found[-1].leads_cause = True
            if not chunk.empty or (chunk.join == "clause" and chunk.words):
                found.append(chunk)
        if found and heading:
            found[-1].heading = True
    return found


def _last_words(part: list[Item]) -> Iterator[Item]:
    """The words that end a piece, from its end."""
    return takewhile(lambda item: item.kind == "word", reversed(part))


def _inlined(items: list[Item]) -> list[Item]:
    """Items without parentheses that hold no mention of their own: "moderate (3+) TR", "LVEF (biplane) 55%"."""
    found: list[Item] = []
    opened: int | None = None
    for item in items:
        if item.kind == "mark" and item.value == "(":
            opened = len(found)
        elif item.kind == "mark" and item.value == ")" and opened is not None:
            inside = found[opened + 1 :]
            if _is_reference(inside) or _repeats(inside, found[opened - 1] if opened else None):
                del found[opened:]
                opened = None
                continue
            if any(item.value == ";" for item in inside):  # "(EF; 18%)" goes on
                inside = [Item("mark", ",") if item.value == ";" else item for item in inside]
                found[opened + 1 :] = inside
            if not any(i.kind in ("mention", "cue") or i.value in (".", "\n") for i in inside):
                found[opened:] = inside
                opened = None
                continue
            opened = None
        found.append(item)
    return found


def _is_reference(inside: list[Item]) -> bool:
    """Whether a parenthesis states the normal range and nothing of the patient: "(normal < 14)"."""
    states = {item.mention.state for item in inside if item.mention is not None}
    return states == {"normal"} and any(item.kind == "number" for item in inside)


def _repeats(inside: list[Item], before: Item | None) -> bool:
    """Whether a parenthesis only abbreviates what stands before it: "mitral valve (MV)"."""
    return before is not None and before.mention is not None and [item.mention for item in inside] == [before.mention]


def _pieces(items: list[Item]) -> Iterator[tuple[str, bool, list[Item]]]:
    """(joint before it, whether a colon ends it, items) of each piece."""
    join, piece = "clause", list[Item]()
    for at, item in enumerate(items):
        found = _MARK_JOINS.get(item.value) if item.kind == "mark" else item.value if item.kind == "join" else None
        number_follows = at + 1 < len(items) and items[at + 1].kind == "number"
        if found in ("with", "cause") and number_follows:  # "mit 44 mm dilatiert"
            found = None
        if found is None:
            piece.append(item)
        elif piece:
            number = _last_number(piece) if found == "colon" else 0
            if number:  # "EF: 30-35% Valves: ..."
                yield join, False, piece[:number]
                join, piece = "clause", piece[number:]
            yield join, found == "colon", piece
            join, piece = found, []
        elif _STRENGTH.index(found) > _STRENGTH.index(join):
            join = found
    if piece:
        yield join, False, piece


def _last_number(piece: list[Item]) -> int:
    """The place behind the last number, where only a heading follows it; else 0."""
    at = max((at + 1 for at, item in enumerate(piece) if item.kind == "number"), default=0)
    return at if any(item.mention is not None for item in piece[at:]) else 0


def _predicates(
    piece: list[Item], is_lesion: Callable[[str], bool], is_quantity: Callable[[str], bool]
) -> Iterator[list[Item]]:
    """The piece, divided before each further predicate."""
    start, closed, last, named = 0, False, -1, ""
    for at, item in enumerate(piece):
        mention = item.mention
        if mention is not None and (mention.aspect or (mention.subject and last >= 0 and piece[last].kind == "number")):
            lesion = mention.aspect is not None and is_lesion(mention.aspect)
            if closed and not _same(piece[last], item) and (lesion or piece[last].kind == "number"):
                cut = _cut(piece, start, last, at)
                if cut > start:
                    yield piece[start:cut]
                    start, closed = cut, False
            if mention.aspect is not None:
                closed, last, named = closed or lesion or mention.state is not None, at, mention.aspect
        elif item.kind == "number" and last >= start and is_quantity(named):
            closed, last = True, at
        elif item.kind == "cue" and item.value == "negation" and at > start:
            told = any(other.mention is not None and other.mention.state is not None for other in piece[start:at])
            names = any(other.mention is not None for other in piece[at:])  # else it denies what stands before
            if names and (told or (last >= start and closed)):
                yield piece[start:at]
                start, closed = at, False
    yield piece[start:]


def _same(one: Item, other: Item) -> bool:
    """Whether both name one thing: the same aspect, and no two subjects ("bioprosthetic mitral valve replacement")."""
    a, b = one.mention, other.mention
    return a is not None and b is not None and a.aspect == b.aspect and None in (a.subject, b.subject)


def _cut(piece: list[Item], start: int, last: int, at: int) -> int:
    """Where a new predicate begins: after the last one, with the grade that follows it where it had none before."""
    graded_before = any(item.kind in ("grade", "ordinal") for item in piece[start:last])
    cut = _behind_noun(piece, start, last, at)
    if not graded_before and piece[last].kind != "number" and cut == last + 1:
        while cut < at and piece[cut].kind in ("grade", "ordinal", "word"):
            cut += 1
    while cut < at and (_looks_back(piece[cut]) or (piece[cut].kind == "word" and cut < at - 1)):
        cut += 1
    return cut


def _behind_noun(piece: list[Item], start: int, last: int, at: int) -> int:
    """The place behind a predicate, with the noun that it leads and its number ("a dilated root of 5 cm ...")."""
    place = last + 1
    if any(item.mention is not None and item.mention.subject is not None for item in piece[start:place]):
        return place
    noun = next((k for k in range(place, at) if piece[k].kind != "word"), at)
    if noun == at or piece[noun].mention is None or piece[last].kind == "number":
        return place
    place = noun + 1
    while place < at and piece[place].kind in ("word", "number"):
        place += 1
    return place


def _looks_back(item: Item) -> bool:
    """Whether it is a trigger that speaks of what stands before it."""
    return item.kind == "cue" and item.value in _BACKWARD


def _chunk(items: list[Item], join: str) -> Chunk:
    chunk = Chunk("with" if join == "cause" else join, size=len(items), caused=join == "cause")
    for at, item in enumerate(items):
        if item.mention is not None:
            _name(chunk, at, *item.mention)
        elif item.kind == "grade":
            chunk.grades.append((at, item.value, item.high or item.value))
        elif item.ordinal is not None:
            chunk.ordinals.append((at, item.ordinal))
        elif item.number is not None:
            chunk.numbers.append((at, item.number))
        elif item.kind == "cue":
            chunk.cues.append((at, item.value))
        elif item.kind == "method":
            chunk.method = item.value
        else:
            chunk.words += item.kind == "word"
            if item.leads_place:
                chunk.places.append(at)
    return chunk


def _name(chunk: Chunk, at: int, subject: str | None, aspect: str | None, state: str | None) -> None:
    """Adds what a term names: an aspect is a head, with its subject and state; without one each stands for itself."""
    if aspect is not None:
        chunk.heads.append(Head(at, subject, aspect, state, subject is not None))
        return
    if subject is not None:
        chunk.subjects.append((at, subject))
    if state is not None:
        chunk.states.append((at, state))
