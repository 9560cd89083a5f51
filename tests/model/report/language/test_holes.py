"""Sentences that only announce a number."""

import pytest

from model.report.language.holes import is_hole, without_holes
from service.site.reports.numberless import numberless


@pytest.mark.parametrize(
    "template",
    [
        "Estimated PA Pressure is <numerical> mmHg.",
        "The gradient is <numerical> mmHg.",
        "Aortic arch <numerical> cm.",
        "<numerical>",
    ],
)
def test_what_is_left_of_a_bare_number_is_a_hole(template: str) -> None:
    assert is_hole(numberless(template))
    assert without_holes(numberless(template)) == ""


def test_a_clause_that_is_a_hole_goes_and_the_rest_stays() -> None:
    kept = without_holes("Contraction is preserved; annular excursion was measured.")
    assert kept == "Contraction is preserved."
    assert without_holes("The valve is normal. The gradient was measured.") == "The valve is normal."


@pytest.mark.parametrize("text", ["The valve was replaced.", "No gradient was seen.", "Normal size"])
def test_other_sentences_are_none(text: str) -> None:
    assert without_holes(text) == text
