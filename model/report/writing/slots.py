"""Numbers of a report: each has a source, is plausible, and decides the words beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from model.report.language.known_sentences import Wording
from model.report.language.language import Band, Finding, Language, Slot
from model.report.request import PhenotypeToken

# Neighbours that must carry a value before it is stated, as a slot's number or as a phenotype estimate's label: fewer
# are other patients' numbers rather than a vote (LOG L-018).
MIN_VALUES = 10


@dataclass(frozen=True)
class Number:
    """A number that may be stated, rounded as it is stated. estimated: it is the neighbours' vote on the slot.

    measured: it was measured in this study.
    """

    value: float
    estimated: bool
    measured: bool = False


def measured_number(slot: Slot, measured: Mapping[str, float]) -> Number | None:
    """The number that was measured for the slot, where there is one and it is plausible."""
    value = measured.get(slot.name)
    number = None if value is None else _plausible(slot, value, estimated=False)
    return None if number is None else replace(number, measured=True)


def own_number(slot: Slot, phenotypes: Mapping[str, PhenotypeToken]) -> Number | None:
    """The estimate that this study has of the slot's phenotype, where it rests on enough labels and is plausible."""
    token = phenotypes.get(slot.phenotype or "")
    if token is None or token.value is None or token.labelled < MIN_VALUES:
        return None
    return _plausible(slot, token.value, estimated=False)


def voted_number(slot: Slot, values: Sequence[float]) -> Number | None:
    """The median of the neighbours' plausible values for that same slot, where there are enough of them."""
    plausible = [value for value in values if slot.holds(value)]
    return _plausible(slot, median(plausible), estimated=True) if len(plausible) >= MIN_VALUES else None


def _plausible(slot: Slot, value: float, *, estimated: bool) -> Number | None:
    stated = slot.as_stated(value)
    return Number(stated, estimated) if slot.holds(stated) else None


def find_misjudged(
    findings: Sequence[Finding], bands: Sequence[Band], numbers: Mapping[str, Number]
) -> tuple[Finding, Band] | None:
    """The first finding whose word does not fit its number, with the band of that number.

    numbers: slot name → the number that will be stated or is known of this study.
    """
    for finding in findings:
        asked = [
            band
            for band in bands
            if band.finding == finding.name
            and band.slot in numbers
            and band.low <= numbers[band.slot].value < band.high
        ]
        if asked and finding.value not in {band.value for band in asked}:
            return finding, asked[0]
    return None


def reword(wording: Wording, wrong: Finding, band: Band, language: Language, section: str) -> Wording | None:
    """The phrase nearest to a wording that says what the band asks for and can carry its number; None without one.

    Nearest: same slot, then most of the other findings kept, then fewest added.
    """
    right = Finding(band.finding, band.value)
    kept = {finding for finding in wording.findings if finding != wrong}

    def distance(phrase: Wording) -> tuple[bool, int, int]:
        others = set(phrase.findings) - {right}
        return phrase.slot != wording.slot, -len(others & kept), len(others - kept)

    phrases = [
        Wording.of(phrase)
        for phrase in language.phrases_stating.get((section, right), ())
        if phrase.slot in (band.slot, None)
    ]
    return min(phrases, key=distance, default=None)
