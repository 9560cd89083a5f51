"""Evidence as if some candidates were not there: what a sentence does without them tells whether it rests on them."""

from collections.abc import Sequence, Set
from dataclasses import replace

from model.report.request import EvidenceSentence


def without_candidates(evidence: Sequence[EvidenceSentence], gone: Set[int]) -> tuple[EvidenceSentence, ...]:
    """A section's evidence without some of the candidates; what nobody else says is gone, the order stays.

    Supports are shares of the candidates that are left.
    """
    if not gone or not evidence:
        return tuple(evidence)
    first = evidence[0]
    left = max(1, round(len(first.candidate_ids) / first.support) - len(gone)) if first.support else 1
    kept = ((sentence, tuple(i for i in sentence.candidate_ids if i not in gone)) for sentence in evidence)
    return tuple(
        replace(sentence, candidate_ids=ids, support=min(1.0, len(ids) / left)) for sentence, ids in kept if ids
    )
