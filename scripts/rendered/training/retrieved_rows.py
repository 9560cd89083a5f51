"""Decoder training rows from real retrieval: encoded studies against a bank, by the service's own path.

pool → retrieve → vote → request are the pipeline's own methods, so training and service cannot differ. Queries are
patients that encoder and bank never saw, and estimates are the vote, never the truth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from index.retrieval import ContextCandidate
from model.bundle import BundleManifest
from model.device import Placement
from model.embeddings import StudyEmbedding
from model.report.decoder.decoder_config import DecoderConfig
from model.report.language.language import Language
from model.report.request import WritingRequest
from scripts.rendered.phantom.patient.report import report_of
from scripts.rendered.seed_ranges import purpose_of
from scripts.rendered.training.encoded_studies import EncodedStudies
from scripts.rendered.training.phantom_reports import said_templates, wording_stream
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.site.bank_training.names_only import NamesOnly
from service.site.decoder_training.reserved import NOTHING, Reserved, shown
from service.site.decoder_training.rows import TrainingRow

_CPU = Placement(torch.device("cpu"), torch.float32, "retrieval for training")


def _names_only(manifest: BundleManifest, _folder: Path, _placement: Placement) -> NamesOnly:
    return NamesOnly(manifest.taxonomy(), manifest.embedding_dim)


def open_without_networks(paths: ArtifactPaths, decoder: DecoderConfig | None = None) -> ReportPipeline:
    """The pipeline of a bundle and a bank, compared as the service compares them, without any network.

    decoder: what the bundle will say of the decoder that is about to be trained.
    """
    pipeline = replace(load_pipeline(paths, _CPU, build=_names_only), writer=None)
    stated = None if decoder is None else decoder.model_dump(mode="json")
    return replace(pipeline, bundle=pipeline.bundle.model_copy(update={"decoder": stated}))


@dataclass(frozen=True, eq=False)
class RetrievedRows:
    """Makes rows of encoded studies. Rows of one study share their request, all rows their candidates."""

    pipeline: ReportPipeline
    language: Language
    reserved: Reserved = NOTHING
    _candidates: dict[tuple[str, int], ContextCandidate] = field(default_factory=dict, init=False)

    def rows(self, studies: EncodedStudies, chosen: Iterable[int]) -> list[TrainingRow]:
        """A row for every assessed section of the chosen studies, study by study.

        Left out: sections in which a reserved finding is true.
        Raises ValueError for studies of another encoder, or drawn from seeds that are not the decoder's.
        """
        self._check(studies)
        return [row for study in chosen for row in self._study_rows(studies, study)]

    def _check(self, studies: EncodedStudies) -> None:
        purpose = purpose_of(studies.seed)
        if purpose != "decoder":
            raise ValueError(f"queries of seed {studies.seed} are {purpose or 'of no purpose'}, not the decoder's own")
        encoder = self.pipeline.provenance["encoder_sha256"]
        if studies.encoder_sha256 != encoder:
            raise ValueError(f"queries were embedded by encoder {studies.encoder_sha256}, the bundle has {encoder}")

    def _study_rows(self, studies: EncodedStudies, number: int) -> list[TrainingRow]:
        request, context = self._request(studies.embedding(number))
        reports = self.reserved.for_reports(self.language)
        rng = wording_stream(studies.seed, int(studies.studies[number]))
        report = report_of(studies.state(number), reports, rng)
        return [
            TrainingRow(request, section, said_templates(report[section]), self._shared(section, candidates))
            for section, candidates in context.items()
            if report.get(section) and not self.reserved.states([sentence.phrase for sentence in report[section]])
        ]

    def _request(self, embedding: StudyEmbedding) -> tuple[WritingRequest, Mapping[str, tuple[ContextCandidate, ...]]]:
        """What the service would write from, its evidence apart as candidates, for training disturbs it."""
        sections = self.pipeline.pool(embedding)
        retrieval = self.pipeline.retrieve(sections, RunOptions(mode="generate"))
        votes = self.pipeline.vote(retrieval, embedding)
        request = self.pipeline.request(embedding, sections, retrieval, votes, "generate")
        return replace(request, slot_values={}), retrieval.context

    def _shared(self, section: str, candidates: Sequence[ContextCandidate]) -> tuple[ContextCandidate, ...]:
        """The candidates as training may show them, one object each: tens of thousands of rows have them in common.

        Their similarity is NaN, because it belongs to a query; evidence does not depend on it.
        """
        for candidate in candidates:
            key = (section, candidate.candidate_id)
            if key not in self._candidates:
                self._candidates[key] = replace(shown(candidate, self._hidden), similarity=np.nan)
        return tuple(self._candidates[section, candidate.candidate_id] for candidate in candidates)

    @cached_property
    def _hidden(self) -> frozenset[int]:
        return self.reserved.hidden(self.language, self.pipeline.retriever.bank.phrases)
