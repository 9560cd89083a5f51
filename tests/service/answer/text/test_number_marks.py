"""Where the mark of a number stands."""

import pytest

from service.answer.text.number_marks import marked_number


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
