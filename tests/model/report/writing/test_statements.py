"""Drafts become sentences whose numbers have a source; what has none is said without, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.report.language.known_sentences import Wordings
from model.report.request import EvidenceSentence, WritingRequest
from model.report.writing.decoded_sentences import Draft
from model.report.writing.statements import Dropped, Statement, StudyStating
from tests.model.report.bridge import LANGUAGE, read, request

A_CRACK = "A crack of <crack_width> mm runs through a pier."
LIGHT = "The deck carries a light load of <load> t."


def state(section: str, template: str, study: WritingRequest) -> Statement | Dropped:
    draft = Draft(section, template, -0.1, "retrieved", (7,))
    return StudyStating(study, LANGUAGE, Wordings(LANGUAGE, read)).state(draft)


def sentence(section: str, template: str, study: WritingRequest) -> tuple[str, str, tuple[int, ...], bool]:
    statement = state(section, template, study)
    assert isinstance(statement, Statement)
    return statement.text, statement.source, statement.candidate_ids, statement.estimated


def test_the_studys_own_estimate_fills_its_slot() -> None:
    expected = ("The deck carries a light load of 12 t.", "retrieved", (7,), False)
    assert sentence("Deck", LIGHT, request(load=12.4)) == expected


def test_the_severity_word_follows_the_number_and_is_then_no_candidates_wording() -> None:
    expected = ("The deck carries a heavy load of 70 t.", "generated", (), False)
    assert sentence("Deck", LIGHT, request(load=70.0)) == expected


def test_a_word_without_number_follows_the_known_number_too() -> None:
    written, *_ = sentence("Deck", "The deck carries a light load.", request(load=70.0))
    assert "heavy" in written


def test_the_neighbours_vote_is_marked_estimated() -> None:
    study = request(slot_values={"Piers": {"crack_width": (2.0,) * 10}})
    assert sentence("Piers", A_CRACK, study) == ("A crack of 2.0 mm runs through a pier.", "retrieved", (7,), True)


def test_without_a_source_the_numberless_wording_is_said() -> None:
    study = request(slot_values={"Piers": {"crack_width": (2.0,) * 9}})
    assert sentence("Piers", A_CRACK, study)[0] == "A crack runs through a pier."


def test_wording_of_the_bank_alone_is_said_with_its_own_slot() -> None:
    foreign = EvidenceSentence("Payload: <load> t.", "Payload seen.", "load", 0.5, (7,))
    study = request(load=12.0, evidence={"Deck": (foreign,)})
    assert sentence("Deck", "Payload: <load> t.", study)[0] == "Payload: 12 t."
    unknown = request(evidence={"Deck": (foreign,)})
    assert sentence("Deck", "Payload: <load> t.", unknown)[0] == "Payload seen."


@pytest.mark.parametrize(
    "template",
    [
        "The deck the deck the deck.",
        "A crack of <crack_width> mm in the deck.",
        "Load ٣ t.",
        "The <nonsense>.",
        "<",
        "42",
    ],
)
def test_what_nobody_can_read_or_number_is_dropped(template: str) -> None:
    assert isinstance(state("Deck", template, request(load=12.0)), Dropped)


def test_evidence_whose_fixed_words_hold_a_digit_is_dropped() -> None:
    foreign = EvidenceSentence("Load class 3.", "Load class 3.", None, 0.5, (7,))
    assert isinstance(state("Deck", "Load class 3.", request(evidence={"Deck": (foreign,)})), Dropped)


@given(st.text("Tha dec<>load_crk.0123456789٣ ", max_size=40), st.sampled_from(["Deck", "Piers"]))
def test_no_digit_leaves_without_a_source(template: str, section: str) -> None:
    """Without estimates and values, whatever the decoder writes, no statement holds a digit or a placeholder."""
    statement = state(section, template, request())
    if isinstance(statement, Statement):
        assert not any(character.isdecimal() or character in "<>" for character in statement.text)


@pytest.mark.parametrize(
    ("template", "numberless", "said"),
    [
        ("SPAN <numerical>% (laser).", "SPAN (laser).", None),
        ("Span <numerical> m.", "Span .", None),
        ("Span <numerical> m.", "Span was measured.", None),
        ("Span <numerical> m.", "Span seen.", "Span seen."),
        ("The bearing is well seated (<numerical> mm).", "The bearing is well seated.", "The bearing is well seated."),
    ],
)
def test_a_label_without_its_number_is_no_sentence(template: str, numberless: str, said: str | None) -> None:
    free = EvidenceSentence(template, numberless, "numerical", 0.5, (7,))
    stated = state("Deck", template, request(evidence={"Deck": (free,)}))
    assert (stated.text if isinstance(stated, Statement) else None) == said


@pytest.mark.parametrize("old", ["SPAN (laser).", "Span was measured."])
def test_a_label_is_no_sentence_in_its_numberless_form_either(old: str) -> None:
    """A decoder that copies what an older bank kept of a sentence without its number."""
    free = EvidenceSentence("SPAN <numerical>% (laser).", old, "numerical", 0.5, (7,))
    study = request(evidence={"Deck": (free,)})
    assert isinstance(state("Deck", old, study), Dropped)
    stating = StudyStating(study, LANGUAGE, Wordings(LANGUAGE, read))
    assert not stating.can_state("Deck", stating.known("Deck")[free.template])


def test_a_sentence_that_is_nothing_without_its_number_is_said_with_one_or_not_at_all() -> None:
    foreign = EvidenceSentence("Payload: <load> t.", "", "load", 0.5, (7,))
    study, unknown = (request(load=load, evidence={"Deck": (foreign,)}) for load in (12.0, None))
    assert sentence("Deck", "Payload: <load> t.", study)[0] == "Payload: 12 t."
    dropped = state("Deck", "Payload: <load> t.", unknown)
    assert isinstance(dropped, Dropped)
    assert "no source" in dropped.reason
    for asked, can in ((study, True), (unknown, False)):
        stating = StudyStating(asked, LANGUAGE, Wordings(LANGUAGE, read))
        assert stating.can_state("Deck", stating.known("Deck")["Payload: <load> t."]) is can
        assert "" not in stating.known("Deck")
