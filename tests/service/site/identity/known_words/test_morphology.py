"""Words that no list holds are known by their parts; names of persons are not."""

import pytest

from service.site.identity.known_words.lists import person_names
from service.site.identity.known_words.morphology import is_compound, is_medical, is_misspelt


@pytest.mark.parametrize(
    "word",
    [
        *("mitralklappeninsuffizienz", "vorhofseptumaneurysma", "trikuspidalklappenrekonstruktion", "infarktareal"),
        *("wandbewegungsstörungen", "schallbedingungen", "druckbelastung", "pulmonalklappenvitium", "herzspitze"),
    ],
)
def test_german_compounds_of_the_field(word: str) -> None:
    assert is_compound(word)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "paraprosthetic",
            "anteroseptal",
            "nondilated",
            "pericardiectomy",
            "valvuloplasty",
            "cardiomegaly",
            "propranolol",
        ),
        *("apikales", "okkluders", "transthorakale", "hypertrophe", "verkalkungen", "kleinlumiger"),
    ],
)
def test_words_by_prefix_ending_and_inflection(word: str) -> None:
    assert is_medical(word)


@pytest.mark.parametrize(
    "word",
    [
        *("kowalczyk", "steinbauer", "rosenzweig", "hofstetter", "bergmann", "lindenbaum", "kirchhoff", "schwarzkopf"),
        *("nguyen", "venkataraman", "yamaguchi", "gonzales", "hayrioglu", "wojciechowski", "mccarroll", "iyengar"),
    ],
)
def test_names_are_no_words_of_medicine(word: str) -> None:
    assert not is_medical(word)


def test_of_all_listed_names_hardly_one_looks_like_medicine() -> None:
    names = [name for name in person_names() if len(name) > 3]
    assert sum(map(is_medical, names)) <= 0.01 * len(names)


def test_a_word_without_end_is_none_and_takes_no_time() -> None:
    assert not is_medical("ohr" * 100_000)
    assert not is_compound("ohrx" * 14)
    assert not is_misspelt("ohr" * 100_000)


def test_a_slip_of_the_pen_is_seen_in_long_words_alone() -> None:
    assert all(map(is_misspelt, ("regurgitaton", "ventircle", "sytolic", "normalle")))
    assert not any(map(is_misspelt, ("mld", "smal", "kowalski", "steinbauer")))
