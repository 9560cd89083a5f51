"""Decoded tokens cut into sentences, each with its certainty and the evidence it was copied from."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from model.report.decoder.generate import GeneratedRow
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.language import Finding
from model.report.request import EvidenceSentence, Source

# Copied share of a sentence (mean over its tokens of the part of the chosen token's probability that came from the
# evidence) from which it counts as retrieved, and up to which as generated; between them as both.
RETRIEVED_FROM = 0.7
GENERATED_TO = 0.3
# An evidence sentence is cited when at least this part of what was copied came from it.
CITED_FROM = 0.25
# A sentence with a token less likely than this was forced on the decoder: its beginning was likely, and then nothing
# else that may be said begins like that.
FORCED = math.log(0.01)
# The same beside evidence, whose wordings need not be guessed. 0.01 to 0.5 were tried: LOG L-048.
LEAST_LIKELY = math.log(0.3)

MOST = 0.5  # share of candidates: more than half of them state it


@dataclass(frozen=True)
class Draft:
    """A decoded sentence before its slot is filled.

    log_probability: mean over its tokens. tokens: how many. least: log probability of the least likely of them.
    """

    section: str
    template: str
    log_probability: float
    source: Source
    candidate_ids: tuple[int, ...]
    tokens: int = 1
    least: float = 0.0

    def survives(self, others: Iterable["Draft"]) -> bool:
        """Whether it is among other drafts of its section, at least half as probable as here."""
        same = [other.log_probability for other in others if other.template == self.template]
        return bool(same) and (self.log_probability - max(same)) * self.tokens <= math.log(2)


def split_sentences(
    row: GeneratedRow, section: str, evidence: Sequence[EvidenceSentence], tokenizer: ReportTokenizer
) -> tuple[Draft, ...]:
    """The row's finished sentences. A stump without separator at the end is left out; empty sentences as well."""
    drafts = []
    start = 0
    for end, token in enumerate(row.tokens):
        if token == tokenizer.sep:
            if end > start:
                drafts.append(_draft(row, slice(start, end), section, evidence, tokenizer))
            start = end + 1
    return tuple(drafts)


def cite(draft: Draft, evidence: Sequence[EvidenceSentence], stated_by: Callable[[str], Iterable[Finding]]) -> Draft:
    """The draft with every candidate cited that says the same; in the decoder's own words it is then from both.

    Where nobody does, it keeps those that it was copied from. stated_by: template → what it states.
    """
    stated = frozenset(stated_by(draft.template))
    agreeing = [item for item in evidence if _agree(stated, frozenset(stated_by(item.template)))]
    ids = tuple(dict.fromkeys(number for sentence in agreeing for number in sentence.candidate_ids))
    if not ids:
        return draft
    return replace(draft, source="both" if draft.source == "generated" else draft.source, candidate_ids=ids)


def most_stated(
    section: str, evidence: Sequence[EvidenceSentence], stated_by: Callable[[str], Iterable[Finding]]
) -> Iterator[Draft]:
    """Sentences that most candidates state, and that state something known, as they stand in the evidence."""
    for sentence in evidence:
        if sentence.support > MOST and list(stated_by(sentence.template)):
            sure = math.log(sentence.support)
            yield Draft(section, sentence.template, sure, "retrieved", sentence.candidate_ids, least=sure)


def bearing_on(
    draft: Draft, evidence: Sequence[EvidenceSentence], stated_by: Callable[[str], Iterable[Finding]]
) -> tuple[int, ...]:
    """Candidates that say anything, whatever value they give it, of what a draft is about."""
    names = {finding.name for finding in stated_by(draft.template)}
    speaking = (item for item in evidence if names & {finding.name for finding in stated_by(item.template)})
    return tuple(dict.fromkeys(number for sentence in speaking for number in sentence.candidate_ids))


def _agree(one: frozenset[Finding], other: frozenset[Finding]) -> bool:
    """Whether two sentences share a finding and give none of their findings different values."""
    values = {finding.name: finding.value for finding in one}
    return not one.isdisjoint(other) and all(values.get(f.name, f.value) == f.value for f in other)


def _draft(
    row: GeneratedRow, span: slice, section: str, evidence: Sequence[EvidenceSentence], tokenizer: ReportTokenizer
) -> Draft:
    tokens, copied = row.tokens[span], row.copied[span]
    shares = [sum(parts) / len(tokens) for parts in zip(*copied, strict=True)][: len(evidence)]
    total = sum(shares)
    source: Source = "retrieved" if total >= RETRIEVED_FROM else "generated" if total <= GENERATED_TO else "both"
    copied_from = [item for item, share in zip(evidence, shares, strict=True) if share >= CITED_FROM * total]
    candidates = [] if source == "generated" else [i for item in copied_from for i in item.candidate_ids]
    log_probability = sum(row.log_probabilities[span]) / len(tokens)
    ids, least = tuple(dict.fromkeys(candidates)), min(row.log_probabilities[span])
    return Draft(section, tokenizer.decode(tokens), log_probability, source, ids, len(tokens), least)
