"""The report writer: rows of one batch are decoded, numbered, checked against each other, repaired once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from model.device import Placement
from model.report.contradictions import Conflict, find_conflicts
from model.report.decoder import Decoder
from model.report.drafts import split_sentences
from model.report.generate import GeneratedRow, generate
from model.report.language import Finding, FindingReader, Language
from model.report.prefix import EncodedEvidence, RowPrefix, encode_evidence, row_tensors, study_tensors
from model.report.sentence_ban import SentenceBan
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
    """A row to decode: its study, its prefix, and what it must not write."""

    study: _Study
    prefix: RowPrefix
    ban: SentenceBan | None = None


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
            _Row(study, self._prefix(study, section)) for study in studies for section in self._written(study.request)
        ]
        for row, section in zip(rows, self._decode(rows, requests), strict=True):
            row.study.sections[row.prefix.section] = section
        self._repair(studies, requests)
        return [self._report(study) for study in studies]

    def _written(self, request: WritingRequest) -> Iterable[str]:
        """Names of the assessed sections that the decoder can write."""
        assessed = zip(request.sections, request.assessed.tolist(), strict=True)
        return [name for name, seen in assessed if seen and name in self._decoder.config.sections]

    def _prefix(self, study: _Study, section: str) -> RowPrefix:
        sentences = study.request.evidence.get(section, ())
        return RowPrefix(study.number, section, encode_evidence(sentences, self._tokenizer, self._decoder.config))

    def _decode(self, rows: Sequence[_Row], requests: Sequence[WritingRequest]) -> list[WrittenSection]:
        """The sections of some rows, decoded in one batch."""
        if not rows:
            return []
        config = self._decoder.config
        studies = study_tensors(requests, config, self._placement)
        tensors = row_tensors([row.prefix for row in rows], self._tokenizer, config, self._placement)
        decoded = generate(self._decoder, self._tokenizer, studies, tensors, [row.ban for row in rows])
        return [self._section(row, text) for row, text in zip(rows, decoded, strict=True)]

    def _section(self, row: _Row, text: GeneratedRow) -> WrittenSection:
        """Statements of a decoded row: unfinished, repeated and unstateable sentences left out."""
        name = row.prefix.section
        warnings = [] if text.finished else [("text_truncated", f"{name}: the text did not end and was cut")]
        statements: list[Statement] = []
        for draft in split_sentences(text, name, row.prefix.evidence, self._tokenizer):
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
        return [self._banned_row(study, section, findings) for section, findings in banned.items()]

    def _banned_row(self, study: _Study, section: str, findings: set[Finding]) -> _Row:
        """The row of a section without evidence for some findings, and barred from the known ways to state them."""
        known = study.stating.known(section)
        stating = {template for template, wording in known.items() if not findings.isdisjoint(wording.findings)}
        said = {s.draft.template for s in study.sections[section].statements if not findings.isdisjoint(s.findings)}
        refused = sorted(stating | said)
        prefix = self._prefix(study, section)
        kept: tuple[EncodedEvidence, ...] = tuple(
            item for item in prefix.evidence if item.sentence.template not in refused
        )
        allowed = [template for template in known if template not in refused]
        ban = SentenceBan(self._tokenizer.encode_batch(refused), self._tokenizer.encode_batch(allowed))
        return _Row(study, RowPrefix(study.number, section, kept), ban)

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
