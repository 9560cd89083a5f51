"""What kind of word a word is; the lists behind it may be built again, these words stay what they are."""

import pytest

from service.site.identity.deidentify import folds
from service.site.identity.known_words.kinds import is_eponym, kind_of, nearby
from service.site.identity.known_words.lists import eponyms, field_words, german_words, person_names


def kind(word: str) -> str:
    bare = word.casefold()
    return kind_of(bare, folds(bare), of_field=False, titled=word.istitle())


@pytest.mark.parametrize("word", ["Critical", "Biventricular", "Trileaflet", "Gute", "Grad", "TAPSE", "RAVI", "klein"])
def test_words_of_the_field_are_words_whoever_is_called_so(word: str) -> None:
    assert kind(word) in {"field", "field_or_name"}


@pytest.mark.parametrize("word", ["surveillance", "Incidentally", "Deutlich"])
def test_words_of_a_language(word: str) -> None:
    assert kind(word) in {"general", "field"}


@pytest.mark.parametrize("word", ["Baker", "Rose", "Grant"])
def test_words_that_are_names_as_well(word: str) -> None:
    assert kind(word) == "word_or_name"


@pytest.mark.parametrize("word", ["Kowalski", "Nguyen", "Schmidt", "Ravi", "Müller"])
def test_names(word: str) -> None:
    assert kind(word) == "name" or kind(word) == "word_or_name"


def test_an_abbreviation_written_like_a_name_is_a_name() -> None:
    assert (kind("RAVI"), kind("ravi"), kind("Ravi")) == ("field", "field", "name")


def test_no_german_word_is_a_listed_name_and_no_list_is_empty() -> None:
    assert german_words().isdisjoint(person_names())
    assert min(map(len, (german_words(), person_names(), field_words(), eponyms()))) > 100


def test_an_eponym_that_is_a_common_name_needs_its_companion() -> None:
    assert is_eponym("coanda", [])
    assert is_eponym("ross", ["the", "procedure"])
    assert not is_eponym("ross", ["agrees"])
    assert not is_eponym("kowalski", ["procedure"])


def test_nearby_are_three_words_on_either_side_without_itself() -> None:
    assert nearby(list("abcdefghi"), 4) == list("bcdfgh")
    assert nearby(["a"], 0) == []
