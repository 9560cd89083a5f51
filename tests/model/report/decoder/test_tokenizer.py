"""Tokenizer: nothing is lost, slots are one token, digits cannot be written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import BundleCorrupt
from model.report.decoder.tokenizer import ReportTokenizer, train_tokenizer
from tests.model.report.bridge import LANGUAGE, tokenizer


@given(st.text(st.characters(exclude_characters="<>", codec="utf-8"), max_size=60))
def test_any_text_survives(text: str) -> None:
    assert tokenizer().decode(tokenizer().encode(text)) == text


def test_a_slot_is_one_token_and_survives() -> None:
    template = "The deck carries a light load of <load> t."
    ids = tokenizer().encode(template)
    assert ids.count(tokenizer().slot_ids["load"]) == 1
    assert tokenizer().decode(ids) == template


@given(st.text("0123456789 ab٣²", min_size=1, max_size=20))
def test_text_with_a_digit_holds_an_unwritable_token(text: str) -> None:
    """So masking those ids makes ASCII digits impossible; others are caught when the sentence is stated."""
    unwritable = set(tokenizer().unwritable_ids)
    assert any(c in "0123456789" for c in text) == (not unwritable.isdisjoint(tokenizer().encode(text)))


def test_slots_stay_writable_even_with_a_digit_in_their_name() -> None:
    own = train_tokenizer(["The span is <e1> m."], 300, ("e1",))
    assert own.slot_ids["e1"] not in own.unwritable_ids
    assert {own.pad, own.bos} <= set(own.unwritable_ids)


def test_training_and_file_give_the_same_tokenizer(tmp_path: Path) -> None:
    texts = [text for phrase in LANGUAGE.phrases for text in (phrase.template, phrase.numberless)]
    again = train_tokenizer(texts, 400, tuple(LANGUAGE.slots))
    tokenizer().write(tmp_path / "tokenizer.json")
    stored = ReportTokenizer.read(tmp_path / "tokenizer.json")
    for text in texts:
        assert tokenizer().encode(text) == again.encode(text) == stored.encode(text)
    assert stored.slot_ids == tokenizer().slot_ids


@pytest.mark.parametrize("content", ["", "{}", '{"version": "1.0"}', "\x00"])
def test_a_file_that_is_no_tokenizer_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(BundleCorrupt, match=r"tokenizer\.json"):
        ReportTokenizer.read(path)
