"""Sentences that only announce a number."""

import pytest

from model.report.language.holes import is_hole, without_holes, worded_without_number


@pytest.mark.parametrize(
    "text",
    [
        "Estimated PA Pressure was obtained.",
        "The gradient was measured.",
        "Aortic arch was measured.",
        "A measurement was made.",
    ],
)
def test_what_banks_kept_of_a_bare_number_is_a_hole(text: str) -> None:
    """Banks that were built before nothing was kept of it still hold such sentences."""
    assert is_hole(text)
    assert without_holes(text) == ""


def test_a_clause_that_is_a_hole_goes_and_the_rest_stays() -> None:
    kept = without_holes("Contraction is preserved; annular excursion was measured.")
    assert kept == "Contraction is preserved."
    assert without_holes("The valve is normal. The gradient was measured.") == "The valve is normal."


@pytest.mark.parametrize("text", ["The valve was replaced.", "No gradient was seen.", "Normal size"])
def test_other_sentences_are_none(text: str) -> None:
    assert without_holes(text) == text


@pytest.mark.parametrize(
    ("template", "numberless", "left"),
    [
        ("LVEF <numerical>% (biplane).", "LVEF (biplane).", ""),
        ("Mean gradient: <gradient> mmHg.", "Mean gradient.", ""),
        ("LAVI <numerical> ml/m²; RA enlarged.", "LAVI; RA enlarged.", "RA enlarged."),
        ("RV dilatiert, TAPSE <tapse> mm.", "RV dilatiert.", "RV dilatiert."),
        ("The root is wide (<numerical> cm).", "The root is wide.", "The root is wide."),
        ("Gradient <numerical> mmHg.", "The gradient was measured.", ""),
        ("Effusion <numerical> mm.", "Effusion.", "Effusion."),
    ],
)
def test_a_label_whose_number_was_taken_out_goes_unless_it_says_something(
    template: str, numberless: str, left: str
) -> None:
    assert worded_without_number(template, numberless, lambda text: text.startswith("Effusion")) == left
