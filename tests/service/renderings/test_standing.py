"""What must not be missed is found in the document, whatever the format."""

import pytest

from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.standing import is_demonstration, is_unlike, marks_of, report_status
from service.schemas import WarningOut
from tests.service.renderings.told_reports import demonstration, told


def test_an_ordinary_report_is_a_draft_and_no_more() -> None:
    assert report_status(told()) == "preliminary"
    assert marks_of(told(), ENGLISH) == [ENGLISH.draft_mark]


@pytest.mark.parametrize("code", ["untrained_bundle", "synthetic_domain"])
def test_networks_that_saw_no_patient_make_a_demonstration(code: str) -> None:
    assert is_demonstration(told(warnings=[WarningOut(code=code, text="-")]))
    assert is_demonstration(told(status="demonstration", warnings=[]))
    assert not is_demonstration(told())


def test_the_gravest_mark_comes_first() -> None:
    assert marks_of(demonstration(), GERMAN) == [GERMAN.demonstration_mark, GERMAN.unlike_mark, GERMAN.draft_mark]
    assert is_unlike(demonstration())
    assert not is_unlike(told())
