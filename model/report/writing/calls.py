"""A report may not deny the calls of its own answer: such wordings are barred; evidence counts the remaining ones."""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from model.report.language.language import Finding
from model.report.request import EvidenceSentence

StatedBy = Callable[[EvidenceSentence], Sequence[Finding]]


def allowed_evidence(
    evidence: Sequence[EvidenceSentence], stated_by: StatedBy, barred: Set[Finding]
) -> tuple[EvidenceSentence, ...]:
    """The sentences that state no barred finding, their support as if nobody had stated one.

    Example: "none" is barred, 3 of 10 reports say "moderate" and 1 says "severe". Their supports become 0.75 and 0.25,
    which is how often each is true if the call is. The order stays.
    """
    said = [{finding.name for finding in stated_by(sentence)} for sentence in evidence]
    kept = [barred.isdisjoint(stated_by(sentence)) for sentence in evidence]
    before, after = (
        {name: sum(s.support for s, names, use in rows if use and name in names) for name in set().union(*said)}
        for rows in (
            [(s, names, True) for s, names in zip(evidence, said, strict=True)],
            list(zip(evidence, said, kept, strict=True)),
        )
    )
    return tuple(
        replace(sentence, support=min(1.0, sentence.support * max((before[n] / after[n] for n in names), default=1.0)))
        for sentence, names, use in zip(evidence, said, kept, strict=True)
        if use
    )
