"""German says what English says: every phrase, the same slots, and reports that read back to the same findings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.phrases.reader import PhraseReader, english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.language.phrase_reader import sentences_of
from model.report.language.translation import Translator
from scripts.rendered.phantom.patient.labels import labels_of
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.report import report_of, text_of
from tests.scripts.rendered.phantom.read_back import PRIORS

GERMAN = german().language
READER = PhraseReader(GERMAN)
TRANSLATOR = Translator(english(), german())


def test_every_phrase_section_and_rule_has_a_wording_of_its_own() -> None:
    assert len(GERMAN.phrases) == len(english().phrases) == 636
    assert set(german().headings) == {*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections}
    english_words = {phrase.template for phrase in english().phrases}
    assert [phrase.phrase_id for phrase in GERMAN.phrases if phrase.template in english_words] == []
    own = {rule.text for rule in english().contradictions}
    assert [rule.name for rule in GERMAN.contradictions if rule.text in own] == []


def test_slots_findings_and_numbers_are_those_of_the_english_phrases() -> None:
    for phrase in english().phrases:
        worded = GERMAN.by_id[phrase.phrase_id]
        assert (worded.slot, worded.findings, worded.section) == (phrase.slot, phrase.findings, phrase.section)
        assert (worded.template == worded.numberless) == (phrase.slot is None)
        if worded.slot is not None:
            assert worded.template.partition("> ")[2].startswith(GERMAN.slots[worded.slot].unit), worded.phrase_id


def test_a_wording_is_one_sentence_that_no_other_phrase_has() -> None:
    for phrase in GERMAN.phrases:
        for wording in (phrase.template, phrase.numberless):
            assert sentences_of(wording) == [wording]
            assert wording.endswith(".")
            assert READER.read_sentence(None, wording).phrase is phrase


def test_numbers_have_a_decimal_comma() -> None:
    english_text = "Mildly dilated right ventricle with a basal diameter of 4.4 cm."
    translated = TRANSLATOR.sentence("Right Ventricle", english_text)
    assert translated == "Leicht dilatierter rechter Ventrikel mit einem basalen Durchmesser von 4,4 cm."
    assert READER.read_sentence(None, translated).slots == {"rv_basal_diameter": 4.4}


def test_two_thousand_reports_say_the_same_in_german() -> None:
    """A report is translated sentence by sentence, printed, read back: same findings, numbers and labels."""
    plain = PhraseReader(english())
    for prior in PRIORS:
        for study in range(1000):
            state = state_of(11, study, prior)
            report = report_of(state, english(), np.random.default_rng([11, study]))
            printed = {name: [text_of(said, english()) for said in sentences] for name, sentences in report.items()}
            carried = {name: [TRANSLATOR.sentence(name, text) for text in said] for name, said in printed.items()}
            german_text = {name: " ".join(text or "UNTRANSLATED." for text in said) for name, said in carried.items()}
            reading, original = READER.read_report(german_text), plain.read_report(printed)
            assert (reading.findings, reading.slots, reading.unread) == (original.findings, original.slots, ())
            assert reading.labels == labels_of(state)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GERMAN.phrases) - 1), st.floats(0, 1))
def test_any_phrase_with_any_plausible_number_comes_back(row: int, share: float) -> None:
    phrase = english().phrases[row]
    slot = english().slots.get(phrase.slot or "")
    value = None if slot is None else slot.as_stated(slot.low + share * (slot.high - slot.low))
    translated = TRANSLATOR.sentence(phrase.section, english().fill(phrase, value))
    assert translated is not None
    reading = READER.read_sentence(None, translated)
    assert (reading.phrase, reading.value) == (GERMAN.by_id[phrase.phrase_id], value)
