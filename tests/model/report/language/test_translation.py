"""A translation fits its bank or is refused; a sentence is carried over whole or not at all."""

from pathlib import Path
from typing import Any

import pytest

from model.errors import LanguageError
from model.report.language.language import Contradiction, Finding, Language, Phrase, Slot
from model.report.language.translation import Translation, Translator

WARM = (Finding("warmth", "warm"),)
BANK = Language(
    language="en",
    slots={"heat": Slot("heat", "K", 0, 400, 1, None)},
    phrases=(
        Phrase("warm.1", "Heat", "warm", "It is warm at <heat> K.", "It is warm.", WARM),
        Phrase("warm.2", "Heat", "warm", "Warm.", "Warm.", WARM),
    ),
    bands=(),
    labels=(),
    contradictions=(Contradiction("both", "Warm, yet cold.", ("warmth", ("warm",)), ("cold", ("yes",))),),
)
FIELDS: dict[str, Any] = {
    "language": "fr",
    "translates": "en",
    "decimal_mark": ",",
    "sections": {"Heat": "Chaleur"},
    "phrases": {"warm.1": ["Il fait chaud, <heat> K.", "Il fait chaud."]},
    "contradictions": {},
}


@pytest.fixture
def translator() -> Translator:
    return Translator(BANK, Translation.from_fields(FIELDS, BANK))


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("It is warm at 293.5 K.", "Il fait chaud, 293,5 K."),
        ("It is warm.", "Il fait chaud."),
        ("Warm.", None),  # a phrase that the file lacks
        ("It is hot.", None),  # no phrase
        ("It is warm at 4000 K.", None),  # a number that the bank calls implausible is not dropped
        ("It is warm at <heat> K.", None),
        ("It is not warm.", None),
    ],
)
def test_a_sentence_is_carried_over_whole_or_not_at_all(
    translator: Translator, text: str, translated: str | None
) -> None:
    assert translator.sentence("Heat", text) == translated


def test_what_the_file_leaves_out_keeps_its_name(translator: Translator) -> None:
    assert (translator.heading("Heat"), translator.heading("Cold")) == ("Chaleur", "Cold")
    assert translator.contradiction("Warm, yet cold.") == "Warm, yet cold."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"translates": "de"}, "translates 'de'"),
        ({"phrases": {"cold.1": "Froid."}}, r"'cold\.1' is not in the phrase bank"),
        ({"phrases": {"warm.1": "Il fait chaud."}}, r"'warm\.1' has the slot None, the phrase bank heat"),
        ({"phrases": {"warm.2": ["Chaud, <heat> K.", "Chaud."]}}, r"'warm\.2' has the slot heat"),
        ({"phrases": {"warm.2": "Chaud à 300 K."}}, "digit"),
        ({"phrases": 5}, "TypeError"),
        ({"contradictions": {"none": "Rien."}}, "'none' is not in the phrase bank"),
    ],
)
def test_a_misfit_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(LanguageError, match=message):
        Translation.from_fields({**FIELDS, **change}, BANK)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fr.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(LanguageError, match=r"fr\.json: cannot be read"):
        Translation.read(path, BANK)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(LanguageError, match=r"fr\.json: translation"):
        Translation.read(path, BANK)
