"""The report of a `HeartState` in any language: each finding stated by exactly one sentence, its wording drawn."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model.report.language.language import Finding, Language, Phrase
from scripts.rendered.phantom.patient.findings import SectionFindings, findings_of
from scripts.rendered.phantom.patient.measurements import measurements_of
from scripts.rendered.phantom.patient.state import HeartState

# How much likelier a wording is for each further finding it states: three keeps "no stenosis or regurgitation" and its
# two single sentences both common, and makes a territory (5 to 7 segments) all but certain to be named as one.
_TERSENESS = 3.0


@dataclass(frozen=True)
class PhrasedSentence:
    """A phrase and the number in its slot, None where it has none."""

    phrase: Phrase
    value: float | None


def report_of(
    state: HeartState, language: Language, rng: np.random.Generator
) -> dict[str, tuple[PhrasedSentence, ...]]:
    """Sentences of every section, in report order; which wording states a finding is drawn from `rng`.

    A number that is a label is always stated; others where the drawn wording has a slot and the number is plausible.
    Raises KeyError when the language has no wording for a finding.
    """
    numbers = {
        name: value
        for name, value in measurements_of(state).items()
        if name in language.slots and language.slots[name].holds(value)
    }
    return {
        section: tuple(
            PhrasedSentence(phrase, None if phrase.slot is None else numbers.get(phrase.slot))
            for phrase in _wordings(section, findings, language, rng)
        )
        for section, findings in findings_of(state).items()
    }


def text_of(sentence: PhrasedSentence, language: Language) -> str:
    """The sentence as a report prints it."""
    return language.fill(sentence.phrase, sentence.value)


def _wordings(
    section: str, findings: SectionFindings, language: Language, rng: np.random.Generator
) -> Iterator[Phrase]:
    """Phrases that together state each finding once and nothing that is not true."""
    unsaid = dict.fromkeys(findings.stated)  # ordered
    chances = iter(rng.random(len(unsaid)).tolist())
    while unsaid:
        first = next(iter(unsaid))
        choice = [
            phrase
            for phrase in _wordings_of(first, section, language)
            if all(finding in unsaid or finding in findings.implied for finding in phrase.findings)
        ]
        if not choice:
            raise KeyError(f"language {language.language!r}: no wording in {section} states {first} alone")
        phrase = _drawn(
            choice, [sum(finding in unsaid for finding in phrase.findings) for phrase in choice], next(chances)
        )
        yield phrase
        for finding in phrase.findings:
            unsaid.pop(finding, None)


def _wordings_of(finding: Finding, section: str, language: Language) -> tuple[Phrase, ...]:
    """Wordings of a finding; where a label is read from its number, those with the slot."""
    slot = language.label_slots.get(finding.name)
    wordings = language.phrases_stating.get((section, finding), ())
    return wordings if slot is None else tuple(phrase for phrase in wordings if phrase.slot == slot)


def _drawn(choice: list[Phrase], stated: list[int], chance: float) -> Phrase:
    """One of the phrases, likelier the more it states."""
    weights = [_TERSENESS**count for count in stated]
    target = chance * sum(weights)
    for phrase, weight in zip(choice, weights, strict=True):
        target -= weight
        if target < 0:
            return phrase
    return choice[-1]
