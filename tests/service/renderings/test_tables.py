"""Tables of a page: numbers with their source, phenotypes with their probability, unknown ones with their reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.documents.examination import MeasurementOut
from service.http import examples
from service.modalities.words import modality_words
from service.renderings.columns import aligned, width_of
from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.tables import measurement_lines, phenotype_lines
from service.schemas import PhenotypeOut

ECHO = modality_words("echo", "en")


def phenotype(**changed: Any) -> PhenotypeOut:
    row = {"value": 0.84, "unit": None, "kind": "binary", "p10": 0.0, "p90": 1.0, "labelled": 50, "k": 50}
    row |= {"threshold": 0.5, "positive": True, "section": "Aorta", "reason": None, "probability": 0.914}
    return PhenotypeOut.model_validate(row | changed)


def test_a_binary_phenotype_has_its_call_its_probability_and_its_vote() -> None:
    head, row = phenotype_lines({"mitral_stenosis": phenotype()}, ECHO, ENGLISH)
    assert row.split() == ["mitral", "stenosis", "yes", "91%", "0.84", "50", "of", "50"]
    assert head.index("chance") == row.index("91%")


@pytest.mark.parametrize(
    ("changed", "end"),
    [
        ({"positive": False, "probability": 0.02, "value": 0.0}, "no 2% 0.00 50 of 50"),
        ({"positive": None, "probability": None, "reason": "no_threshold"}, "- 0.84 50 of 50 no threshold"),
        (
            {"value": None, "positive": None, "probability": None, "reason": "section_not_assessed"},
            "- section not assessed",
        ),
        ({"value": None, "positive": None, "probability": None, "reason": "a new reason"}, "- a new reason"),
    ],
)
def test_what_is_unknown_has_its_reason(changed: dict[str, Any], end: str) -> None:
    row = phenotype_lines({"tavr": phenotype(**changed)}, ECHO, ENGLISH)[1]
    assert " ".join(row.split()) == f"TAVR {end}"


def test_numbers_have_the_decimal_mark_of_the_language() -> None:
    row = MeasurementOut.model_validate(
        examples.REPORT["measurements"][0] | {"name": "ivc_diameter", "value": 1.45, "unit": "cm", "decimals": 1}
    )
    assert "1,4 cm" in measurement_lines([row], modality_words("echo", "de"), GERMAN)[1]
    assert "1.4 cm" in measurement_lines([row], ECHO, ENGLISH)[1]
    assert measurement_lines([], ECHO, ENGLISH) == []
    assert phenotype_lines({}, ECHO, ENGLISH) == []


@given(
    st.lists(st.tuples(st.text("aäß²漢́", max_size=6), st.text("xyz", max_size=4), st.just("|")), min_size=1, max_size=5)
)
def test_columns_begin_under_each_other(rows: list[tuple[str, str, str]]) -> None:
    lines = aligned(rows)
    assert len({width_of(line) for line in lines}) == 1
    assert aligned([]) == []
