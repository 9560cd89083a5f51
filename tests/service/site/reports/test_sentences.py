import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.site.reports.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The root is 4.2 cm. It is normal.", ["The root is 4.2 cm.", "It is normal."]),
        ("Seen by Dr. Smith. Mild MR.", ["Seen by Dr. Smith.", "Mild MR."]),
        ("Approx. 4 mm thick. Normal.", ["Approx. 4 mm thick.", "Normal."]),
        ("Signed J. S. Bach. Normal.", ["Signed J. S. Bach.", "Normal."]),
        ("Am 5. März unverändert. Normal.", ["Am 5. März unverändert.", "Normal."]),
        ("- Normal size.\n- Mild MR\n2) No AS", ["Normal size.", "Mild MR", "No AS"]),
        ("The left ventricle is\nnormal in size.\nMild MR.", ["The left ventricle is normal in size.", "Mild MR."]),
        ("Systolic function is normal; TAPSE is 22 mm. Ok.", ["Systolic function is normal; TAPSE is 22 mm.", "Ok."]),
        ("EF 55 %? Yes! No.", ["EF 55 %?", "Yes!", "No."]),
        ("  \r\n -- \n", []),
    ],
)
def test_sentences_of_clinical_text(text: str, expected: list[str]) -> None:
    assert split_sentences(text) == expected


@given(st.text(max_size=300))
def test_no_letter_is_lost_and_none_is_added(text: str) -> None:
    def letters(part: str) -> list[str]:
        return [character for character in part if character.isalpha()]

    assert letters("".join(split_sentences(text))) == letters(text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Z. n. TAVI. Kein PE.", ["Z. n. TAVI.", "Kein PE."]),
        ("V. cava inf. 18 mm. Mild MR. No MS. No AS.", ["V. cava inf. 18 mm.", "Mild MR.", "No MS.", "No AS."]),
        ("Seen by Mr. Smith. Moderate MR. RVSP 40.", ["Seen by Mr. Smith.", "Moderate MR.", "RVSP 40."]),
    ],
)
def test_abbreviations_of_the_field(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences
