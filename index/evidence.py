"""Context → evidence: the phrases that the nearest candidates use in a section, merged, with their support."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate

TOP = 12  # design section 7 (d)


@dataclass(frozen=True)
class MergedSentence:
    """One phrase of a section's context, merged over candidates, numbers kept apart.

    support: share of the context candidates that use it, 0..1. candidate_ids: those candidates, nearest first.
    """

    phrase_id: int
    template: str
    numberless: str
    slot: str | None
    support: float
    candidate_ids: tuple[int, ...]


@dataclass
class _Uses:
    """Who uses a phrase, nearest first."""

    phrase: PhraseRow
    candidate_ids: list[int] = field(default_factory=list)

    def add(self, candidate_id: int) -> None:
        if candidate_id not in self.candidate_ids[-1:]:  # candidates come one after the other
            self.candidate_ids.append(candidate_id)


def merge_sentences(
    candidates: Sequence[ContextCandidate], phrases: PhraseTable, top: int = TOP, *, only_language: bool = False
) -> tuple[MergedSentence, ...]:
    """The `top` phrases by support, ties by the nearest candidate that uses them.

    A wording that a bank lists under several ids counts as one phrase. A phrase whose fixed wording holds digits is
    left out: the writer may copy any evidence, and it must never write a number that is not this study's. So is a
    phrase that is all placeholder: what fills it is one patient's own text. only_language: phrases that belong to a
    report language alone, for a bank whose reports' wording may be counted but not shown.
    """
    uses: dict[str, _Uses] = {}
    for candidate in candidates:
        for sentence in candidate.sentences:
            phrase = phrases[sentence.phrase_id]
            if phrase.may_be_copied and (phrase.key is not None or not only_language):
                uses.setdefault(phrase.template, _Uses(phrase)).add(candidate.candidate_id)
    ranked = sorted(uses.values(), key=lambda use: -len(use.candidate_ids))  # stable: first use comes first
    return tuple(
        MergedSentence(
            phrase_id=use.phrase.phrase_id,
            template=use.phrase.template,
            numberless=use.phrase.numberless,
            slot=use.phrase.slot,
            support=len(use.candidate_ids) / len(candidates),
            candidate_ids=tuple(use.candidate_ids),
        )
        for use in ranked[:top]
    )


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
