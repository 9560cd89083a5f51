"""An encoded study as the value that `echoscribe embed` and `POST /embeddings` give."""

from collections.abc import Mapping

from service.answer.encoded_study import EncodedStudy
from service.documents.study_vectors import SkippedFile, StudyVectors

# What says where vectors came from; what searches and writes has no part in them.
_OF_VECTORS = (
    "bundle", "bundle_sha256", "bundle_trained", "bundle_domain", "licence_notice", "encoder_sha256", "device", "dtype",
    "echoscribe", "torch",
)  # fmt: skip


def vectors_of(study: EncodedStudy, provenance: Mapping[str, str | int | float | bool | None]) -> StudyVectors:
    """The vectors of a study with their names."""
    embedding, sections = study.embedding, study.sections
    known = {acquisition.name: acquisition.sha256 for acquisition in study.used}
    return StudyVectors(
        clip_embeddings=embedding.clip_embeddings.cpu().numpy(),
        view_probabilities=embedding.view_probabilities.cpu().numpy(),
        views=embedding.views,
        clips=embedding.positions,
        panels=tuple(panel for _, panel in embedding.names),
        sha256=tuple(known.get(name, "") for name in embedding.names),
        section_vectors=sections.vectors.cpu().numpy(),
        assessed=sections.assessed.cpu().numpy(),
        sections=sections.sections,
        skipped=tuple(SkippedFile(clip=s.position, panel=s.panel, reason=s.reason) for s in study.skipped),
        provenance={name: provenance.get(name) for name in _OF_VECTORS},
    )
