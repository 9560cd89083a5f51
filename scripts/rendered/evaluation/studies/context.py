"""What every part of the evaluation reads: pipeline, language, truths, and the embedded studies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from index.retrieval import PhenotypeVote, Retrieval
from index.usual_search import usual_neighbours
from model.report.language.language import Finding, Language
from model.report.language.phrase_reader import PhraseReader
from scripts.rendered.evaluation.studies.embedding_cache import CachedStudy, cache_folder, read_set
from scripts.rendered.evaluation.studies.replay import replayed
from scripts.rendered.evaluation.studies.study_sets import Protocol, StudySet
from scripts.rendered.evaluation.studies.truth import StudyTruth, scored_findings
from service.answer.encoded_study import EncodedStudy
from service.artifacts import ArtifactPaths
from service.pipeline import ReportPipeline
from service.run_options import RunOptions
from service.schemas import Mode, ReportDocument

NUMBERS = ("ejection_fraction", "pulmonary_artery_pressure_continuous")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Read-only; every part adds its findings to `Results`."""

    pipeline: ReportPipeline
    paths: ArtifactPaths
    language: Language
    protocol: Protocol
    cache: Path
    arms: Path | None = None

    @cached_property
    def sets(self) -> Mapping[str, StudySet]:
        """All sets by name."""
        return self.protocol.sets()

    @cached_property
    def reader(self) -> PhraseReader:
        """Reads the bundle's own language."""
        return PhraseReader(self.language)

    @cached_property
    def truths(self) -> tuple[StudyTruth, ...]:
        """Truth of the test set."""
        return self.truths_of(self.sets["test"])

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The abnormal findings that are scored."""
        return scored_findings(self.truths, self.protocol.min_positives)

    @cached_property
    def training_means(self) -> Mapping[str, float]:
        """Mean of the bank's labels: what a missing label or number counts as."""
        bank = self.pipeline.retriever.bank
        everyone = np.arange(bank.manifest.candidates)
        names = self.pipeline.bundle.taxonomy().phenotype_names
        found = {name: bank.labels(name, everyone) for name in names}
        return {name: float(np.nanmean(v)) if np.isfinite(v).any() else 0.0 for name, v in found.items()}

    @cached_property
    def studies(self) -> tuple[CachedStudy, ...]:
        """The test set's studies."""
        return self.cached("test")

    @cached_property
    def embedded(self) -> tuple[EncodedStudy, ...]:
        """The test set after the networks."""
        return tuple(replayed(self.pipeline, study) for study in self.studies)

    @cached_property
    def retrieved(self) -> tuple[tuple[Retrieval, Mapping[str, PhenotypeVote]], ...]:
        """Neighbours, context and votes of the test set."""
        return tuple(self.retrieve(study) for study in self.embedded)

    def cached(self, name: str) -> tuple[CachedStudy, ...]:
        """The studies of a set."""
        chosen = self.sets[name]
        return tuple(read_set(cache_folder(self.cache, self.pipeline, chosen), chosen.studies))

    def truths_of(self, chosen: StudySet) -> tuple[StudyTruth, ...]:
        """Truth of a set."""
        return tuple(StudyTruth.of(chosen.seed, study, chosen.prior, self.language) for study in range(chosen.studies))

    def retrieve(self, study: EncodedStudy) -> tuple[Retrieval, Mapping[str, PhenotypeVote]]:
        """Neighbours, context and votes of a study."""
        retrieval = self.pipeline.retrieve(study.sections, self.options())
        return retrieval, self.pipeline.vote(retrieval, study.embedding)

    def options(self, mode: Mode | None = None) -> RunOptions:
        """The default request; a small bank gives as many neighbours as it has."""
        candidates = self.pipeline.retriever.bank.manifest.candidates
        return RunOptions(mode=mode, neighbours=usual_neighbours(candidates), study_id="0")

    def documents(self, studies: Sequence[EncodedStudy], mode: Mode) -> list[ReportDocument]:
        """The pipeline's answers in a mode."""
        return [self.pipeline.report(study, self.options(mode)) for study in studies]
