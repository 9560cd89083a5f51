"""Evidence without some candidates. If a sentence is then written no more, it depends on these candidates."""

from collections.abc import Sequence, Set
from dataclasses import replace

from model.report.request import EvidenceSentence


def without_candidates(evidence: Sequence[EvidenceSentence], gone: Set[int]) -> tuple[EvidenceSentence, ...]:
    """A section's evidence without some of the candidates; the order stays.

    Statements that only they make are left out. Supports are shares of the remaining candidates.
    """
    if not gone or not evidence:
        return tuple(evidence)
    first = evidence[0]
    left = max(1, round(len(first.candidate_ids) / first.support) - len(gone)) if first.support else 1
    kept = ((sentence, tuple(i for i in sentence.candidate_ids if i not in gone)) for sentence in evidence)
    return tuple(
        replace(sentence, candidate_ids=ids, support=min(1.0, len(ids) / left)) for sentence, ids in kept if ids
    )
