"""Where the mark of a number stands."""

import pytest

from service.answer.text.number_marks import bears_mark, marked_number
from service.documents.traced import MeasuredNumber
from service.schemas import SentenceOut


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The septum measures 7 mm.", "The septum measures 7 mm [x]."),
        ("Volume is 60 ml/m² and normal.", "Volume is 60 ml/m² [x] and normal."),
        ("The IVC measures 1.8 cm, is dilated.", "The IVC measures 1.8 cm [x], is dilated."),
        ("Ejection fraction 61%.", "Ejection fraction 61% [x]."),
        ("Ejektionsfraktion 61 %.", "Ejektionsfraktion 61 % [x]."),
        ("Between 55 and 60%.", "Between 55 and 60% [x]."),
        ("No number here.", "No number here [x]."),
    ],
)
def test_the_mark_stands_behind_number_and_unit_inside_the_sentence(sentence: str, shown: str) -> None:
    assert marked_number(sentence, "[x]") == shown


@pytest.mark.parametrize(
    ("text", "estimated", "bears"),
    [
        ("PA pressure is 35 mmHg.", False, True),
        ("The septum measures 7 mm.", True, True),
        ("The x ejection fraction is 61%.", False, False),
        ("The x septum measures 7 mm.", True, True),
        ("The root measures 4 cm [another person's].", False, False),
        ("Normal size.", False, False),
    ],
)
def test_a_number_that_was_not_measured_bears_a_mark_unless_its_sentence_says_so(
    text: str, estimated: bool, bears: bool
) -> None:
    sentence = SentenceOut(text=text, source="retrieved", candidate_ids=[1], estimated=estimated)
    assert bears_mark(sentence, "[x]") is bears


def test_a_measured_number_bears_no_mark() -> None:
    measured = MeasuredNumber(value=61, clips=[1], frames=[])
    sentence = SentenceOut(text="EF 61%.", source="generated", candidate_ids=[], measured=measured)
    assert not bears_mark(sentence, "[x]")
