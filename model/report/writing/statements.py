"""Drafts become statements: the slot filled or the numberless wording taken, and the severity word made to fit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from model.report.language.holes import without_holes
from model.report.language.known_sentences import Wording, Wordings
from model.report.language.language import Finding, Language
from model.report.request import EvidenceSentence, Source, WritingRequest
from model.report.writing.decoded_sentences import Draft
from model.report.writing.slots import Number, find_misjudged, measured_number, own_number, reword, voted_number

_TRIES = 3  # findings of one sentence whose words may have to follow from numbers; a sentence rarely has two


@dataclass(frozen=True)
class Statement:
    """A finished sentence with what it says.

    number: name of the slot whose number it states. estimated: that number is the neighbours' vote on the same slot,
    not this study's phenotype estimate. fixed: names of its findings whose words follow from this study's own number or
    from a call. measured: its number was measured in this study.
    """

    draft: Draft
    text: str
    findings: tuple[Finding, ...]
    number: str | None
    estimated: bool
    fixed: frozenset[str]
    measured: bool = False

    def adds_to(self, others: Iterable["Statement"]) -> bool:
        """Whether it says anything that the others do not: a finding, a number, or words that nobody can read."""
        said = {finding for other in others for finding in other.findings}
        numbers = {other.number for other in others}
        return not self.findings or not said.issuperset(self.findings) or self.number not in {None, *numbers}

    @property
    def source(self) -> Source:
        """Where its wording came from, by copy mass."""
        return self.draft.source

    @property
    def candidate_ids(self) -> tuple[int, ...]:
        """Candidates cited as evidence, nearest first."""
        return self.draft.candidate_ids


@dataclass(frozen=True)
class Dropped:
    """A draft that cannot become a sentence, and why; shown as a warning."""

    draft: Draft
    reason: str


class StudyStating:
    """Turns the drafts of one study into statements."""

    def __init__(self, request: WritingRequest, language: Language, wordings: Wordings) -> None:
        self._request = request
        self._language = language
        self._wordings = wordings
        phenotypes = {token.name: token for token in request.phenotypes}
        numbers = {
            name: measured_number(slot, request.measured) or own_number(slot, phenotypes)
            for name, slot in language.slots.items()
        }
        self._own = {name: number for name, number in numbers.items() if number is not None}
        self._known: dict[str, Mapping[str, Wording]] = {}
        numbered = {band.finding for band in language.bands if band.slot in self._own}
        self._governed = language.decided(request.calls) | numbered
        self.barred = language.denying(request.calls) | language.named(request.hidden)

    def known(self, section: str) -> Mapping[str, Wording]:
        """Template → wording of all that can be said in a section of this study."""
        if section not in self._known:
            self._known[section] = self._wordings.of_section(section, self._request.evidence.get(section, ()))
        return self._known[section]

    def state(self, draft: Draft) -> Statement | Dropped:
        """The statement of a draft, or why there is none. No number is stated that has no source."""
        wording = self.known(draft.section).get(draft.template) or self._unlisted(draft)
        if wording is None:
            return Dropped(draft, "it is in no phrase list and nothing can be read back from it")
        if not self.barred.isdisjoint(wording.findings):
            return Dropped(draft, "the phenotype estimates call otherwise, or no clip shows it")
        fitting = self._fitting(wording, draft.section)
        if fitting is None:
            return Dropped(draft, "the number of this study asks for other words and the language has none")
        if not self.barred.isdisjoint(fitting.findings):  # the call stands, and the number is left unsaid
            fitting = replace(wording, template=wording.numberless, slot=None)
        if fitting != wording:
            draft = replace(draft, template=fitting.template, source="generated", candidate_ids=())
        number = self._number(draft.section, fitting.slot)
        text = without_holes(self._language.fill(fitting, None if number is None else number.value))
        if not text:
            return Dropped(draft, "it says nothing without its number, which has no source")
        if "<" in text or (number is None and any(map(str.isdecimal, text))):
            return Dropped(draft, "it holds a number or a placeholder without a source")
        fixed = self._governed.intersection(finding.name for finding in fitting.findings)
        estimated = number is not None and number.estimated
        measured = number is not None and number.measured
        slot = fitting.slot if number else None
        return Statement(draft, text, fitting.findings, slot, estimated, fixed, measured)

    def can_state(self, section: str, wording: Wording) -> bool:
        """Whether a wording can be said: one that is nothing without its number needs a source for it."""
        if self._number(section, wording.slot) is not None:
            return True
        return bool(without_holes(wording.template if wording.slot is None else wording.numberless))

    def offered(self, section: str, evidence: Iterable[EvidenceSentence]) -> Iterator[EvidenceSentence]:
        """Evidence of a section that can be said, its numberless wording without holes and labels."""
        for sentence in evidence:
            wording = self.known(section)[sentence.template]
            if self.can_state(section, wording):
                yield replace(sentence, numberless=wording.numberless)

    def _fitting(self, wording: Wording, section: str) -> Wording | None:
        """The wording, or another whose severity words agree with the numbers; None where the language has none."""
        for _ in range(_TRIES):
            number = self._number(section, wording.slot)
            stated = self._own if number is None or wording.slot is None else {**self._own, wording.slot: number}
            wrong = find_misjudged(wording.findings, self._language.bands, stated)
            if wrong is None:
                return wording
            other = reword(wording, *wrong, self._language, section)
            if other is None:
                return None
            wording = other
        return None

    def _number(self, section: str, slot: str | None) -> Number | None:
        if slot is None or slot not in self._language.slots:
            return None
        values = self._request.slot_values.get(section, {}).get(slot, ())
        return self._own.get(slot) or voted_number(self._language.slots[slot], values)

    def _unlisted(self, draft: Draft) -> Wording | None:
        """The wording of a sentence in no list: only without a slot, and if the reader understands it."""
        findings = () if "<" in draft.template else self._wordings.read(draft.section, draft.template)
        return Wording(draft.template, draft.template, None, findings) if findings else None
