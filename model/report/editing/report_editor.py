"""A written report put in order: no call in silence, each thing once, each section in its order."""

from collections.abc import Mapping
from dataclasses import dataclass

from model.report.editing.calls import CallSpeaker, Evidence, disagreeing, positive_calls, unsaid
from model.report.editing.once import SectionEditor
from model.report.editing.rules import EditingRules
from model.report.editing.said import Said, Sections, stated_in
from model.report.editing.wording import PhraseWording
from model.report.language.language import Contradiction, FindingReader, Language


@dataclass(frozen=True)
class EditedReport:
    """The sections in order. silent: phenotypes that are called and that the text does not tell.

    disagreeing: those of which the text says the opposite of the call. broken: the rules that the text breaks.
    """

    sections: Mapping[str, tuple[Said, ...]]
    silent: tuple[str, ...]
    disagreeing: tuple[str, ...]
    broken: tuple[Contradiction, ...]


class ReportEditor:
    """Edits reports of one language by the rules of one modality."""

    def __init__(self, language: Language, read: FindingReader, rules: EditingRules) -> None:
        wording = PhraseWording(language, rules)
        self._language = language
        self._sections = SectionEditor(wording, rules)
        self._calls = CallSpeaker(wording, read, rules)

    def edit(self, sections: Sections, calls: Mapping[str, bool], evidence: Evidence) -> EditedReport:
        """The report as it is told. calls: phenotype → whether it is called; empty where nothing is.

        evidence: section → what neighbours state there, highest support first.
        """
        positive = positive_calls(self._language, calls)
        denied = self._language.denying(calls)
        told, added = dict(sections), list[Said]()
        for call in unsaid(positive, told):
            said = self._calls.sentence(call, evidence) if call.section in told else None
            if said is not None:
                added.append(said)
                told[call.section] = (*told[call.section], said)
        told = self._calls.exclude(self._calls.make_room(told, added), positive)
        edited = {name: self._sections.edit(name, sentences, denied) for name, sentences in told.items()}
        silent = tuple(call.phenotype for call in unsaid(positive, edited))
        stated = stated_in(edited)
        return EditedReport(
            edited, silent, disagreeing(self._language, calls, stated), self._language.contradicted_by(stated)
        )
