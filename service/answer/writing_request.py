"""Retrieval and embeddings → what the report writer reads. The one place where index types become model types."""

from collections.abc import Mapping

from index.candidate_bank import CandidateBank
from index.retrieval import PhenotypeVote, Retrieval
from model.embeddings import SectionEmbeddings, StudyEmbedding
from model.report.editing.calls import Evidence
from model.report.request import EvidenceSentence, PhenotypeToken, WritingRequest
from service.answer.evidence import evidence_sentences, slot_values
from service.schemas import Mode

MAX_CLIP_VECTORS = 8  # design section 7 (b)


def request_of(
    embedding: StudyEmbedding,
    sections: SectionEmbeddings,
    votes: Mapping[str, PhenotypeVote],
    retrieval: Retrieval,
    bank: CandidateBank,
    mode: Mode,
) -> WritingRequest:
    """The study as the decoder reads it; mode `generate` gets no evidence, only the same vote for its slots."""
    order = sections.clip_weights.sum(dim=0).argsort(descending=True, stable=True)[:MAX_CLIP_VECTORS]
    return WritingRequest(
        sections=sections.sections,
        section_vectors=sections.vectors,
        assessed=sections.assessed,
        clip_vectors=embedding.clip_embeddings[order],
        phenotypes=tuple(phenotype_token(name, vote) for name, vote in votes.items()),
        evidence={} if mode == "generate" else evidence_of(retrieval, bank),
        slot_values={
            section: slot_values(candidates, bank.phrases) for section, candidates in retrieval.context.items()
        },
    )


def phenotype_token(name: str, vote: PhenotypeVote) -> PhenotypeToken:
    """The vote as the decoder reads it."""
    share = vote.labelled / vote.neighbours if vote.neighbours else 0.0
    return PhenotypeToken(name, vote.value, vote.p10, vote.p90, share, vote.labelled)


def evidence_of(retrieval: Retrieval, bank: CandidateBank) -> dict[str, tuple[EvidenceSentence, ...]]:
    """Section → its merged sentences, highest support first."""
    only_language = not bank.manifest.text_may_be_shown
    return {
        section: evidence_sentences(candidates, bank.phrases, only_language=only_language)
        for section, candidates in retrieval.context.items()
    }


def evidence_for(mode: Mode, retrieval: Retrieval, bank: CandidateBank) -> Evidence:
    """Section → everything that its context states, merged, highest support first; nothing for mode `generate`."""
    only_language, most = not bank.manifest.text_may_be_shown, len(bank.phrases)

    def evidence(section: str) -> tuple[EvidenceSentence, ...]:
        candidates = () if mode == "generate" else retrieval.context.get(section, ())
        return evidence_sentences(candidates, bank.phrases, most, only_language=only_language)

    return evidence
