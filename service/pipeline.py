"""The whole path, once: clips → embeddings → sections → neighbours → phenotypes → report.

HTTP, the command line and every evaluation run this class and nothing beside it. It knows no modality, no file and no
web framework.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import torch

from index.errors import SearchError
from index.phenotype_vote import NOT_SHOWN_VOTE, vote
from index.retrieval import PhenotypeVote, Retrieval
from index.retriever import Retriever
from model.bundle import BundleManifest
from model.embeddings import SectionEmbeddings, StudyEmbedding
from model.familiarity.clip_distances import ClipDistances
from model.familiarity.study_distance import StudyFamiliarity
from model.measurement import Measures, StudyMeasurements
from model.modality import Modality
from model.pooling import MilTable, pool_sections
from model.report.decoder.sampling import Sampling
from model.report.language.language import Finding
from model.report.request import WritingRequest
from model.report.writing.report_writer import ReportWriter
from model.study import Acquisition, AcquisitionReader, SkippedClip
from model.visibility import Visibility
from service.answer import assembly
from service.answer.bank_projection import project_onto_bank
from service.answer.calling import MIN_LABELLED, CallingRules
from service.answer.encoded_study import EncodedStudy, PreparedStudy
from service.answer.measured_numbers import measured_first, slot_numbers
from service.answer.measurements import measurements_of
from service.answer.patient_history import with_history, without_own
from service.answer.samples import sample_of
from service.answer.text.edited_report import ReportEditing
from service.answer.text.report_language import ReportLanguage, ReportLanguages
from service.answer.text.retrieved_report import paste_sections
from service.answer.text.text_check import TextCheck
from service.answer.text.translated_report import translate
from service.answer.text.written import Written
from service.answer.unlike_study import NOTHING_WRITTEN, believed_votes, is_unlike, measured_alone
from service.answer.writing_request import evidence_for, request_of
from service.clip_preparation import CLIPS_AT_ONCE, prepare_study
from service.documents.examination import MeasurementOut
from service.option_check import check_options
from service.run_options import Progress, ProgressSink, RunOptions, silent
from service.schemas import Mode, ReportDocument
from service.stage_clock import StageClock
from service.threads import SparePools


@dataclass(frozen=True, kw_only=True)
class ReportPipeline:
    """Composes the stages; every part is passed in, built in `service.artifacts`.

    clip_threads: read and prepare the clips of studies, those of each study in a pool of its own.
    """

    modality: Modality
    bundle: BundleManifest
    mil: MilTable
    retriever: Retriever
    writer: ReportWriter | None
    text_check: TextCheck | None = None
    languages: ReportLanguages = field(default_factory=ReportLanguages)
    editing: ReportEditing | None = None
    familiar: ClipDistances | None = None
    visibility: Visibility | None = None
    min_labelled: int = MIN_LABELLED
    provenance: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    clip_threads: SparePools = field(default_factory=partial(SparePools, CLIPS_AT_ONCE, "clip"))

    @property
    def calling(self) -> CallingRules:
        """What decides about a vote beside the bank that is served now."""
        return CallingRules.of(self.bundle, self.retriever.bank.manifest, self.min_labelled)

    @property
    def reading_plan(self) -> Any:
        """What the modality's reader is given, so that it reads no more than the networks need."""
        return self.modality.reading_plan

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Report modes that bundle and bank allow, the default first."""
        modes: tuple[Mode, ...] = ("rag", "retrieval", "generate") if self.writer else ("retrieval",)
        shown = self.retriever.bank.manifest.text_may_be_shown
        return tuple(mode for mode in modes if shown or mode != "retrieval")

    def run(
        self,
        items: Iterable[Acquisition | SkippedClip | AcquisitionReader],
        options: RunOptions | None = None,
        progress: ProgressSink = silent,
    ) -> ReportDocument:
        """The report document of a study. Raises RequestError before any clip is read."""
        options = options or RunOptions()
        self.check(options)
        return self.answer(self.prepare(items, progress), options, progress)

    def answer(self, study: PreparedStudy, options: RunOptions, progress: ProgressSink = silent) -> ReportDocument:
        """The report document of a study whose clips are prepared. One at a time: it fills the device."""
        return self.report(self.encode(study, progress), options, progress)

    def check(self, options: RunOptions) -> None:
        """Raises ModeUnavailable, UnknownLanguage, InvalidField or InvalidNeighbours for what it cannot serve."""
        check_options(options, self.modes, self.languages, self.bundle.name, self.retriever.bank.manifest)

    def embed(
        self, items: Iterable[Acquisition | SkippedClip | AcquisitionReader], progress: ProgressSink = silent
    ) -> EncodedStudy:
        """Everything that does not depend on the request's mode; evaluation reuses it across modes."""
        return self.encode(self.prepare(items, progress), progress)

    def encode(self, study: PreparedStudy, progress: ProgressSink = silent) -> EncodedStudy:
        """The study after the networks."""
        clock, used = study.clock, study.used
        with clock.stage("encode"):
            embedding = self.modality.encode(used) if used else self._no_clips()
        progress(Progress("encode", len(used), len(used)))
        measured = StudyMeasurements()
        if isinstance(self.modality, Measures):
            with clock.stage("measure"):
                measured = self.modality.measure(used, embedding)
        with clock.stage("pool"):
            sections = self.pool(embedding)
        return EncodedStudy(used, study.skipped, study.truncated, embedding, sections, clock, study.facts, measured)

    def pool(self, embedding: StudyEmbedding) -> SectionEmbeddings:
        """One vector per section, as the bundle weighs the views."""
        bundle = self.bundle
        table = self.visibility
        shown = None if table is None else table.section_mask(embedding, bundle.sections)
        return pool_sections(
            embedding, self.mil, bundle.view_weighting, bundle.min_section_weight, bundle.section_subspaces, shown
        )

    def report(self, study: EncodedStudy, options: RunOptions, progress: ProgressSink = silent) -> ReportDocument:
        """The report document of an embedded study."""
        clock = StageClock()
        clock.seconds.update(study.clock.seconds)
        mode, bank, language = options.mode or self.modes[0], self.retriever.bank, self.languages.asked(options.lang)
        with clock.stage("retrieve"):
            retrieval = self.retrieve(study.sections, options)
        progress(Progress("retrieve", 1, 1))
        with clock.stage("vote"):
            familiarity = None if self.familiar is None else self.familiar.study(study.embedding)
            votes = believed_votes(self.vote(retrieval, study.embedding), familiarity)
        with clock.stage("write"):
            drafts = [NOTHING_WRITTEN]
            if not is_unlike(familiarity):  # the report itself is never drawn
                drafts = [self._draft(study, retrieval, votes, mode, how, language) for how in (None, *options.draws)]
        progress(Progress("write", 1, 1))
        document = assembly.document(
            assembly.Answer(
                study_id=options.study_id or str(uuid.uuid4()),
                created=datetime.now(UTC),
                mode=mode,
                language=language,
                bundle=self.bundle,
                has_decoder=self.writer is not None,
                text_check=self.text_check,
                study=study,
                unfamiliarity=self._unfamiliarity(study.embedding),
                familiarity=familiarity,
                visibility=self.visibility,
                retrieval=retrieval,
                votes=votes,
                calling=self.calling,
                measurements=self._measurements(study, retrieval, votes, drafts[0], familiarity),
                written=drafts[0],
                samples=[*map(sample_of, options.draws, drafts[1:])],  # of an unlike study there are none
                editing=self.editing,
                prior=None if self.editing is None else self.editing.prior(bank, options.patient_key),
                provenance={**self.provenance, "mode": mode, "neighbours": options.neighbours, "depth": options.depth},
                stage_seconds=clock.seconds,
            )
        )
        return with_history(document, bank, language, options.patient_key, include_prior=options.include_prior)

    def request(
        self,
        embedding: StudyEmbedding,
        sections: SectionEmbeddings,
        retrieval: Retrieval,
        votes: Mapping[str, PhenotypeVote],
        mode: Mode,
    ) -> WritingRequest:
        """The study as the bundle's decoder reads it; training reads the same."""
        bank, decoder = self.retriever.bank, self.bundle.decoder or {}
        if decoder.get("project_onto_bank", False):
            sections = project_onto_bank(sections, retrieval.neighbours, bank)
        request = request_of(embedding, sections, votes, retrieval, bank, mode)
        calls = self.calling.calls(votes) if decoder.get("reads_phenotypes", True) else {}
        return replace(request, calls=calls, hidden=self._hidden(embedding))

    def prepare(
        self, items: Iterable[Acquisition | SkippedClip | AcquisitionReader], progress: ProgressSink = silent
    ) -> PreparedStudy:
        """Clips as model input, several at a time."""
        return prepare_study(self.modality, items, self.clip_threads, progress)

    def _hidden(self, embedding: StudyEmbedding) -> frozenset[str]:
        """Names of findings that no clip of a study shows; none where a vector stands for a study without clips."""
        table = self.visibility
        return table.hidden_findings(embedding) if table is not None and embedding.positions else frozenset()

    def _unfamiliarity(self, embedding: StudyEmbedding) -> dict[tuple[int, int | None], float] | None:
        """(clip position, panel) → distance from known clips, 1 at the limit; None without statistics."""
        if self.familiar is None:
            return None
        return dict(zip(embedding.names, self.familiar.shares(embedding).tolist(), strict=True))

    def _no_clips(self) -> StudyEmbedding:
        views, dimension = self.modality.taxonomy.views, self.modality.embedding_dim
        return StudyEmbedding(torch.zeros(0, dimension), torch.zeros(0, len(views)), (), views)

    def retrieve(self, sections: SectionEmbeddings, options: RunOptions) -> Retrieval:
        """Neighbours and context of every assessed section. Raises SearchError for vectors that are not finite."""
        vectors = sections.vectors.cpu().numpy()
        if not torch.isfinite(sections.vectors).all():
            raise SearchError("section vectors are not finite: the networks returned NaN or infinity")
        retriever = without_own(self.retriever, options.patient_key, include_prior=options.include_prior)
        return retriever.retrieve(
            vectors,
            sections.sections,
            sections.assessed.cpu().numpy(),
            neighbours=options.neighbours,
            depth=min(max(options.depth, options.neighbours), self.retriever.bank.manifest.candidates),
        )

    def vote(self, retrieval: Retrieval, embedding: StudyEmbedding | None = None) -> dict[str, PhenotypeVote]:
        """What the neighbours say of every phenotype; nothing of those that no clip of the study shows.

        embedding: of the study's clips; None where a vector stands for a study that has none.
        """
        sections = {phenotype.name: phenotype.section for phenotype in self.modality.taxonomy.phenotypes}
        votes = vote(retrieval.neighbours, self.retriever.bank, sections)
        hidden = self.visibility.hidden_phenotypes(embedding) if self.visibility and embedding else frozenset()
        return {name: NOT_SHOWN_VOTE if name in hidden and found.neighbours else found for name, found in votes.items()}

    def _measurements(
        self,
        study: EncodedStudy,
        retrieval: Retrieval,
        votes: Mapping[str, PhenotypeVote],
        written: Written,
        familiarity: StudyFamiliarity | None,
    ) -> list[MeasurementOut]:
        """The numbers of the study, without those that speak against its calls or its report."""
        language, taxonomy = None if self.text_check is None else self.text_check.language, self.modality.taxonomy
        if is_unlike(familiarity):
            return measured_alone(study.measured, language, taxonomy)
        barred: frozenset[Finding] = frozenset()
        if language is not None:
            said = written.findings
            others = language.named({finding.name for finding in said}) - said
            hidden = language.named(self._hidden(study.embedding))
            barred = language.denying(self.calling.calls(votes)) | hidden | others
        phrases = self.retriever.bank.phrases
        return measured_first(measurements_of(taxonomy, votes, retrieval, phrases, language, barred), study.measured)

    def _draft(
        self,
        study: EncodedStudy,
        retrieval: Retrieval,
        votes: Mapping[str, PhenotypeVote],
        mode: Mode,
        how: Sampling | None,
        language: ReportLanguage,
    ) -> Written:
        """The report as it is told, in the language that was asked for."""
        written = self._write(study, retrieval, votes, mode, how)
        if self.editing is not None:
            evidence = evidence_for(mode, retrieval, self.retriever.bank)
            written = self.editing.edit(written, self.calling.calls(votes), evidence)
        return translate(written, language, self.languages.own.lang)

    def _write(
        self,
        study: EncodedStudy,
        retrieval: Retrieval,
        votes: Mapping[str, PhenotypeVote],
        mode: Mode,
        how: Sampling | None,
    ) -> Written:
        if mode == "retrieval" or self.writer is None:
            read = None if self.editing is None else self.editing.read
            return paste_sections(retrieval, self.retriever.bank, self._hidden(study.embedding), self.text_check, read)
        request = self.request(study.embedding, study.sections, retrieval, votes, mode)
        request = replace(request, measured=slot_numbers(study.measured))
        return Written.of(self.writer.sampling(how).write(request), study.measured)
