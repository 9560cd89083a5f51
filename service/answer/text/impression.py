"""The impression of an answer: what its sections say, in the language of the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from model.report.editing.said import Said
from model.report.impression.statements import ImpressionMaterial, ImpressionWriter, ReadSentence
from model.report.impression.topics import ImpressionTopics
from model.report.impression.words import ImpressionWords
from model.report.language.language import Language
from service.answer.text.report_language import ReportLanguage
from service.answer.text.written import Written
from service.schemas import ImpressionStatement, RestsOn, SectionOut


@dataclass(frozen=True)
class Impressions:
    """Writes the impressions of a pipeline. words: by language; where it has none they are the language's own."""

    language: Language
    topics: ImpressionTopics
    words: Mapping[str, ImpressionWords] = field(default_factory=dict)

    def write(
        self,
        sections: Sequence[SectionOut],
        written: Written,
        language: ReportLanguage,
        prior: Mapping[str, str] | None,
    ) -> list[ImpressionStatement]:
        """The impression of these sections. prior: what an earlier study stated, finding → value."""
        words = self.words.get(language.lang) or self.words[self.language.language]
        said = written.said or {}
        hidden = [row.phenotype for section in sections for row in section.not_shown]
        material = ImpressionMaterial(
            sentences=[
                _read(section, at, sentence, language)
                for section in sections
                for at, sentence in enumerate(said.get(section.name, ()) if section.sentences else ())
            ],
            not_assessed=[section.title or section.name for section in sections if not section.assessed],
            not_shown=[self._findings.get(name, name) for name in hidden],
            uncalled=[self._findings.get(name, name) for name in written.silent],
            denied=written.denied,
            prior=prior,
        )
        writer = ImpressionWriter(self.topics, words, self.language.slots)
        return [
            ImpressionStatement(
                text=statement.text,
                kind=statement.kind,
                rests_on=[RestsOn(section=name, sentences=list(at)) for name, at in statement.rests_on.items()],
                lang=words.language,
            )
            for statement in writer.write(material)
        ]

    @cached_property
    def _findings(self) -> Mapping[str, str]:
        """Phenotype → the finding that it is read from."""
        return {rule.phenotype: rule.finding for rule in self.language.labels if rule.finding is not None}


def _read(section: SectionOut, at: int, said: Said, language: ReportLanguage) -> ReadSentence:
    number = None if said.slot is None or said.value is None else (said.slot, said.value)
    mark = language.words.estimated if section.sentences[at].measured is None else ""
    return ReadSentence(section.name, at, said.findings, number, mark)
