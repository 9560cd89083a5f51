"""Each field is read by its own rule, and what asks for further drafts is judged as a whole."""

import pytest

from service.answer.samples import Samples
from service.errors import InvalidField
from service.study.report_form import FIELDS, ReportForm


def form(**fields: str) -> ReportForm:
    found = ReportForm()
    for name, value in fields.items():
        found = found.with_field(name, value)
    return found


def test_fields_are_those_of_the_form() -> None:
    assert set(FIELDS) == set(vars(ReportForm()))


def test_drafts_are_asked_for_by_number() -> None:
    assert form().drawn is None
    assert form(temperature="0.7", samples="3", top_k="20", seed="4").drawn == Samples(3, 0.7, 20, 4)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"samples": "0"}, "samples"),
        ({"samples": "9"}, "samples"),
        ({"samples": "1", "temperature": "0"}, "temperature"),
        ({"samples": "1", "temperature": "-1"}, "temperature"),
        ({"samples": "1", "top_k": "0"}, "top_k"),
        ({"samples": "1", "seed": "-1"}, "seed"),
        ({"seed": "1"}, "seed"),
    ],
)
def test_what_cannot_be_drawn_is_named(fields: dict[str, str], name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        _ = form(**fields).drawn
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "value"), [("samples", "+5"), ("temperature", "1e9"), ("temperature", "nan"), ("seed", "x")]
)
def test_what_cannot_be_read_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidField) as refused:
        form(**{name: value})
    assert refused.value.field == name
