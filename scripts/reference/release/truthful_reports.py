"""Invented patients' reports in the phrases of a release: what is true is said once, in words that are drawn.

Whatever a phrase says must be true of the patient. Beside that a report has sentences of which the patient's state
knows nothing: phrases in which nothing was read, and denials of what no invented patient has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from model.echo.phrases.reader import english
from model.report.language.language import Finding
from scripts.reference.release.said_phrases import SaidPhrase, SaidPhrases
from scripts.rendered.phantom.patient.findings import SectionFindings, findings_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import SEGMENTS, HeartState

# Values by which a graded finding is named without its grade, and what is true with an abnormal segment.
_UNGRADED = ("present", "dilated", "reduced", "elevated", "thickened")
_GRADES = frozenset({"mild", "moderate", "severe"})
_SUMMED = "regional_wall_motion"  # said where no phrase names the segment itself
_DENIALS = frozenset({"absent", "none", "normal"})
_TERSENESS = 3.0  # how much likelier a wording is for each further finding, as in the phantom's reports
# Shares of our own choice, so that reports differ as reports do. No source: releases state none of them.
_LEFT_UNSAID = 0.1  # of the findings that are normal
_MEASURED = 0.3  # of the numbers that are no label
_UNKNOWN = 0.02  # of the numbers that are no label are NaN
_BACKGROUND_PER_REPORT = 1.5  # sentences that say nothing of the state
_LABELLED_SLOTS = frozenset({"ejection_fraction", "pulmonary_artery_pressure"})
# Numbers of which no state knows anything, by the unit behind them: the width of what adults have.
_BACKGROUND_RANGES = {"mmHg": (3, 40), "cm/s": (40, 120), "m/s": (0.8, 3.5), "cm": (1, 4), "mm": (3, 40), "%": (20, 70)}
_OTHER_RANGE = (1, 4)
Sentence = tuple[SaidPhrase, float | str | None]


@dataclass(frozen=True)
class TruthfulReports:
    """Writes reports in the phrases of a file."""

    phrases: SaidPhrases

    def of(self, state: HeartState, rng: np.random.Generator) -> list[Sentence]:
        """The sentences of a patient's report, section by section in the file's order."""
        return self.saying(findings_of(state), measurements_of(state), rng)

    def saying(
        self, findings: Mapping[str, SectionFindings], numbers: Mapping[str, float], rng: np.random.Generator
    ) -> list[Sentence]:
        """The same from what is true and measured of a patient."""
        true = frozenset(chain.from_iterable((*said.stated, *said.implied) for said in findings.values()))
        allowed = true | frozenset(_widened(true))
        report: list[Sentence] = []
        for section, phrases in self._told.items():
            said = findings.get(section, SectionFindings(()))
            summed = tuple(finding for finding in said.implied if finding.name == _SUMMED)
            report += _Section(phrases, allowed, numbers, rng).sentences((*said.stated, *summed))
            report += self._background_of(section, rng)
        return report

    @cached_property
    def _told(self) -> dict[str, tuple[SaidPhrase, ...]]:
        """Phrases that may be drawn for what they say: not those with a number that the state lacks."""
        return {
            section: tuple(p for p in phrases if (p.findings or p.stated) and not self._is_open(p))
            for section, phrases in self.phrases.by_section.items()
        }

    @cached_property
    def _background(self) -> dict[str, tuple[SaidPhrase, ...]]:
        known = {finding.name for finding in chain(english().named(_NAMES))}
        return {
            section: tuple(
                p
                for p in phrases
                if p.stated is None and all(f.name not in known and f.value in _DENIALS for f in p.findings)
            )
            for section, phrases in self.phrases.by_section.items()
        }

    @staticmethod
    def _is_open(phrase: SaidPhrase) -> bool:
        return phrase.stated is None and (phrase.has_number or phrase.has_text)

    def _background_of(self, section: str, rng: np.random.Generator) -> Iterator[Sentence]:
        choice = self._background.get(section, ())
        share = _BACKGROUND_PER_REPORT / len(self.phrases.by_section)
        if choice and rng.random() < share:
            phrase = choice[int(rng.integers(len(choice)))]
            yield phrase, _background_value(phrase, rng)


_NAMES = frozenset(finding.name for phrase in english().phrases for finding in phrase.findings)


@dataclass(frozen=True)
class _Section:
    phrases: tuple[SaidPhrase, ...]
    allowed: frozenset[Finding]
    numbers: Mapping[str, float]
    rng: np.random.Generator

    def sentences(self, stated: tuple[Finding, ...]) -> Iterator[Sentence]:
        true = [phrase for phrase in self.phrases if phrase.findings <= self.allowed and self._holds(phrase)]
        unsaid = dict.fromkeys(stated)
        skipped = self.rng.random(len(stated))
        for finding, chance in zip(stated, skipped.tolist(), strict=True):
            if finding not in unsaid or (finding.value in _DENIALS and chance < _LEFT_UNSAID):
                continue
            words = {said for said in self.allowed if said.name == _SUMMED} if finding.name == _SUMMED else {finding}
            choice = [p for p in true if words & p.findings and all(f in unsaid or f not in stated for f in p.findings)]
            if choice:
                phrase = self._drawn(choice, unsaid)
                yield phrase, self._value(phrase)
                for said in phrase.findings:
                    unsaid.pop(said, None)
                if phrase.stated is not None:
                    slot = phrase.stated.slot
                    true = [p for p in true if p.stated is None or p.stated.slot != slot]
        yield from self._bare_numbers([p for p in true if p.stated is not None and not p.findings])

    def _bare_numbers(self, phrases: list[SaidPhrase]) -> Iterator[Sentence]:
        """Sentences that state a number and nothing else: always where it is a label, often elsewhere."""
        for slot in dict.fromkeys(phrase.stated.slot for phrase in phrases if phrase.stated is not None):
            chance = self.rng.random()
            if slot in _LABELLED_SLOTS or chance < _MEASURED:
                choice = [phrase for phrase in phrases if phrase.stated is not None and phrase.stated.slot == slot]
                phrase = choice[int(self.rng.integers(len(choice)))]
                yield phrase, self._value(phrase)

    def _holds(self, phrase: SaidPhrase) -> bool:
        if phrase.stated is None:
            return True
        slot = phrase.stated.slot
        return slot in self.numbers and english().slots[slot].holds(self.numbers[slot])

    def _value(self, phrase: SaidPhrase) -> float | None:
        if phrase.stated is None:
            return None
        if phrase.stated.slot not in _LABELLED_SLOTS and self.rng.random() < _UNKNOWN:
            return float("nan")
        return round(self.numbers[phrase.stated.slot] * phrase.stated.factor, 2)

    def _drawn(self, choice: list[SaidPhrase], unsaid: Mapping[Finding, None]) -> SaidPhrase:
        weights = np.array([_TERSENESS ** sum(f in unsaid for f in phrase.findings) for phrase in choice])
        at = np.searchsorted(weights.cumsum(), self.rng.random() * weights.sum(), side="right")
        return choice[min(int(at), len(choice) - 1)]


def _widened(true: frozenset[Finding]) -> Iterator[Finding]:
    """What true findings entail in words without a grade or a segment."""
    for finding in true:
        if finding.value in _GRADES:
            yield from (Finding(finding.name, value) for value in _UNGRADED)
        if finding.name.startswith("segment_"):
            yield Finding("regional_wall_motion", finding.value)


def _background_value(phrase: SaidPhrase, rng: np.random.Generator) -> float | str | None:
    if phrase.has_text:
        return SEGMENTS[int(rng.integers(len(SEGMENTS)))]
    if not phrase.has_number:
        return None
    behind = phrase.template.partition(">")[2].split()
    low, high = _BACKGROUND_RANGES.get(behind[0].rstrip(".,;)") if behind else "", _OTHER_RANGE)
    return round(float(rng.uniform(low, high)), 0 if high > 10 else 1)
