"""From report text back to findings, numbers and labels. Knows a `Language`, no modality."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from model.report.language.language import Finding, LabelRule, Language, Phrase

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|[\r\n]+")
_JOINING_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
# Punctuation without meaning. Question marks, signs and parentheses stay, so that a doubt, a bound ("<40%") or a remark
# is never read as a plain statement.
_PUNCTUATION = str.maketrans({".": " ", ",": " ", ";": " ", ":": " ", "!": " ", "%": " % ", "²": "2", "³": "3"})
_NUMBER_MARK = "\0"  # stands for the number taken out; no text has one


@dataclass(frozen=True)
class SentenceReading:
    """What a sentence says: its phrase (None for a free sentence) and the number in its slot (None without one)."""

    phrase: Phrase | None
    value: float | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings that the sentence states; none for a free sentence."""
        return () if self.phrase is None else self.phrase.findings

    @property
    def slots(self) -> dict[str, float]:
        """Slot name → its number."""
        if self.phrase is None or self.phrase.slot is None or self.value is None:
            return {}
        return {self.phrase.slot: self.value}


@dataclass(frozen=True)
class ReportReading:
    """What a report says. labels: every phenotype of the language, None where the report leaves it unknown."""

    findings: tuple[Finding, ...]
    slots: Mapping[str, float]
    labels: Mapping[str, float | None]
    unread: tuple[str, ...]  # sentences that are no phrase of the language


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, stripped; a decimal point ends none."""
    return [sentence for part in _SENTENCE_END.split(text) if (sentence := part.strip())]


class PhraseReader:
    """Reads text by looking up each sentence, its number taken out, among the wordings of a language.

    The whole sentence must be a known wording. Nothing is guessed from a part of it, so a negation, a doubt or another
    word is never overlooked. Letter case, spacing, and punctuation between words do not matter.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        mark = re.escape(language.decimal_mark)
        # A sign belongs to the number; digits that touch a letter, digit or mark ("m2", "1.2.3") are none of ours.
        self._number = re.compile(rf"(?<![\w.,])[-+−]?[0-9]+(?:{mark}[0-9]+)?(?![0-9]|[.,][0-9])")
        self._phrases = _index(language.phrases)

    def read_sentence(self, section: str | None, text: str) -> SentenceReading:
        """The phrase that a sentence is, and its number. Without a section the wording alone must decide.

        A template with its placeholder unfilled reads as that phrase without a number; so does one whose number is
        not plausible.
        """
        numbers = self._number.findall(text)
        if len(numbers) > 1 or _NUMBER_MARK in text:
            return SentenceReading(None)
        marked = self._number.sub(f" {_NUMBER_MARK} ", text) if numbers else text
        phrase = _decide(section, self._phrases.get(_normalise(marked), ()))
        if phrase is None or phrase.slot is None or not numbers:
            return SentenceReading(phrase)
        value = float(numbers[0].replace("−", "-").replace(self.language.decimal_mark, "."))
        return SentenceReading(phrase, value if self.language.slots[phrase.slot].holds(value) else None)

    def findings_in(self, section: str | None, text: str) -> tuple[Finding, ...]:
        """What a sentence states, nothing for a free one: the `FindingReader` that a report writer asks for."""
        return self.read_sentence(section, text).findings

    def read_report(self, report: Mapping[str, str | Sequence[str]]) -> ReportReading:
        """Everything that a report says; its sections hold a text or sentences.

        A slot stated with two numbers, and a label that sentences affirm and deny, count as unknown.
        """
        findings: dict[Finding, None] = {}
        numbers: dict[str, set[float]] = {}
        unread: list[str] = []
        for section, content in report.items():
            for sentence in sentences_of(content) if isinstance(content, str) else content:
                reading = self.read_sentence(section, sentence)
                if reading.phrase is None:
                    unread.append(sentence)
                findings.update(dict.fromkeys(reading.findings))
                for slot, value in reading.slots.items():
                    numbers.setdefault(slot, set()).add(value)
        slots = {slot: values.pop() for slot, values in numbers.items() if len(values) == 1}
        return ReportReading(tuple(findings), slots, self.labels_from(findings, slots), tuple(unread))

    def labels_from(self, findings: Iterable[Finding], slots: Mapping[str, float]) -> dict[str, float | None]:
        """Every phenotype that the language has a rule for, None where the findings and numbers do not tell."""
        said: dict[str, set[str]] = {}
        for finding in findings:
            said.setdefault(finding.name, set()).add(finding.value)
        return {rule.phenotype: _label(rule, said, slots) for rule in self.language.labels}


def _index(phrases: Iterable[Phrase]) -> dict[str, tuple[Phrase, ...]]:
    """Normalised wording → the phrases that have it; one, unless a bank repeats itself."""
    index: dict[str, dict[str, Phrase]] = {}
    for phrase in phrases:
        with_number = phrase.template.replace(f"<{phrase.slot}>", f" {_NUMBER_MARK} ")
        for wording in filter(None, (with_number, phrase.template, phrase.numberless)):
            index.setdefault(_normalise(wording), {})[phrase.phrase_id] = phrase
    return {key: tuple(found.values()) for key, found in index.items()}


def _normalise(text: str) -> str:
    """The text in lower case, single spaces, without punctuation that carries no meaning."""
    if "-" in text:
        text = _JOINING_HYPHEN.sub(" ", text)
    return " ".join(text.lower().translate(_PUNCTUATION).split())


def _decide(section: str | None, found: tuple[Phrase, ...]) -> Phrase | None:
    """The one phrase meant: the only one, else that of the section; None where they would say different things."""
    if len(found) > 1:
        found = tuple(phrase for phrase in found if section in (None, phrase.section))
    if len({(phrase.findings, phrase.slot) for phrase in found}) != 1:
        return None
    return found[0]


def _label(rule: LabelRule, said: Mapping[str, set[str]], slots: Mapping[str, float]) -> float | None:
    if rule.slot is not None:
        return slots.get(rule.slot)
    values = said.get(rule.finding or "", set())
    positive, negative = bool(values & set(rule.positive)), bool(values & set(rule.negative))
    return float(positive) if positive != negative else None
