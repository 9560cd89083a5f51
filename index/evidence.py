"""Context → evidence: what the nearest candidates state in a section, merged by meaning, with its support."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate

TOP = 12  # design section 7 (d)


@dataclass(frozen=True)
class MergedSentence:
    """One statement of a section's context in its most used wording, merged over candidates, numbers kept apart.

    support: share of the context candidates that state it, 0..1. candidate_ids: those candidates, nearest first.
    """

    phrase_id: int
    template: str
    numberless: str
    slot: str | None
    support: float
    candidate_ids: tuple[int, ...]


@dataclass
class _Uses:
    """Who states a meaning, nearest first, and how often in which wording."""

    candidate_ids: list[int] = field(default_factory=list)
    wordings: Counter[str] = field(default_factory=Counter)
    phrases: dict[str, PhraseRow] = field(default_factory=dict)

    def add(self, phrase: PhraseRow, candidate_id: int) -> None:
        self.wordings[phrase.template] += 1
        self.phrases.setdefault(phrase.template, phrase)
        if candidate_id not in self.candidate_ids[-1:]:  # candidates come one after the other
            self.candidate_ids.append(candidate_id)

    @property
    def most_used(self) -> PhraseRow:
        return self.phrases[self.wordings.most_common(1)[0][0]]  # of equals the nearest candidate's


def merge_sentences(
    candidates: Sequence[ContextCandidate], phrases: PhraseTable, top: int = TOP, *, only_language: bool = False
) -> tuple[MergedSentence, ...]:
    """The `top` statements by support, ties by the nearest candidate that makes them.

    Wordings of one meaning count together: split over three wordings, what most candidates say looked rare, and rare
    things pushed it off the list (LOG 2026-11-22). A phrase whose fixed wording holds digits is
    left out: the writer may copy any evidence, and it must never write a number that is not this study's. So is a
    phrase that is all placeholder: what fills it is one patient's own text. only_language: phrases that belong to a
    report language alone, for a bank whose reports' wording may be counted but not shown.
    """
    uses: dict[str, _Uses] = {}
    for candidate in candidates:
        for sentence in candidate.sentences:
            phrase = phrases[sentence.phrase_id]
            if phrase.may_be_copied and (phrase.key is not None or not only_language):
                uses.setdefault(phrase.meaning, _Uses()).add(phrase, candidate.candidate_id)
    ranked = sorted(uses.values(), key=lambda use: -len(use.candidate_ids))  # stable: first use comes first
    return tuple(_merged(use, len(candidates)) for use in ranked[:top])


def _merged(use: _Uses, candidates: int) -> MergedSentence:
    phrase, ids = use.most_used, tuple(use.candidate_ids)
    return MergedSentence(phrase.phrase_id, phrase.template, phrase.numberless, phrase.slot, len(ids) / candidates, ids)


def slot_values(candidates: Sequence[ContextCandidate], phrases: PhraseTable) -> dict[str, tuple[float, ...]]:
    """Slot → its numbers in all context candidates, nearest first, whatever wording they stand in.

    All candidates count, not only those whose wording is among the merged sentences: the vote on a number must not
    depend on how many ways there are to say it.
    """
    values: dict[str, list[float]] = {}
    for candidate in candidates:
        for sentence in candidate.sentences:
            slot = phrases[sentence.phrase_id].slot
            if slot is not None and isinstance(sentence.value, float):
                values.setdefault(slot, []).append(sentence.value)
    return {slot: tuple(numbers) for slot, numbers in values.items()}
