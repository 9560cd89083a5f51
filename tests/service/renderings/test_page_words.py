"""Words of the page: every language says everything, and one that does not is named."""

import re

from model.echo.phrases.reader import english
from model.echo.taxonomy import ECHO_TAXONOMY
from model.study import SkipReason
from service.modalities.words import lacking_words, modality_words
from service.renderings.page_words import ENGLISH, GERMAN, PageWords, words_of
from service.schemas import DEMONSTRATION_NOTICE, DRAFT_NOTICE

QUANTITIES = list(english().slots)


def test_the_german_words_lack_nothing() -> None:
    assert GERMAN.lacking == ()
    assert list(lacking_words(ECHO_TAXONOMY, "de", QUANTITIES)) == []
    assert list(lacking_words(ECHO_TAXONOMY, "en", QUANTITIES)) == []
    assert set(GERMAN.skip_reasons) == {reason.value for reason in SkipReason}


def test_a_language_that_lacks_words_says_them_in_english_and_is_named() -> None:
    words = PageWords.of({"title": "COMPTE RENDU", "columns": {"name": "nom"}}, ENGLISH)
    assert (words.title, words.impression) == ("COMPTE RENDU", ENGLISH.impression)
    assert (words.columns["name"], words.columns["value"]) == ("nom", "value")
    assert {"impression", "columns.value", "warnings.few_views", "skip_reasons.static"} <= set(words.lacking)
    assert not {"title", "columns.name"} & set(words.lacking)
    assert "title" in words_of("fr").lacking
    assert "views.A4C" in set(lacking_words(ECHO_TAXONOMY, "fr", []))


def test_a_modality_without_words_keeps_its_names() -> None:
    words = modality_words("toy", "de")
    assert (words.title, words.view("dark"), words.phenotype("hue"), words.view(None)) == (None, "dark", "hue", "")
    assert modality_words("", "de") == modality_words("echo", "de")
    assert modality_words("echo", "fr").view("SSN") == modality_words("echo", "en").view("SSN")


def test_placeholders_are_the_same_in_every_language() -> None:
    def placeholders(words: PageWords, name: str) -> set[str]:
        value = getattr(words, name)
        return set(re.findall(r"{(\w+)", value)) if isinstance(value, str) else set()

    for name in vars(ENGLISH):
        assert placeholders(GERMAN, name) == placeholders(ENGLISH, name), name
    for code, text in GERMAN.warnings.items():
        assert set(re.findall(r"{(\w+)", text)) <= set(re.findall(r"{(\w+)", ENGLISH.warnings[code])), code
    for code, text in GERMAN.limits.items():
        assert "{clips}" in text, code


def test_the_notices_of_the_page_are_those_of_the_service() -> None:
    assert (ENGLISH.draft_notice, ENGLISH.demonstration_notice) == (DRAFT_NOTICE, DEMONSTRATION_NOTICE)


def test_names_in_a_text_of_ours_are_written_as_the_page_calls_them() -> None:
    words = modality_words("echo", "de")
    assert words.named_in("mitral_stenosis (A4C, SSN), x_A4C") == "Mitralstenose (4-Kammer, suprasternal), x_A4C"
