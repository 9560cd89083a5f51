from pathlib import Path

import pytest

from index.errors import BankCorrupt
from index.phrase_table import PHRASES_FILE, PhraseRow, PhraseTable, spoken
from tests.index.small_bank import PHRASES, SECTIONS


def test_a_value_fills_every_placeholder_of_its_phrase() -> None:
    row = PhraseRow(0, "S", "G", "Between <numerical> and <numerical> %.", "Estimated.", "numerical")
    assert row.text(55.0) == "Between 55 and 55 %."
    assert row.text(55.0, mark="[x]") == "Between 55 [x] and 55 [x] %."
    assert row.text(None) == "Estimated."
    assert row.text("mid\\1 wall") == "Between mid\\1 wall and mid\\1 wall %."  # no regex escapes in values


def test_comparison_signs_in_a_wording_are_no_placeholders() -> None:
    row = PhraseRow(0, "S", "G", "Mild (<2mm) plaque, < 90 ms.", "Mild (<2mm) plaque, < 90 ms.", None)
    assert row.text(3.0) == row.template
    assert row.holds_digits


@pytest.mark.parametrize(("value", "text"), [(55.0, "55"), (0.1, "0.1"), (3.25, "3.25"), (1e5, "100000"), ("a", "a")])
def test_values_are_spoken_without_trailing_zeros(value: float | str, text: str) -> None:
    assert spoken(value) == text


def test_the_table_reads_back_as_written(tmp_path: Path) -> None:
    PHRASES.write(tmp_path)
    assert PhraseTable.read(tmp_path) == PHRASES
    assert PHRASES.section_codes(SECTIONS) == [0, 0, 1, 1, 1, 2]


def test_ids_must_be_row_numbers_and_slots_must_be_in_the_template() -> None:
    with pytest.raises(ValueError, match="row number is 0"):
        PhraseTable((PhraseRow(3, "S", "G", "t", "t", None),))
    with pytest.raises(ValueError, match="not in the template"):
        PhraseTable((PhraseRow(0, "S", "G", "t", "t", "ef"),))
    with pytest.raises(ValueError, match="belongs to section 'Left Ventricle'"):
        PHRASES.section_codes(("Aorta",))


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"phrase_id": 0}]'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / PHRASES_FILE).write_text(text)
    with pytest.raises(BankCorrupt, match=PHRASES_FILE):
        PhraseTable.read(tmp_path)
