"""Stage types → the answer's document. No decisions about medicine here, only what is said and what is null."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from index.retrieval import PhenotypeVote, Retrieval
from model.bundle import BundleManifest
from model.embeddings import ClipName
from model.familiarity.study_distance import StudyFamiliarity
from model.report.request import ReportWarning
from model.taxonomy import Phenotype
from model.visibility import Visibility
from service.answer.calibration import interval_of, probability_of
from service.answer.calling import CallingRules
from service.answer.encoded_study import EncodedStudy
from service.answer.header import header_of
from service.answer.measured_numbers import contours_out, disagreements, traced_out
from service.answer.notices import clip_warnings, draft_notice, list_positions, phenotypes_of_few_views
from service.answer.text.edited_report import ReportEditing
from service.answer.text.number_marks import bears_mark, marked_number
from service.answer.text.report_language import ReportLanguage
from service.answer.text.text_check import TextCheck
from service.answer.text.written import Written
from service.answer.unlike_study import STUDY_UNLIKE, is_unlike, unlike_impression, unlike_warnings
from service.documents.examination import MeasurementOut
from service.schemas import (
    ClipOut,
    ImpressionStatement,
    Mode,
    NeighbourOut,
    NotShown,
    PhenotypeOut,
    ReportDocument,
    SampleOut,
    SectionOut,
    SentenceOut,
    ViewWeight,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Everything that the document is made of.

    unfamiliarity: by clip position and panel, None without statistics. familiarity: of the study as a whole, None
    without a limit for it.
    """

    study_id: str
    created: datetime
    mode: Mode
    language: ReportLanguage
    bundle: BundleManifest
    has_decoder: bool
    text_check: TextCheck | None
    study: EncodedStudy
    unfamiliarity: Mapping[ClipName, float] | None
    familiarity: StudyFamiliarity | None
    visibility: Visibility | None
    retrieval: Retrieval
    votes: Mapping[str, PhenotypeVote]
    calling: CallingRules
    measurements: Sequence[MeasurementOut]
    written: Written
    samples: Sequence[SampleOut]
    editing: ReportEditing | None
    prior: Mapping[str, str] | None
    provenance: Mapping[str, str | int | float | bool | None]
    stage_seconds: Mapping[str, float]


def document(answer: Answer) -> ReportDocument:
    """The answer's document: 15 sections, every phenotype, every clip, warnings, provenance."""
    phenotypes = {phenotype.name: _phenotype(answer, phenotype) for phenotype in answer.bundle.taxonomy().phenotypes}
    synthetic = answer.bundle.domain == "synthetic"
    words = answer.language.words
    sections = [_section(answer, row, name) for row, name in enumerate(answer.study.sections.sections)]
    clips = _clips(answer)
    return ReportDocument(
        study_id=answer.study_id,
        status="unusable" if not answer.study.used else "demonstration" if synthetic else "complete",
        draft_notice=draft_notice(words, synthetic=synthetic, unlike=is_unlike(answer.familiarity)),
        mode=answer.mode,
        modality=answer.bundle.modality,
        lang=answer.language.lang,
        created=answer.created,
        header=header_of(clips, answer.study.facts, sections, answer.bundle.views, answer.familiarity),
        impression=_impression(answer, sections),
        sections=sections,
        measurements=list(answer.measurements),
        phenotypes=phenotypes,
        clips=clips,
        warnings=answer.language.word_warnings(_warnings(answer, phenotypes)),
        samples=list(answer.samples),
        traced=traced_out(answer.study.measured),
        contours=contours_out(answer.study.measured),
        provenance=dict(answer.provenance),
        stage_seconds={stage: round(seconds, 6) for stage, seconds in answer.stage_seconds.items()},
    )


def _impression(answer: Answer, sections: Sequence[SectionOut]) -> list[ImpressionStatement]:
    written, impressions = answer.written, None if answer.editing is None else answer.editing.impressions
    if impressions is None or written.said is None:
        return []
    if is_unlike(answer.familiarity):
        return unlike_impression(answer.language)
    return impressions.write(sections, written, answer.language, answer.prior)


def _section(answer: Answer, row: int, name: str) -> SectionOut:
    shown = bool(answer.study.sections.assessed[row])
    assessed = shown and not is_unlike(answer.familiarity)
    sentences = answer.written.sections.get(name, ()) if assessed else ()
    ids, similarities = answer.retrieval.neighbours.of(name)
    return SectionOut(
        name=name,
        title=answer.language.heading(name),
        assessed=assessed,
        reason=None if assessed else STUDY_UNLIKE if shown else _why_not_assessed(answer),
        shown_by=_shown_by(answer, name),
        not_shown=_not_shown(answer, name) if assessed else [],
        text=" ".join(_shown(sentence, answer.language.words.estimated) for sentence in sentences),
        sentences=list(sentences),
        views=_view_weights(answer, row) if shown else [],
        neighbours=[
            NeighbourOut(candidate_id=int(i), similarity=float(s)) for i, s in zip(ids, similarities, strict=True)
        ],
    )


def _shown(sentence: SentenceOut, mark: str) -> str:
    """The sentence as running text shows it: an estimated number must be seen to be one without the JSON."""
    return marked_number(sentence.text, mark) if bears_mark(sentence, mark) else sentence.text


def _why_not_assessed(answer: Answer) -> str:
    return "no_clip_of_an_informative_view" if answer.study.used else "no_clip_used"


def _shown_by(answer: Answer, section: str) -> list[str]:
    """The views that would show the section, where the bundle says; they are what an unassessed section lacks."""
    table, views = answer.visibility, answer.study.embedding.views or answer.bundle.views
    return [] if table is None else [view for view in views if view in table.sections[section]]


def _not_shown(answer: Answer, section: str) -> list[NotShown]:
    """Phenotypes of an assessed section that no clip shows, and what would."""
    table = answer.visibility
    if table is None:
        return []
    hidden = table.hidden_phenotypes(answer.study.embedding)
    phenotypes = [p.name for p in answer.bundle.taxonomy().phenotypes if p.section == section and p.name in hidden]
    views = answer.bundle.views
    return [
        NotShown(phenotype=name, shown_by=[view for view in views if view in table.phenotypes[name]])
        for name in phenotypes
    ]


def _view_weights(answer: Answer, row: int) -> list[ViewWeight]:
    """Shares of the section's weight, largest first; clips of no weight are left out."""
    weights = answer.study.sections.clip_weights[row].tolist()
    total = sum(weights)
    views = _views(answer)
    shares = [
        ViewWeight(clip=name[0], panel=name[1], view=views[name][0], weight=weight / total)
        for name, weight in zip(answer.study.embedding.names, weights, strict=True)
        if weight > 0
    ]
    return sorted(shares, key=lambda share: (-share.weight, share.clip, share.panel or 0))


def _views(answer: Answer) -> dict[ClipName, tuple[str | None, float]]:
    """Upload position and panel → most probable view and its probability; no view where the modality has none."""
    embedding = answer.study.embedding
    if not embedding.views:
        return dict.fromkeys(embedding.names, (None, math.nan))
    best = embedding.view_probabilities.argmax(dim=1).tolist() if embedding.positions else []
    return {
        name: (embedding.views[view], float(embedding.view_probabilities[row, view]))
        for row, (name, view) in enumerate(zip(embedding.names, best, strict=True))
    }


def _phenotype(answer: Answer, phenotype: Phenotype) -> PhenotypeOut:
    vote, calling = answer.votes[phenotype.name], answer.calling
    calibration = calling.curve(phenotype.name, vote)
    low, high = interval_of(vote, phenotype, calibration) or (None, None)
    table, embedding = answer.visibility, answer.study.embedding
    known = table is not None and vote.value is not None
    views = list(table.views_of(embedding, phenotype.name, phenotype.section)) if table and known else []
    wanted = table.views_wanted.get(phenotype.name) if table and known else None
    return PhenotypeOut(
        value=vote.value,
        unit=phenotype.unit,
        kind=phenotype.kind,
        p10=vote.p10,
        p90=vote.p90,
        labelled=vote.labelled,
        k=vote.neighbours,
        threshold=calling.threshold(phenotype),
        threshold_source=calling.source(phenotype),
        positive=calling.called(phenotype.name, vote) if phenotype.kind == "binary" else None,
        section=phenotype.section,
        reason=calling.reason(phenotype, vote),
        probability=probability_of(vote, calibration),
        interval_low=low,
        interval_high=high,
        views=views,
        views_wanted=wanted,
    )


def _clips(answer: Answer) -> list[ClipOut]:
    """Every file of the upload in upload order."""
    views = _views(answer)
    unfamiliarity, beyond, facts = answer.unfamiliarity, _beyond(answer), answer.study.facts
    used = [
        ClipOut(
            clip=clip.position,
            panel=clip.panel,
            sha256=clip.sha256,
            used=True,
            skipped=None,
            view=views[clip.position, clip.panel][0],
            view_probability=_finite(views[clip.position, clip.panel][1]),
            start_frame=clip.start_frame,
            frame_rate_hz=facts[clip.position].frame_rate_hz if clip.position in facts else None,
            frame_rate_source=facts[clip.position].frame_rate_source if clip.position in facts else None,
            unfamiliarity=None if unfamiliarity is None else _finite(unfamiliarity[clip.position, clip.panel]),
            out_of_distribution=None if unfamiliarity is None else (clip.position, clip.panel) in beyond,
        )
        for clip in answer.study.used
    ]
    skipped = [
        ClipOut(
            clip=clip.position,
            panel=clip.panel,
            sha256=clip.sha256,
            used=False,
            skipped=clip.reason.value,
            detail=clip.text,
            view=None,
            view_probability=None,
            start_frame=None,
        )
        for clip in answer.study.skipped
    ]
    return sorted(used + skipped, key=lambda clip: (clip.clip, clip.panel or 0))


def _beyond(answer: Answer) -> list[ClipName]:
    """The clips beyond the limit of familiarity; a distance that is no number is beyond it."""
    beyond = [name for name, share in (answer.unfamiliarity or {}).items() if not share <= 1]
    return sorted(beyond, key=lambda name: (name[0], name[1] or 0))


def _said(name: ClipName) -> str:
    """A clip as a warning names it."""
    return f"{name[0]}" if name[1] is None else f"{name[0]} (panel {name[1]})"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _warnings(answer: Answer, phenotypes: Mapping[str, PhenotypeOut]) -> list[ReportWarning]:
    """Everything the reader must know, most important first."""
    bundle, study = answer.bundle, answer.study
    named, beyond = {"bundle": bundle.name}, _beyond(answer)
    mark = answer.language.words.estimated
    estimated = any(bears_mark(one, mark) for sentences in answer.written.sections.values() for one in sentences)
    rules = [
        (not bundle.trained, ReportWarning("untrained_bundle", named)),
        (bundle.domain == "synthetic", ReportWarning("synthetic_domain")),
        (answer.calling.of_another_bank, ReportWarning("thresholds_of_another_bank", named)),
        (not study.used, ReportWarning("no_usable_clip")),
        (not answer.has_decoder, ReportWarning("no_decoder", named)),
        (estimated, ReportWarning("estimated_numbers")),
        (bool(few := phenotypes_of_few_views(phenotypes)), ReportWarning("few_views", {"phenotypes": ", ".join(few)})),
        (bool(study.truncated), ReportWarning("clip_not_read_to_its_end", {"clips": list_positions(study.truncated)})),
        (bool(beyond), ReportWarning("out_of_distribution", {"clips": ", ".join(map(_said, beyond))})),
    ]
    warnings = [*unlike_warnings(answer.familiarity), *(warning for applies, warning in rules if applies)]
    warnings += [*clip_warnings(study.facts), *disagreements(study.measured, phenotypes), *answer.written.warnings]
    if answer.text_check is not None:
        written, quoted = answer.written, answer.mode == "retrieval" and answer.written.said is None
        warnings += answer.text_check.warnings(written.plain, phenotypes, quoted=quoted, known=written.disagreeing)
    elif study.used:
        warnings.append(ReportWarning("text_not_checked"))
    return warnings
