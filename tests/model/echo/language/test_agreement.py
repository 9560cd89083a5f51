"""Where the exact look-up and the grammar both read a sentence, they agree."""

import pytest

from model.echo.language.reader import echo_grammar, echo_slots
from model.echo.phrases.reader import english, german
from model.report.clinical_text.phrase_match import PhraseByMeaning
from model.report.language.language import Language, Phrase

LANGUAGES = {"en": english(), "de": german().language}
# Findings that the phrases imply and no word of theirs states, and the segments of a wall.
_IMPLIED = ("native_aortic_valve", "intracardiac_devices", "biatrial_size", "postoperative", "segment_", "procedure_")
_MOTION = {"abnormal", "hypokinetic", "akinetic", "dyskinetic"}


def filled(language: Language, phrase: Phrase) -> str:
    """The phrase with a number that its words allow."""
    if phrase.slot is None:
        return phrase.template
    slot = language.slots[phrase.slot]
    said = {(finding.name, finding.value) for finding in phrase.findings}
    band = next((b for b in language.bands if b.slot == phrase.slot and (b.finding, b.value) in said), None)
    low, high = (slot.low, slot.high) if band is None else (max(band.low, slot.low), min(band.high, slot.high))
    return language.fill(phrase, (low + high) / 2)


def read(name: str, phrase: Phrase) -> dict[str, set[str]]:
    grammar = echo_grammar()
    found: dict[str, set[str]] = {}
    for finding in grammar.findings(filled(LANGUAGES[name], phrase), name, grammar.context(phrase.section)):
        found.setdefault(finding.entity, set()).add(finding.value or "")
    return found


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_phrase_is_read_the_other_way_round(name: str) -> None:
    negative = echo_grammar().table.negative
    for phrase in LANGUAGES[name].phrases:
        found = read(name, phrase)
        for finding in phrase.findings:
            values = found.get(finding.name, set()) - {""}
            if values and finding.name in echo_grammar().table.entities:
                opposite = {value for value in values if (value in negative) != (finding.value in negative | {"trace"})}
                assert len(opposite) < len(values) or finding.value == "trace", phrase.phrase_id


@pytest.mark.parametrize(("name", "least"), [("en", 0.94), ("de", 0.94)])
def test_nearly_every_finding_of_the_phrases_is_read(name: str, least: float) -> None:
    stated = right = 0
    for phrase in LANGUAGES[name].phrases:
        found = read(name, phrase)
        for finding in phrase.findings:
            if not finding.name.startswith(_IMPLIED):
                stated += 1
                values = found.get(finding.name, set())
                motion = finding.name == "regional_wall_motion" and finding.value == "abnormal" and values & _MOTION
                right += bool(finding.value in values or motion)
    assert right / stated >= least


@pytest.mark.parametrize("name", LANGUAGES)
def test_labels_of_phrases_are_never_the_opposite(name: str) -> None:
    language, grammar = LANGUAGES[name], echo_grammar()
    rules = {rule.phenotype: rule for rule in language.labels if rule.finding is not None}
    for phrase in language.phrases:
        labels = grammar.read(filled(language, phrase), name, grammar.context(phrase.section)).labels
        for phenotype, rule in rules.items():
            for finding in phrase.findings:
                if finding.name == rule.finding and labels[phenotype] is not None:
                    assert labels[phenotype] == ("yes" if finding.value in rule.positive else "no"), phrase.phrase_id


def test_another_wording_of_a_phrase_is_that_phrase() -> None:
    matcher, grammar = PhraseByMeaning(english(), echo_slots()), echo_grammar()

    def phrase_of(text: str) -> tuple[str, float | None] | None:
        meaning = grammar.read(text)
        found = matcher.phrase_of(meaning.section, meaning.findings)
        return None if found is None else (found[0].phrase_id, found[1])

    assert phrase_of("Kein PE.") == phrase_of("No effusion noted in the pericardial space.") is not None
    assert phrase_of("Keine AI.") == phrase_of("There is no AR.")
    number = phrase_of("Aortic root is mildly dilated at 42 mm.")
    assert number is not None
    assert number[1] == 4.2
    assert phrase_of("Possible moderate MR.") is None
    assert phrase_of("LV normal in size; mild MR.") is None
