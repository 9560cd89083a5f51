"""Text against estimates: what counts as a disagreement, and that the answer warns of it."""

from typing import Literal

import pytest

from model.echo.phrases.reader import english
from model.report.request import ReportWarning
from service.answer.text.text_check import TextCheck, differ
from service.schemas import PhenotypeOut


def estimate(kind: Literal["binary", "continuous"], value: float | None, positive: bool | None = None) -> PhenotypeOut:
    return PhenotypeOut(
        value=value,
        unit=None,
        kind=kind,
        p10=None,
        p90=None,
        labelled=0,
        k=50,
        threshold=0.5,
        positive=positive,
        section="Brightness",
        reason=None,
    )


@pytest.mark.parametrize(
    ("said", "row", "differs"),
    [
        (1.0, estimate("binary", 0.2, False), True),
        (0.0, estimate("binary", 0.9, True), True),
        (1.0, estimate("binary", 0.9, True), False),
        (1.0, estimate("binary", 0.2, None), False),  # no threshold, no call
        (None, estimate("binary", 0.2, False), False),
        (59.0, estimate("continuous", 58.6), False),
        (35.0, estimate("continuous", 58.6), True),
        (35.0, estimate("continuous", None), False),
    ],
)
def test_only_two_stated_and_different_sides_differ(said: float | None, row: PhenotypeOut, differs: bool) -> None:
    assert differ(said, row) is differs


def test_a_text_is_read_back_and_compared() -> None:
    check = TextCheck(english())
    text = {"Left Ventricle": [_worded("ejection_fraction").replace("<ejection_fraction>", "35")]}
    phenotypes = {"ejection_fraction": estimate("continuous", 60.0)}
    assert check.disagreements(text, phenotypes) == ("ejection_fraction",)
    assert check.disagreements(text, {"ejection_fraction": estimate("continuous", 35.4)}) == ()
    (warning,) = check.warnings(text, phenotypes, quoted=False)
    assert warning.code == "text_disagrees_with_phenotypes"
    assert "ejection_fraction" in warning.details["phenotypes"]


def test_a_quoted_text_is_searched_for_contradictions() -> None:
    language = english()
    rule = language.contradictions[0]
    said = [
        next(p.numberless for p in language.phrases if any(f.name == name and f.value in values for f in p.findings))
        for name, values in (rule.first, rule.second)
    ]
    check = TextCheck(language)
    assert ReportWarning("contradiction", {"rule": rule.text}) in check.warnings(
        {"Left Ventricle": said}, {}, quoted=True
    )
    assert check.warnings({"Left Ventricle": said}, {}, quoted=False) == ()


def _worded(slot: str) -> str:
    """A wording that states the slot's number."""
    return next(phrase.template for phrase in english().phrases if phrase.slot == slot)
