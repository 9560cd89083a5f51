"""The report writer: rows of one batch are decoded, numbered, checked against each other, repaired once."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

from model.device import Placement
from model.report.decoder.decoder import Decoder
from model.report.decoder.finding_head import seen_findings
from model.report.decoder.finding_values import Seen
from model.report.decoder.generate import GeneratedRow, generate
from model.report.decoder.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.decoder.sampling import Sampling
from model.report.decoder.sentence_guide import SentenceGuide, guide_of
from model.report.decoder.tokenizer import ReportTokenizer
from model.report.language.known_sentences import Wordings
from model.report.language.language import Finding, FindingReader, Language
from model.report.request import ReportWarning, WritingRequest
from model.report.writing.calls import allowed_evidence
from model.report.writing.contradictions import Conflict, find_conflicts
from model.report.writing.decoded_sentences import (
    FORCED,
    LEAST_LIKELY,
    Draft,
    bearing_on,
    cite,
    most_stated,
    split_sentences,
)
from model.report.writing.evidence_deletion import without_candidates
from model.report.writing.statements import Dropped, Statement, StudyStating


@dataclass(frozen=True)
class WrittenSection:
    """One section of one study as written: its statements, and what went wrong."""

    statements: tuple[Statement, ...]
    warnings: tuple[ReportWarning, ...]


@dataclass(frozen=True)
class WrittenReport:
    """The statements of every assessed section, and what went wrong while writing."""

    sections: Mapping[str, tuple[Statement, ...]]
    warnings: tuple[ReportWarning, ...] = ()


@dataclass(frozen=True, eq=False)
class _Study:
    """A study while it is written. seen: section → what the finding head tells of it."""

    number: int
    request: WritingRequest
    stating: StudyStating
    seen: Mapping[str, Mapping[Finding, Seen]]
    sections: dict[str, WrittenSection] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(statement for section in self.sections.values() for statement in section.statements)


@dataclass(frozen=True, eq=False)
class _Row:
    """A row to decode: its study, its prefix, what it may write, and how it would be without some candidates."""

    study: _Study
    prefix: RowPrefix
    guide: SentenceGuide
    without: Callable[[Set[int]], "_Row"]

    def stated_by(self, template: str) -> Sequence[Finding]:
        """What a template of the section states."""
        wording = self.study.stating.known(self.prefix.section).get(template)
        return () if wording is None else wording.findings


class ReportWriter:
    """Writes reports of assessed sections with a decoder; every part is passed in."""

    def __init__(
        self,
        *,
        decoder: Decoder,
        tokenizer: ReportTokenizer,
        language: Language,
        read: FindingReader,
        placement: Placement,
    ) -> None:
        self._decoder = decoder
        self._tokenizer = tokenizer
        self._language = language
        self._wordings = Wordings(language, read)
        self._placement = placement
        self._sampling: Sampling | None = None

    def sampling(self, sampling: Sampling | None) -> Self:
        """The same writer, which draws its words in place of taking the likeliest; None: which takes them."""
        other = copy(self)
        other._sampling = sampling
        return other

    def write(self, request: WritingRequest) -> WrittenReport:
        """The sentences of every assessed section that the decoder knows."""
        return self.write_many([request])[0]

    def write_many(self, requests: Sequence[WritingRequest]) -> list[WrittenReport]:
        """The reports of several studies, their rows decoded in one batch. The same as one by one."""
        studies = self._studies(requests)
        rows = [
            self._row(study, section, study.stating.barred)
            for study in studies
            for section in self._written(study.request)
        ]
        for row, section in zip(rows, self._decode(rows, requests), strict=True):
            row.study.sections[row.prefix.section] = section
        self._repair(studies, requests)
        return [self._report(study) for study in studies]

    def drafts(self, request: WritingRequest) -> dict[str, tuple[Draft, ...]]:
        """Section → its sentences as decoded, before numbers are filled in and contradictions repaired."""
        study = self._studies([request])[0]
        rows = [self._row(study, section, study.stating.barred) for section in self._written(request)]
        return {row.prefix.section: found for row, (_, found) in zip(rows, self._drafted(rows, [request]), strict=True)}

    def _studies(self, requests: Sequence[WritingRequest]) -> list[_Study]:
        seen = seen_findings(self._decoder, requests, self._placement)
        return [
            _Study(number, request, StudyStating(request, self._language, self._wordings), seen[number])
            for number, request in enumerate(requests)
        ]

    def _written(self, request: WritingRequest) -> Iterable[str]:
        """Names of the assessed sections that the decoder can write."""
        assessed = zip(request.sections, request.assessed.tolist(), strict=True)
        return [name for name, seen in assessed if seen and name in self._decoder.config.sections]

    def _decode(self, rows: Sequence[_Row], requests: Sequence[WritingRequest]) -> list[WrittenSection]:
        """The sections of some rows, decoded in one batch."""
        drafted = self._drafted(rows, requests)
        return [self._section(row, text, found) for row, (text, found) in zip(rows, drafted, strict=True)]

    def _drafted(
        self, rows: Sequence[_Row], requests: Sequence[WritingRequest]
    ) -> list[tuple[GeneratedRow, tuple[Draft, ...]]]:
        """Every row's text and its sentences, each with all that it rests on.

        A sentence counts as generated only if it is written without the section's cited candidates as well: what the
        decoder did not copy may still have been moved by what it read (LOG L-044). Few sections have one, and
        those are decoded again.
        """
        texts = self._generate(rows, requests)
        drafts = [self._drafts(row, text) for row, text in zip(rows, texts, strict=True)]
        doubted = [number for number, row in enumerate(rows) if row.prefix.evidence and _has_own_words(drafts[number])]
        alone = [
            rows[number].without({i for draft in drafts[number] for i in draft.candidate_ids}) for number in doubted
        ]
        for number, row, text in zip(doubted, alone, self._generate(alone, requests), strict=True):
            drafts[number] = self._confirm(rows[number], drafts[number], self._drafts(row, text))
        return list(zip(texts, drafts, strict=True))

    def _generate(self, rows: Sequence[_Row], requests: Sequence[WritingRequest]) -> list[GeneratedRow]:
        if not rows:
            return []
        config = self._decoder.config
        studies = study_tensors(requests, config, self._placement)
        tensors = row_tensors([row.prefix for row in rows], self._tokenizer, config, self._placement)
        guides = [row.guide for row in rows]
        return generate(self._decoder, self._tokenizer, studies, tensors, guides, self._sampling)

    def _drafts(self, row: _Row, text: GeneratedRow) -> tuple[Draft, ...]:
        """The row's sentences, each with the candidates that say the same. Those it was forced into are left out.

        Where none is left, as over wordings that no decoder has learned, most neighbours are quoted.
        """
        drafts = split_sentences(text, row.prefix.section, row.prefix.evidence, self._tokenizer)
        wanted = {self._tokenizer.decode(tokens) for tokens in row.guide.wanted}
        least = LEAST_LIKELY if row.prefix.evidence else FORCED
        meant = (draft for draft in drafts if draft.least >= least or draft.template in wanted)
        found = tuple(cite(draft, row.prefix.evidence, row.stated_by) for draft in meant)
        return found or tuple(most_stated(row.prefix.section, row.prefix.evidence, row.stated_by))

    def _confirm(self, row: _Row, drafts: Sequence[Draft], alone: Sequence[Draft]) -> tuple[Draft, ...]:
        """The drafts; a generated one that is not among those written alone is from both."""
        return tuple(
            replace(draft, source="both", candidate_ids=bearing_on(draft, row.prefix.evidence, row.stated_by))
            if draft.source == "generated" and not draft.survives(alone)
            else draft
            for draft in drafts
        )

    def _section(self, row: _Row, text: GeneratedRow, drafts: Sequence[Draft]) -> WrittenSection:
        """Statements of a decoded row: unfinished, repeated and unstateable sentences left out."""
        name = row.prefix.section
        warnings = [] if text.finished else [ReportWarning("text_truncated", {"section": name})]
        statements: list[Statement] = []
        for draft in drafts:
            stated = row.study.stating.state(draft)
            if isinstance(stated, Dropped):
                warnings.append(ReportWarning("sentence_dropped", {"section": name, "reason": stated.reason}))
            elif stated.adds_to(statements) and stated.text not in {other.text for other in statements}:
                statements.append(stated)
        if not statements:
            statements = _best_supported(row)
        if not statements:
            warnings.append(ReportWarning("section_empty", {"section": name}))
        return WrittenSection(tuple(statements), tuple(warnings))

    def _repair(self, studies: Sequence[_Study], requests: Sequence[WritingRequest]) -> None:
        """One pass: the less certain side of each contradiction is decoded again without the finding it stated."""
        rows = [row for study in studies for row in self._repair_rows(study)]
        for row, section in zip(rows, self._decode(rows, requests), strict=True):
            self._accept(row, section)

    def _repair_rows(self, study: _Study) -> list[_Row]:
        banned: dict[str, set[Finding]] = {}
        for conflict in self._conflicts(study):
            if (weaker := conflict.weaker) is not None:
                for statement in weaker[1]:
                    banned.setdefault(statement.draft.section, set()).add(weaker[0])
        return [
            self._row(study, section, findings | study.stating.barred, study.sections[section].statements)
            for section, findings in banned.items()
        ]

    def _row(
        self,
        study: _Study,
        section: str,
        barred: Set[Finding],
        said: Sequence[Statement] = (),
        gone: Set[int] = frozenset(),
    ) -> _Row:
        """A section's row without evidence for some findings, and barred from the known ways to state them.

        said: what an earlier draft of the section stated, so that its own wordings of them are barred as well.
        gone: candidates that do not count.
        """
        known = study.stating.known(section)
        own = {s.draft.template for s in said if not barred.isdisjoint(s.findings)}
        evidence = without_candidates(study.request.evidence.get(section, ()), gone)
        offered = [s for s in study.stating.offered(section, evidence) if s.template not in own]
        allowed = allowed_evidence(offered, lambda sentence: known[sentence.template].findings, barred)
        encoded = encode_evidence(allowed, self._tokenizer, self._decoder.config)
        sayable = {
            template: frozenset(wording.findings)
            for template, wording in known.items()
            if barred.isdisjoint(wording.findings) and template not in own and self._can_write(wording.slot)
            if study.stating.can_state(section, wording)
        }
        tokens = self._tokenizer.encode_batch(list(sayable))
        stated = dict(zip(map(tuple, tokens), sayable.values(), strict=True))
        guide = guide_of(stated, encoded, self._language.contradictions, study.seen.get(section))
        without = partial(self._row, study, section, barred, said)
        return _Row(study, RowPrefix(study.number, section, encoded), guide, without)

    def _can_write(self, slot: str | None) -> bool:
        return slot is None or slot in self._tokenizer.slot_ids

    def _accept(self, row: _Row, section: WrittenSection) -> None:
        """Takes a repaired section over if the report then has fewer contradictions."""
        before = row.study.sections[row.prefix.section]
        conflicts = len(self._conflicts(row.study))
        row.study.sections[row.prefix.section] = section
        if len(self._conflicts(row.study)) >= conflicts:
            row.study.sections[row.prefix.section] = before

    def _conflicts(self, study: _Study) -> tuple[Conflict, ...]:
        return find_conflicts(study.statements, self._language.contradictions)

    def _report(self, study: _Study) -> WrittenReport:
        sections = {name: section.statements for name, section in study.sections.items()}
        warnings = tuple(warning for section in study.sections.values() for warning in section.warnings)
        broken = [conflict.rule for conflict in self._conflicts(study)]
        return WrittenReport(sections, (*warnings, *(ReportWarning("contradiction", {"rule": r.text}) for r in broken)))


def _best_supported(row: _Row) -> list[Statement]:
    """The first statement that can be made of a row's evidence, by support: a section is not empty where there is any.

    It is as uncertain as a sentence can be, so that it gives way in a contradiction.
    """
    for item in sorted(row.prefix.evidence, key=lambda item: -item.support):
        draft = Draft(
            row.prefix.section, item.template, FORCED, "retrieved", item.candidate_ids, len(item.tokens), FORCED
        )
        if isinstance(stated := row.study.stating.state(draft), Statement):
            return [stated]
    return []


def _has_own_words(drafts: Iterable[Draft]) -> bool:
    return any(draft.source == "generated" for draft in drafts)
