"""Numbers: this study's own estimate first, then the neighbours' vote, in range, and words that fit."""

import pytest

from model.report.language.known_sentences import Wording
from model.report.language.language import Finding
from model.report.request import PhenotypeToken
from model.report.writing.slots import Number, find_misjudged, own_number, reword, voted_number
from tests.model.report.bridge import LANGUAGE

LOAD, CRACK = LANGUAGE.slots["load"], LANGUAGE.slots["crack_width"]


@pytest.mark.parametrize(
    ("value", "labelled", "expected"),
    [
        (41.6, 10, Number(42.0, estimated=False)),
        (41.6, 9, None),  # too few neighbours carry the label
        (41.6, 1, None),  # all of one neighbour is still another patient's number
        (None, 50, None),
        (90.6, 50, None),  # implausible
        (90.4, 50, Number(90.0, estimated=False)),
    ],
)
def test_own_number_needs_labels_and_plausibility(value: float | None, labelled: int, expected: Number | None) -> None:
    assert own_number(LOAD, {"load": PhenotypeToken("load", value, value, value, 1.0, labelled)}) == expected


def test_a_slot_without_phenotype_has_no_own_number() -> None:
    assert own_number(CRACK, {"load": PhenotypeToken("load", 3.0, 3.0, 3.0, 1.0, 50)}) is None


def test_the_vote_is_the_median_of_ten_plausible_values_of_that_slot() -> None:
    nine, outside = (2.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0), (900.0,) * 20
    assert voted_number(CRACK, (*nine, *outside)) is None
    assert voted_number(CRACK, (*nine, *outside, 5.0)) == Number(3.5, estimated=True)


def test_a_number_at_a_band_edge_asks_for_the_upper_band_as_printed() -> None:
    number = own_number(LOAD, {"load": PhenotypeToken("load", 39.6, 0.0, 0.0, 1.0, 50)})
    assert number is not None
    assert number.value == 40
    light = (Finding("load_class", "light"),)
    wrong = find_misjudged(light, LANGUAGE.bands, {"load": number})
    assert wrong is not None
    assert wrong[1].value == "heavy"
    assert find_misjudged((Finding("load_class", "heavy"),), LANGUAGE.bands, {"load": number}) is None
    assert find_misjudged(light, LANGUAGE.bands, {}) is None


def test_rewording_keeps_the_slot_or_its_absence() -> None:
    light = next(Wording.of(phrase) for phrase in LANGUAGE.phrases if phrase.phrase_id == "deck.load.low")
    band = next(band for band in LANGUAGE.bands if band.value == "heavy")
    heavy = reword(light, light.findings[0], band, LANGUAGE, "Deck")
    assert heavy is not None
    assert heavy.template == "The deck carries a heavy load of <load> t."
    assert reword(light, light.findings[0], band, LANGUAGE, "Cables") is None
