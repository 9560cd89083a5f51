"""A written report on its way to the answer's document: its sentences as shown, as read, and what they state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from model.measurement import StudyMeasurements
from model.report.editing.said import Said
from model.report.editing.wording import ended
from model.report.language.language import Finding
from model.report.request import ReportWarning
from model.report.writing.report_writer import WrittenReport
from service.answer.measured_numbers import number_of
from service.answer.text.text_check import Text
from service.schemas import SentenceOut


@dataclass(frozen=True)
class Written:
    """Sentences by section, and what the reader must know about them.

    plain: the same sentences as a reader of the language knows them, numbers without marks. said: what each of them
    states, None where nobody reads them. silent: phenotypes that are called and that the text does not tell.
    denied: findings that the calls deny. disagreeing: phenotypes of which the text says the opposite of the call.
    """

    sections: Mapping[str, tuple[SentenceOut, ...]]
    plain: Text
    warnings: tuple[ReportWarning, ...] = ()
    said: Mapping[str, tuple[Said, ...]] | None = None
    silent: tuple[str, ...] = ()
    denied: frozenset[Finding] = frozenset()
    disagreeing: tuple[str, ...] = ()

    @property
    def findings(self) -> frozenset[Finding]:
        """Everything that the sentences state; nothing where nobody reads them."""
        return frozenset(finding for told in (self.said or {}).values() for one in told for finding in one.findings)

    @classmethod
    def of(cls, report: WrittenReport, measured: StudyMeasurements) -> Self:
        """The decoder's report in the answer's terms."""
        texts = {name: [(s, ended(s.text)) for s in told] for name, told in report.sections.items()}
        sections = {
            name: tuple(
                SentenceOut(
                    text=text,
                    source=s.source,
                    candidate_ids=list(s.candidate_ids),
                    estimated=s.estimated,
                    measured=number_of(measured, s.number) if s.measured else None,
                )
                for s, text in told
                if text
            )
            for name, told in texts.items()
        }
        plain = {name: [sentence.text for sentence in sentences] for name, sentences in sections.items()}
        return cls(sections, plain, report.warnings)
