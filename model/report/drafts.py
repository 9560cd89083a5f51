"""Decoded tokens cut into sentences, each with its certainty and the evidence it was copied from."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.report.generate import GeneratedRow
from model.report.prefix import EncodedEvidence
from model.report.tokenizer import ReportTokenizer
from model.report.writing import Source

# Copied share of a sentence (mean over its tokens of the part of the chosen token's probability that came from the
# evidence) from which it counts as retrieved, and up to which as generated; between them as both.
RETRIEVED_FROM = 0.7
GENERATED_TO = 0.3
# An evidence sentence is cited when at least this part of what was copied came from it.
CITED_FROM = 0.25


@dataclass(frozen=True)
class Draft:
    """A decoded sentence before its slot is filled. log_probability: mean over its tokens; tokens: how many."""

    section: str
    template: str
    log_probability: float
    source: Source
    candidate_ids: tuple[int, ...]
    tokens: int = 1


def split_sentences(
    row: GeneratedRow, section: str, evidence: Sequence[EncodedEvidence], tokenizer: ReportTokenizer
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


def _draft(
    row: GeneratedRow, span: slice, section: str, evidence: Sequence[EncodedEvidence], tokenizer: ReportTokenizer
) -> Draft:
    tokens, copied = row.tokens[span], row.copied[span]
    shares = [sum(parts) / len(tokens) for parts in zip(*copied, strict=True)][: len(evidence)]
    total = sum(shares)
    source: Source = "retrieved" if total >= RETRIEVED_FROM else "generated" if total <= GENERATED_TO else "both"
    cited = [item for item, share in zip(evidence, shares, strict=True) if share >= CITED_FROM * total]
    candidates = [] if source == "generated" else [i for item in cited for i in item.sentence.candidate_ids]
    log_probability = sum(row.log_probabilities[span]) / len(tokens)
    ids = tuple(dict.fromkeys(candidates))
    return Draft(section, tokenizer.decode(tokens), log_probability, source, ids, len(tokens))
