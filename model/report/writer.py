"""The report writer: rows of one batch are decoded, numbered, checked against each other, repaired once."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from model.device import Placement
from model.report.calls import allowed_evidence
from model.report.contradictions import Conflict, find_conflicts
from model.report.decoder import Decoder
from model.report.drafts import Draft, split_sentences
from model.report.generate import GeneratedRow, generate
from model.report.language import Finding, FindingReader, Language
from model.report.prefix import RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.sentence_guide import SentenceGuide, guide_of
from model.report.statements import Dropped, Statement, StudyStating
from model.report.tokenizer import ReportTokenizer
from model.report.wording import Wordings
from model.report.writing import WritingRequest, WrittenReport

Warnings = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WrittenSection:
    """One section of one study as written: its statements, and warnings (code, text)."""

    statements: tuple[Statement, ...]
    warnings: Warnings


@dataclass(frozen=True, eq=False)
class _Study:
    """A study while it is written. row numbers are places in the list of requests."""

    number: int
    request: WritingRequest
    stating: StudyStating
    sections: dict[str, WrittenSection] = field(default_factory=dict)

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(statement for section in self.sections.values() for statement in section.statements)


@dataclass(frozen=True, eq=False)
class _Row:
    """A row to decode: its study, its prefix, and what it may write."""

    study: _Study
    prefix: RowPrefix
    guide: SentenceGuide


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

    def write(self, request: WritingRequest) -> WrittenReport:
        """The sentences of every assessed section that the decoder knows."""
        return self.write_many([request])[0]

    def write_many(self, requests: Sequence[WritingRequest]) -> list[WrittenReport]:
        """The reports of several studies, their rows decoded in one batch. The same as one by one."""
        studies = [
            _Study(number, request, StudyStating(request, self._language, self._wordings))
            for number, request in enumerate(requests)
        ]
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
        study = _Study(0, request, StudyStating(request, self._language, self._wordings))
        rows = [self._row(study, section, study.stating.barred) for section in self._written(request)]
        decoded = zip(rows, self._generate(rows, [request]), strict=True)
        return {row.prefix.section: self._drafts(row, text) for row, text in decoded}

    def _written(self, request: WritingRequest) -> Iterable[str]:
        """Names of the assessed sections that the decoder can write."""
        assessed = zip(request.sections, request.assessed.tolist(), strict=True)
        return [name for name, seen in assessed if seen and name in self._decoder.config.sections]

    def _decode(self, rows: Sequence[_Row], requests: Sequence[WritingRequest]) -> list[WrittenSection]:
        """The sections of some rows, decoded in one batch."""
        texts = self._generate(rows, requests)
        return [self._section(row, text) for row, text in zip(rows, texts, strict=True)]

    def _generate(self, rows: Sequence[_Row], requests: Sequence[WritingRequest]) -> list[GeneratedRow]:
        if not rows:
            return []
        config = self._decoder.config
        studies = study_tensors(requests, config, self._placement)
        tensors = row_tensors([row.prefix for row in rows], self._tokenizer, config, self._placement)
        return generate(self._decoder, self._tokenizer, studies, tensors, [row.guide for row in rows])

    def _drafts(self, row: _Row, text: GeneratedRow) -> tuple[Draft, ...]:
        """The row's sentences, each with all that it rests on."""
        drafts = split_sentences(text, row.prefix.section, row.prefix.evidence, self._tokenizer)
        return tuple(self._sourced(draft, row) for draft in drafts)

    def _sourced(self, draft: Draft, row: _Row) -> Draft:
        """The draft; one in the decoder's own words is from both where neighbours state the same."""
        known = row.study.stating.known(draft.section)
        if draft.source != "generated" or draft.template not in known:
            return draft
        stated = set(known[draft.template].findings)
        said = [e.sentence for e in row.prefix.evidence if not stated.isdisjoint(known[e.sentence.template].findings)]
        ids = tuple(dict.fromkeys(number for sentence in said for number in sentence.candidate_ids))
        return replace(draft, source="both", candidate_ids=ids) if ids else draft

    def _section(self, row: _Row, text: GeneratedRow) -> WrittenSection:
        """Statements of a decoded row: unfinished, repeated and unstateable sentences left out."""
        name = row.prefix.section
        warnings = [] if text.finished else [("text_truncated", f"{name}: the text did not end and was cut")]
        statements: list[Statement] = []
        for draft in self._drafts(row, text):
            stated = row.study.stating.state(draft)
            if isinstance(stated, Dropped):
                warnings.append(("sentence_dropped", f"{name}: a sentence was left out because {stated.reason}"))
            elif stated.adds_to(statements) and stated.text not in {other.text for other in statements}:
                statements.append(stated)
        if not statements:
            warnings.append(("section_empty", f"{name}: nothing could be written"))
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

    def _row(self, study: _Study, section: str, barred: Set[Finding], said: Sequence[Statement] = ()) -> _Row:
        """A section's row without evidence for some findings, and barred from the known ways to state them.

        said: what an earlier draft of the section stated, so that its own wordings of them are barred as well.
        """
        known = study.stating.known(section)
        own = {s.draft.template for s in said if not barred.isdisjoint(s.findings)}
        offered = [s for s in study.request.evidence.get(section, ()) if s.template not in own]
        evidence = allowed_evidence(offered, lambda sentence: known[sentence.template].findings, barred)
        encoded = encode_evidence(evidence, self._tokenizer, self._decoder.config)
        sayable = {
            template: frozenset(wording.findings)
            for template, wording in known.items()
            if barred.isdisjoint(wording.findings) and template not in own and self._can_write(wording.slot)
        }
        tokens = self._tokenizer.encode_batch(list(sayable))
        guide = guide_of(
            dict(zip(map(tuple, tokens), sayable.values(), strict=True)), encoded, self._language.contradictions
        )
        return _Row(study, RowPrefix(study.number, section, encoded), guide)

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
        sections = {
            name: tuple(statement.sentence() for statement in section.statements)
            for name, section in study.sections.items()
        }
        warnings = tuple(warning for section in study.sections.values() for warning in section.warnings)
        left = tuple(("contradiction", conflict.rule.text) for conflict in self._conflicts(study))
        return WrittenReport(sections, warnings + left)
