"""A written report as the editor reads it, and the edited one as the answer shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

from index.candidate_bank import CandidateBank
from model.report.editing.calls import Evidence
from model.report.editing.report_editor import EditedReport, ReportEditor
from model.report.editing.said import Said
from model.report.language.language import FindingReader, Language
from model.report.language.phrase_reader import PhraseReader
from model.report.reporting import Reporting
from model.report.request import ReportWarning
from service.answer.patient_history import prior_findings
from service.answer.text.impression import Impressions
from service.answer.text.written import Written
from service.schemas import SentenceOut

_READ_SENTENCES = 8192  # kept readings; a bank has some thousand wordings


@dataclass(frozen=True, eq=False)
class ReportEditing:
    """Edits the reports of a pipeline. read: findings of a sentence; language: the one that reports are written in."""

    language: Language
    read: FindingReader
    reporting: Reporting

    @classmethod
    def of(cls, language: Language, read: FindingReader, reporting: Reporting) -> Self:
        """The editing of a bundle; sentences are read once and remembered."""
        return cls(language, lru_cache(_READ_SENTENCES)(read), reporting)

    @cached_property
    def impressions(self) -> Impressions | None:
        """What writes the impressions; None in a modality without any."""
        topics = self.reporting.topics
        return None if topics is None else Impressions(self.language, topics, self.reporting.words)

    @cached_property
    def _editor(self) -> ReportEditor:
        return ReportEditor(self.language, self.read, self.reporting.rules)

    @cached_property
    def _numbers(self) -> PhraseReader:
        return PhraseReader(self.language)

    def edit(self, written: Written, calls: Mapping[str, bool], evidence: Evidence) -> Written:
        """The report as it is told, with what the reader must know of it."""
        sections = {
            name: tuple(self._said(name, at, written) for at in range(len(sentences)))
            for name, sentences in written.sections.items()
        }
        edited = self._editor.edit(sections, calls, evidence)
        shown = {name: tuple(_sentence(name, each, written) for each in said) for name, said in edited.sections.items()}
        plain = {name: [sentence.text for sentence in said] for name, said in edited.sections.items()}
        denied = self.language.denying(calls)
        return Written(
            shown, plain, _warnings(written, edited), edited.sections, edited.silent, denied, edited.disagreeing
        )

    def prior(self, bank: CandidateBank, patient_key: str | None) -> dict[str, str] | None:
        """What the patient's earlier study in the bank states, None without one."""
        return prior_findings(bank, patient_key, self.read)

    def _said(self, section: str, at: int, written: Written) -> Said:
        plain, shown = written.plain[section][at], written.sections[section][at]
        findings = tuple(self.read(section, plain))
        if plain != shown.text:  # another patient's number is none of this report's
            return Said(plain, findings, origins=(at,))
        reading = self._numbers.read_sentence(section, plain)
        slot = None if reading.phrase is None or reading.value is None else reading.phrase.slot
        return Said(plain, findings, slot, None if slot is None else reading.value, (at,))


def _sentence(section: str, said: Said, written: Written) -> SentenceOut:
    """The answer's sentence; in other words it rests on what the sentences rested on that it stands for."""
    before, plain = written.sections[section], written.plain[section]
    if not said.origins:
        ids = list(said.candidate_ids)
        return SentenceOut(text=said.text, source="retrieved" if ids else "generated", candidate_ids=ids)
    first, *others = (before[at] for at in said.origins)
    if not others and said.text == plain[said.origins[0]]:
        return first
    return SentenceOut(
        text=said.text,
        source=first.source if all(other.source == first.source for other in others) else "both",
        candidate_ids=list(dict.fromkeys(i for origin in (first, *others) for i in origin.candidate_ids)),
        estimated=said.slot is not None and any(origin.estimated for origin in (first, *others)),
        measured=None if said.slot is None else next((o.measured for o in (first, *others) if o.measured), None),
    )


def _warnings(written: Written, edited: EditedReport) -> tuple[ReportWarning, ...]:
    """What was told of the written report and still holds, and what the edited one does not say."""
    kept = [w for w in written.warnings if w.code != "contradiction" and not _is_filled(w, edited)]
    known = {w.details["section"] for w in kept if w.code == "section_empty"}
    emptied = [name for name, told in edited.sections.items() if not told and written.sections[name]]
    kept += [ReportWarning("section_empty", {"section": name}) for name in emptied if name not in known]
    silent = [ReportWarning("silent_call", {"phenotypes": ", ".join(edited.silent)})] if edited.silent else []
    return (*kept, *silent, *(ReportWarning("contradiction", {"rule": rule.text}) for rule in edited.broken))


def _is_filled(warning: ReportWarning, edited: EditedReport) -> bool:
    """Whether a warning speaks of an empty section that is empty no more."""
    return warning.code == "section_empty" and bool(edited.sections.get(warning.details["section"]))
