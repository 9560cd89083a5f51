"""Tokens → tagged items: the longest terms of the lexicon, numbers, grades, joints and marks in reading order."""

from itertools import takewhile
from typing import Any, NamedTuple

from model.report.clinical_text.lexicon import Entry, Lexicon, Mention
from model.report.clinical_text.numbers import Number, Ordinal, with_ranges
from model.report.clinical_text.tokens import Token, fold

ANY_WORD = "xxx"  # in a term: stands for any one word
_RANGE_MARKS = frozenset({"/", "-", "to", "bis"})
_TOWARDS = frozenset({"to", "auf", "zu"})  # what leads from a former grade to the present one
_SPANS = frozenset({"jahr", "jahre", "jahren", "monat", "monate", "monaten", "woche", "wochen", "tage", "tagen"})
_LENGTHS = frozenset({"mm", "cm"})
_YEARS = range(1950, 2100)  # "in 2015": no quantity of a heart is stated so
_YEAR_LEADS = frozenset({"in", "jahr"})
_GRADE_WORDS = frozenset({"grad", "grade", "stadium", "stage", "typ", "type"})


class Item(NamedTuple):
    """kind: mention, grade, ordinal, number, cue, join, method, mark, date or word (not in the lexicon)."""

    kind: str
    value: str
    mention: Mention | None = None
    number: Number | None = None
    ordinal: Ordinal | None = None
    high: str | None = None  # upper end of a range of grades
    leads_place: bool = False  # a word such as "of" or "around": what follows is where something is


def tag(text: str, lexicon: Lexicon) -> list[Item]:
    """The items of a text."""
    tokens = _known(lexicon.tokens(with_ranges(lexicon.expanded(text))), lexicon)
    capitals = text.isupper()
    items: list[Item] = []
    at = 0
    while at < len(tokens):
        entries, length = _longest(tokens, at, lexicon.trie, capitals)
        if (
            entries
            and entries[0].capitals
            and capitals
            and tokens[at].key in lexicon.function_stems
            and not _listed(items, tokens[at + 1 : at + 2])
        ):
            entries = []  # in a text of capitals "AS" is a small word, unless something leads it to a lesion
        if entries:
            items.append(_item(entries[0], lexicon))
            at += length
        else:
            items.append(_other(tokens[at], items, lexicon.place_words))
            at += 1
    return _joined_grades(_directed(items), lexicon)


def _directed(items: list[Item]) -> list[Item]:
    """Items where "excluded" denies what follows ("TEE excluded a clot"), or else what precedes ("clot excluded").

    A verb that stands in two parts is one with both of them only ("schloss einen Thrombus aus"). "Wide" behind its
    length is no grade ("8 mm breiter Erguss").
    """
    for at, item in enumerate(items):
        if (item.kind, item.value) == ("cue", "parted_exclusion"):
            clause = takewhile(lambda other: other.value not in (".", ";"), items[at + 1 :])
            parted = any((other.kind, other.value) == ("cue", "particle") for other in clause)
            items[at] = Item("cue", "negation") if parted else Item("word", "")
        elif (item.kind, item.value) == ("cue", "particle"):
            items[at] = Item("word", "", leads_place=True)
        elif (item.kind, item.value) == ("cue", "exclusion"):
            behind = takewhile(lambda other: other.kind not in ("mark", "join"), items[at + 1 :])
            before = takewhile(lambda other: other.kind not in ("mark", "join"), reversed(items[:at]))
            forward = any(map(_has_aspect, behind)) or not any(map(_has_aspect, before))
            items[at] = Item("cue", "negation" if forward else "negation_after")
        elif item.mention is not None and _says_length(item.mention, items[at - 1] if at else item):
            items[at] = Item("word", "")
    return items


def _says_length(mention: Mention, before: Item) -> bool:
    """Whether "large" only says what the length before it is of."""
    large = (mention.subject, mention.aspect, mention.state) == (None, None, "large")
    return large and before.number is not None and before.number.unit in _LENGTHS


def _has_aspect(item: Item) -> bool:
    return item.mention is not None and item.mention.aspect is not None


def _listed(before: list[Item], after: list[Token]) -> bool:
    """Whether a word in capitals stands as a lesion: it is led by a grade, a trigger or a list, or stands alone."""
    if not before:
        return not after or after[0].kind != "word"
    return before[-1].kind in ("grade", "ordinal", "cue", "join") or before[-1].value in (",", "/")


def _known(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Tokens with words replaced by the known stems that they stand for, without the full stops of abbreviations."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if token.key == "." and at + 1 < len(tokens) and found and found[-1].kind == "word":
            written = fold(tokens[at - 1].text)
            if (len(written) == 1 and tokens[at - 1].kind == "word") or written in lexicon.abbreviations:
                continue
        if token.kind == "word":
            stems = lexicon.resolve(token.key, misspelt=not _is_name(token.text))
            if not stems or stems == (token.key,):
                found.append(token)
            else:
                found.extend(token._replace(key=stem) for stem in stems)
        else:
            found.append(token)
    return found


def _is_name(written: str) -> bool:
    """Whether a word has capitals inside, as an abbreviation or a brand has: "BioTVR" is no misspelt "BioAVR"."""
    return written[1:] != written[1:].lower() and not written.isupper()


def _longest(
    tokens: list[Token], at: int, trie: dict[Any, Any], capitals: bool, begin: int | None = None
) -> tuple[list[Entry], int]:
    """The entries of the longest term at a place, and its length. begin: where the term began, further back."""
    node, best, length = trie, list[Entry](), 0
    begin = at if begin is None else begin
    for position in range(at, len(tokens)):
        token = tokens[position]
        if ANY_WORD in node and token.kind == "word":
            further = _longest(tokens, position + 1, node[ANY_WORD], capitals, begin)
            if further[1] > length:
                best, length = further
        if token.key not in node:
            break
        node = node[token.key]
        if None in node:
            written = token.text
            fitting = [entry for entry in node[None] if not entry.capitals or capitals or written.isupper()]
            if fitting and position - begin + 1 > length:
                best, length = fitting, position - begin + 1
    return best, length


def _item(entry: Entry, lexicon: Lexicon) -> Item:
    if entry.kind == "mention":
        return Item("mention", entry.value, mention=lexicon.mentions[entry.value])
    low, _, high = entry.value.partition("-")
    return Item("grade", low, high=high) if entry.kind == "grade" and high else Item(entry.kind, entry.value)


def _other(token: Token, before: list[Item], place_words: frozenset[str]) -> Item:
    if token.kind == "grade":
        return Item("ordinal", token.text, ordinal=token.ordinal) if _is_grade(token, before) else Item("word", "")
    if token.kind == "number":
        number = token.number
        if before and before[-1].value in _GRADE_WORDS and number is not None and number.unit is None:
            low, high = int(number.low), int(number.high)
            if 0 < low <= high <= 4:
                return Item("ordinal", token.text, ordinal=Ordinal(low, high, True, False))
        if before and number is not None and _is_time(number, before[-1].value):
            return Item("cue", "past")
        return Item("number", token.text, number=number)
    if token.kind == "word" and fold(token.text) in place_words:
        return Item("word", token.key, leads_place=True)
    return Item("cue", "doubt") if token.key == "?" else Item(token.kind, token.key)


def _is_time(number: Number, led_by: str) -> bool:
    """Whether a number tells when something was: "vor 3 Jahren", "in 2015"."""
    if number.unit in _SPANS:
        return led_by == "vor"
    return number.unit is None and led_by in _YEAR_LEADS and number.low in _YEARS


def _is_grade(token: Token, before: list[Item]) -> bool:
    """A bare roman numeral is a grade after "grade" or after something named."""
    if token.ordinal is None:
        return False
    if token.ordinal.marked:
        return True
    return bool(before) and (before[-1].value in _GRADE_WORDS or before[-1].kind == "mention")


def _reached(items: list[Item], at: int) -> int:
    """The place of the grade that a change from the grade at a place leads to; else 0."""
    before, behind = items[max(at - 1, 0)], items[at + 1 : at + 3]
    told = any(item.kind == "cue" and item.value in ("change", "shift") for item in items)
    leads = before.kind == "cue" and before.value in ("from", "shift") and told
    fits = len(behind) == 2 and behind[0].value in _TOWARDS and behind[1].kind == "grade"
    return at + 2 if leads and fits else 0


def _joined_grades(items: list[Item], lexicon: Lexicon) -> list[Item]:
    """Items with "mild to moderate", "mild/moderate" and "mild moderate" as one grade of two ends.

    A change has one grade, the present one: "progressed from mild to moderate".
    """
    found: list[Item] = []
    at = 0
    while at < len(items):
        item = items[at]
        if item.kind == "grade" and (now := _reached(items, at)):
            found.append(items[now])
            at = now + 1
            continue
        if item.kind == "grade":
            follower = at + 1
            between = items[follower] if follower + 1 < len(items) else item
            if between.value in _RANGE_MARKS or (between.kind, between.value) == ("join", "or"):
                follower += 1
            if (
                item.high is None
                and follower < len(items)
                and items[follower].kind == "grade"
                and not items[follower].high
            ):
                ends = sorted((item.value, items[follower].value), key=lexicon.grade_rank.__getitem__)
                if ends[0] != ends[1]:
                    found.append(Item("grade", ends[0], high=ends[1]))
                    at = follower + 1
                    continue
        found.append(item)
        at += 1
    return found
