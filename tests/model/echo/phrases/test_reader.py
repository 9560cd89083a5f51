"""The shipped language is found wherever the package lies, and reads a report as a person would type it."""

import pytest

from model.echo.phrases.reader import PhraseReader, english
from model.report.language.language import Finding

READER = PhraseReader(english())


def test_english_is_read_once() -> None:
    assert english() is english()
    assert english().language == "en"


@pytest.mark.parametrize(
    "text",
    [
        "Left ventricular systolic function is normal with an ejection fraction of 58%.",
        "left ventricular systolic function is normal with an ejection fraction of 58 %",
        "  LEFT VENTRICULAR SYSTOLIC FUNCTION  is normal,\twith an ejection fraction of 58%!",
    ],
)
def test_case_spacing_and_punctuation_do_not_matter(text: str) -> None:
    reading = READER.read_sentence("Left Ventricle", text)
    assert reading.findings == (Finding("lv_systolic_function", "normal"),)
    assert reading.slots == {"ejection_fraction": 58.0}


@pytest.mark.parametrize(
    "text",
    [
        "No severe mitral regurgitation.",
        "Severe mitral regurgitation?",
        "Possible severe mitral regurgitation.",
        "Severe mitral regurgitation is excluded.",
        "Severe (mitral) regurgitation.",
        "Left ventricular systolic function is normal with an ejection fraction of <58%.",
        "Left ventricular systolic function is normal with an ejection fraction of 55-60%.",
        "Left ventricular systolic function is normal with an ejection fraction of 5,8%.",
        "Left ventricular systolic function is normal with an ejection fraction of <tapse>%.",
        "Normal pulmonary artery systolic pressure of 1.2.3 mmHg.",
        "",
        "...",
    ],
)
def test_doubt_negation_bounds_and_other_words_read_as_nothing(text: str) -> None:
    assert READER.findings_in(None, text) == ()


@pytest.mark.parametrize("number", ["-58", "958", "3"])
def test_an_implausible_number_is_not_read(number: str) -> None:
    reading = READER.read_sentence(None, f"Hyperdynamic left ventricle, ejection fraction {number}%.")
    assert reading.findings == (Finding("lv_systolic_function", "hyperdynamic"),)
    assert reading.slots == {}


def test_area_units_may_be_typed_without_superscripts() -> None:
    reading = READER.read_sentence(None, "Right atrial area is normal at 15cm2.")
    assert reading.slots == {"ra_area": 15.0}


def test_a_template_reads_as_its_phrase_without_a_number() -> None:
    phrase = next(phrase for phrase in english().phrases if phrase.slot == "tapse")
    assert READER.read_sentence(None, phrase.template).phrase is phrase
    assert READER.read_sentence(None, phrase.template).value is None


def test_a_report_as_running_text() -> None:
    reading = READER.read_report(
        {
            "Left Ventricle": "The ejection fraction was fine. Hyperdynamic left ventricle, ejection fraction 75%.",
            "Mitral Valve": "Severe mitral regurgitation. No mitral stenosis.",
        }
    )
    assert reading.slots == {"ejection_fraction": 75.0}
    assert reading.unread == ("The ejection fraction was fine.",)
    known = {name: value for name, value in reading.labels.items() if value is not None}
    assert known == {"ejection_fraction": 75.0, "mitral_regurgitation": 1.0, "mitral_stenosis": 0.0}


def test_what_is_said_two_ways_is_unknown() -> None:
    reading = READER.read_report(
        {
            "Left Ventricle": "Hyperdynamic left ventricle, ejection fraction 75%. "
            "Normal left ventricular systolic function, ejection fraction 60%.",
            "Mitral Valve": "Severe mitral regurgitation. No mitral regurgitation.",
        }
    )
    assert reading.slots == {}
    assert reading.labels["ejection_fraction"] is None
    assert reading.labels["mitral_regurgitation"] is None
