"""Numbers, units, ranges and grades of clinical text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.report.clinical_text.tokens import Token, stemmer, tokenise, word_token

WORD = word_token(stemmer(("ly", "s"), 4))


def tokens(text: str, kind: str) -> list[Token]:
    return [token for token in tokenise(text, WORD) if token.kind == kind]


@pytest.mark.parametrize(
    ("text", "stated", "unit"),
    [
        ("55-60%", (55.0, 60.0), "%"),
        ("55% to 60%", (55.0, 60.0), "%"),
        ("~ 45 %", 45.0, "%"),
        ("0.55", 0.55, None),
        ("4,7 cm", 4.7, "cm"),
        ("18mm", 18.0, "mm"),
        ("2.8 m/s", 2.8, "m/s"),
        ("0.9 cm²", 0.9, "cm2"),
        ("38,2 ml/m²", 38.2, "ml/m2"),
        ("35 mm Hg", 35.0, "mmHg"),
        ("12cm/s", 12.0, "cm/s"),
        (">70 mmHg", (70.0, None), "mmHg"),
        ("<30%", (None, 30.0), "%"),
        ("-14.2%", -14.2, "%"),
        ("40 bis 45 %", (40.0, 45.0), "%"),
        ("EF55%", 55.0, "%"),
    ],
)
def test_a_number_with_its_range_and_unit(text: str, stated: object, unit: str | None) -> None:
    (token,) = tokens(f"is {text}", "number")
    assert token.number is not None
    assert (token.number.stated(), token.number.unit) == (stated, unit)


@pytest.mark.parametrize("text", ["A2C", "04/17/2022", "on 5/2019", "am 12.03.2021", "2021-03-12"])
def test_names_and_dates_are_no_numbers(text: str) -> None:
    assert tokens(text, "number") == []


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("I°", 1, 1), ("I°-II°", 1, 2), ("II-III", 2, 3), ("3+", 3, 3), ("1-2+", 1, 2), ("3+/4+", 3, 3)],
)
def test_grades_as_numerals(text: str, low: int, high: int) -> None:
    (token,) = tokens(f"MR {text}", "grade")
    assert token.ordinal is not None
    assert (token.ordinal.low, token.ordinal.high) == (low, high)


def test_a_small_letter_is_no_roman_numeral() -> None:
    assert tokens("i and ii", "grade") == []


@given(st.text(max_size=200))
def test_any_text_has_tokens(text: str) -> None:
    for token in tokenise(text, WORD):
        assert token.text


@given(st.floats(0.1, 300).map(lambda value: round(value, 1)), st.sampled_from(["%", "mmHg", "cm", "mm", "m/s", "ml"]))
def test_decimal_point_and_comma_are_the_same(value: float, unit: str) -> None:
    point, comma = f"is {value} {unit}", f"is {str(value).replace('.', ',')} {unit}"
    assert [t.number for t in tokens(point, "number")] == [t.number for t in tokens(comma, "number")]
