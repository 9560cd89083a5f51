"""Context → evidence: what the nearest candidates state in a section, merged by meaning, with its support."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.phrase_table import PhraseRow, PhraseTable
from index.retrieval import ContextCandidate
from model.report.request import EvidenceSentence

TOP = 12  # design section 7 (d)


@dataclass
class _Uses:
    """Which candidates state a meaning, nearest first, and how often in which wording."""

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


def evidence_sentences(
    candidates: Sequence[ContextCandidate], phrases: PhraseTable, top: int = TOP, *, only_language: bool = False
) -> tuple[EvidenceSentence, ...]:
    """The `top` statements of one section's context by support, ties by the nearest candidate that makes them.

    Wordings of one meaning count together. Otherwise a statement that most candidates make in several wordings looks
    rare, and statements that are really rare take its place in the list (LOG L-036). A phrase whose fixed wording holds
    digits is left out: the writer may copy any evidence, and it must never write a number that is not this study's. A
    phrase that is nothing but a placeholder is left out too: what fills it is one patient's own text.
    only_language: take only phrases of a report language, for a bank whose texts may be counted but not shown.
    """
    uses: dict[str, _Uses] = {}
    for candidate in candidates:
        for sentence in candidate.sentences:
            phrase = phrases[sentence.phrase_id]
            if phrase.may_be_copied and (phrase.key is not None or not only_language):
                uses.setdefault(phrase.meaning, _Uses()).add(phrase, candidate.candidate_id)
    ranked = sorted(uses.values(), key=lambda use: -len(use.candidate_ids))  # stable: first use comes first
    return tuple(_merge(use, len(candidates)) for use in ranked[:top])


def _merge(use: _Uses, candidates: int) -> EvidenceSentence:
    phrase, ids = use.most_used, tuple(use.candidate_ids)
    return EvidenceSentence(phrase.template, phrase.numberless, phrase.slot, len(ids) / candidates, ids)


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
