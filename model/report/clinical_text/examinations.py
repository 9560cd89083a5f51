"""What another examination showed is no finding of this one: "pericardial effusion on CT", "the ECG showed LVH".

An examination reaches over what follows it in its clause, up to the next one; the first of a clause also over what
stands before it between two marks, a later one over a denial that leads to it ("which was not seen on CT"). Of one
that cannot show everything (an ECG) only some aspects are its own.
"""

from collections.abc import Iterator, Sequence

from model.report.clinical_text.tagging import Item

OWN, OTHER, PARTIAL = "echo_exam", "other_exam", "ecg_exam"
_EXAMINATIONS = frozenset({OWN, OTHER, PARTIAL})
_ENDS = frozenset({".", ";", "\n"})
_TRIGGERS = frozenset({"negation", "negation_after", "hedge", "hedge_adverb", "hedge_after", "not_assessed", "ceased"})
_NOTHING = Item("word", "")


def of_this_examination(items: list[Item], partial: frozenset[str]) -> list[Item]:
    """The items without what another examination showed. partial: aspects an ECG shows too."""
    if not any(item.kind == "cue" and item.value in _EXAMINATIONS for item in items):
        return items
    kept = list(items)
    for begin, end in _clauses(items):
        places = [at for at in range(begin, end) if items[at].kind == "cue" and items[at].value in _EXAMINATIONS]
        for number, at in enumerate(places):
            kept[at] = _NOTHING
            after = places[number + 1] if number + 1 < len(places) else end
            before = _segment(items, begin, at) if number == 0 else _led(items, places[number - 1], at)
            kind = _together(items, places, number)
            if kind != OWN:
                _leave_out(kept, before, after, kind, partial)
    return kept


def _clauses(items: Sequence[Item]) -> Iterator[tuple[int, int]]:
    begin = 0
    for at, item in enumerate(items):
        if item.kind == "mark" and item.value in _ENDS:
            yield begin, at
            begin = at + 1
    yield begin, len(items)


def _segment(items: Sequence[Item], begin: int, at: int) -> int:
    """Where the words begin that stand before a place without a mark between."""
    while at > begin and items[at - 1].kind != "mark" and items[at - 1].value not in ("stop", "with"):
        at -= 1
    return at


def _led(items: Sequence[Item], begin: int, at: int) -> int:
    """Where the words begin that lead to a later examination: behind the last joint, where they name nothing."""
    first = at
    while first > begin + 1 and items[first - 1].kind not in ("mark", "join"):
        first -= 1
    return at if any(item.mention is not None for item in items[first:at]) else first


def _together(items: Sequence[Item], places: Sequence[int], number: int) -> str:
    """The kind of an examination; its own one wins where two are named in one breath ("echo and CT showed ...")."""
    near = {items[places[number]].value}
    for step in (-1, 1):
        other = number + step
        while 0 <= other < len(places) and not _tells(items, *sorted((places[other], places[other - step]))):
            near.add(items[places[other]].value)
            other += step
    return OWN if OWN in near else OTHER if OTHER in near else PARTIAL


def _tells(items: Sequence[Item], begin: int, end: int) -> bool:
    """Whether anything is said between two examinations."""
    return any(item.kind in ("mention", "grade", "number") for item in items[begin:end])


def _leave_out(kept: list[Item], begin: int, end: int, kind: str, partial: frozenset[str]) -> None:
    """Takes out in place what an examination of a kind showed in a stretch of items."""
    near = True  # what is said of the examination itself: "ECG normal"
    for at in range(begin, end):
        item = kept[at]
        near = near and item.kind != "mark"
        mention = item.mention
        if kind == OTHER:
            gone = item.kind in ("mention", "grade", "ordinal", "number") or item.value in _TRIGGERS
        elif mention is None or mention.aspect is None:
            gone = mention is not None and mention.state is not None and near
        else:
            gone = mention.aspect in partial
        if gone:
            kept[at] = _NOTHING
            if kind == PARTIAL and at > begin and kept[at - 1].value in _TRIGGERS:
                kept[at - 1] = _NOTHING
