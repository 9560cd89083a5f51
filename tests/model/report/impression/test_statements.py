"""The impression: worst first, its own findings, normal only when everything says so."""

import pytest

from model.echo.phrases.reader import english
from model.report.impression.statements import MOST_STATEMENTS, ImpressionMaterial, ImpressionWriter, ReadSentence
from model.report.language.language import Finding
from service.modalities.echo.reporting import echo_reporting

REPORTING = echo_reporting()
SLOTS = english().slots
assert REPORTING.topics is not None
WRITERS = {tag: ImpressionWriter(REPORTING.topics, words, SLOTS) for tag, words in REPORTING.words.items()}


def sentence(
    at: int, *findings: tuple[str, str], number: tuple[str, float] | None = None, mark: str = ""
) -> ReadSentence:
    return ReadSentence("Heart", at, tuple(Finding(*finding) for finding in findings), number, mark)


def texts(*sentences: ReadSentence, lang: str = "en") -> list[str]:
    return [statement.text for statement in WRITERS[lang].write(ImpressionMaterial(sentences))]


def test_the_worst_comes_first_and_rests_on_its_sentences() -> None:
    statements = WRITERS["en"].write(
        ImpressionMaterial(
            [
                sentence(0, ("la_size", "mild")),
                sentence(1, ("mitral_stenosis", "none"), ("mitral_regurgitation", "severe")),
                sentence(2, ("lv_thrombus", "present")),
                sentence(3, ("pacemaker_lead", "present")),
            ]
        )
    )
    assert [(s.text, s.rests_on) for s in statements] == [
        ("Left ventricular thrombus.", {"Heart": (2,)}),
        ("Severe mitral regurgitation.", {"Heart": (1,)}),
        ("Pacemaker lead in the right heart.", {"Heart": (3,)}),
        ("Mildly dilated left atrium.", {"Heart": (0,)}),
    ]


def test_a_number_stands_in_its_statement_with_its_mark() -> None:
    function = sentence(0, ("lv_systolic_function", "moderate"), number=("ejection_fraction", 35.4), mark="[estimated]")
    assert texts(function) == [
        "Moderately reduced left ventricular systolic function (ejection fraction 35% [estimated])."
    ]
    assert texts(function, lang="de") == [
        "Mittelgradig eingeschränkte systolische Funktion des linken Ventrikels (Ejektionsfraktion 35 % [estimated])."
    ]


def test_a_pattern_is_told_with_its_hypertrophy() -> None:
    said = sentence(0, ("lv_wall_thickness", "mild")), sentence(1, ("lv_hypertrophy_pattern", "concentric"))
    (statement,) = WRITERS["en"].write(ImpressionMaterial(said))
    assert (statement.text, statement.rests_on) == (
        "Mild concentric left ventricular hypertrophy.",
        {"Heart": (0, 1)},
    )
    assert texts(*said, lang="de") == ["Leichte konzentrische linksventrikuläre Hypertrophie."]


def test_at_most_seven_statements() -> None:
    names = [topic.name for topic in REPORTING.topics.topics] if REPORTING.topics else []
    assert len(names) > MOST_STATEMENTS
    everything = [
        sentence(at, (finding.name, finding.value))
        for at, topic in enumerate(REPORTING.topics.topics if REPORTING.topics else ())
        for finding in list(topic.tiers)[:1]
    ]
    statements = WRITERS["en"].write(ImpressionMaterial(everything, not_assessed=["Aorta"]))
    assert len(statements) == MOST_STATEMENTS
    assert statements[-2].text.startswith("Further: ")
    based = {at for statement in statements for at in statement.rests_on.get("Heart", ())}
    assert based == set(range(len(everything)))


def test_normal_needs_every_sentence_to_say_so() -> None:
    normal = sentence(0, ("la_size", "normal"), ("mitral_regurgitation", "trace"))
    assert texts(normal) == ["Normal study."]
    unread = sentence(1)
    (statement,) = WRITERS["en"].write(ImpressionMaterial([normal, unread]))
    assert (statement.kind, statement.rests_on) == ("unclear", {"Heart": (1,)})


def test_a_normal_study_tells_what_was_not_assessed() -> None:
    found = WRITERS["en"].write(
        ImpressionMaterial(
            [sentence(0, ("la_size", "normal"))], not_assessed=["Aorta"], not_shown=["mitral_regurgitation"]
        )
    )
    assert [(s.kind, s.text) for s in found] == [
        ("normal", "No abnormality in what was assessed."),
        ("not_assessed", "Not assessed: Aorta. Not shown by any clip: mitral regurgitation."),
    ]


def test_a_call_that_the_text_leaves_out_keeps_it_from_being_normal() -> None:
    (statement,) = WRITERS["en"].write(
        ImpressionMaterial([sentence(0, ("la_size", "normal"))], uncalled=["mitral_regurgitation"])
    )
    assert statement.kind == "unclear"
    assert "mitral regurgitation" in statement.text


def test_a_report_without_a_sentence_has_an_impression() -> None:
    assert [s.kind for s in WRITERS["en"].write(ImpressionMaterial([]))] == ["unclear"]


def test_what_changed_is_told_against_the_earlier_study() -> None:
    said = [sentence(0, ("mitral_regurgitation", "severe")), sentence(1, ("la_size", "normal"))]
    changed = WRITERS["en"].write(ImpressionMaterial(said, prior={"mitral_regurgitation": "mild", "la_size": "normal"}))
    assert [(s.kind, s.text, s.rests_on) for s in changed if s.kind == "change"] == [
        ("change", "Against an earlier study: mitral regurgitation severe (earlier mild).", {"Heart": (0,)})
    ]
    same = WRITERS["en"].write(ImpressionMaterial(said, prior={"la_size": "normal"}))
    assert [s.text for s in same if s.kind == "change"] == ["No change against an earlier study in what both state."]


@pytest.mark.parametrize("lang", sorted(WRITERS))
def test_every_statement_has_words_in_every_language(lang: str) -> None:
    words, topics = REPORTING.words[lang], REPORTING.topics
    assert topics is not None
    for topic in topics.topics:
        for finding in topic.tiers:
            text = words.statement(finding, {})
            assert ": " not in text, finding
            assert "{" not in text, finding
            assert not text.endswith("."), finding


def test_the_languages_say_the_same() -> None:
    english_words, german_words = REPORTING.words["en"], REPORTING.words["de"]
    assert english_words.statements.keys() == german_words.statements.keys()
    assert english_words.sentences.keys() == german_words.sentences.keys()


def test_a_quoted_finding_that_the_calls_deny_says_so() -> None:
    impella = Finding("impella", "present")
    (statement,) = WRITERS["en"].write(
        ImpressionMaterial([sentence(0, ("impella", "present"))], denied=frozenset({impella}))
    )
    assert statement.text == "Impella catheter in place (the estimates call otherwise)."
