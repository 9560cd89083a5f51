"""The reader against its slow twin (one regular expression per wording), and on text that is no report at all."""

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from model.echo.phrases.reader import english
from model.report.language.language import Finding, Language, Phrase, Slot
from model.report.language.phrase_reader import PhraseReader, sentences_of
from tests.scripts.rendered.phantom.read_back import drawn, texts

LANGUAGE = english()
READER = PhraseReader(LANGUAGE)
WORDINGS = [wording for phrase in LANGUAGE.phrases for wording in (phrase.template, phrase.numberless)]
WORDS = sorted({word for wording in WORDINGS for word in wording.split()})


def _pattern(phrase: Phrase, wording: str) -> re.Pattern[str]:
    """The wording with a number in its slot, or the bare template; free spacing, no punctuation."""
    parts = re.split(r"(<\w+>)", _unpunctuated(wording))
    pattern = "".join(
        rf"(?:(?P<number>[-+−]?\d+(?:\.\d+)?)|<{phrase.slot}>)\s*" if part.startswith("<") else re.escape(part)
        for part in parts
    )
    return re.compile(pattern, re.IGNORECASE)


def _unpunctuated(text: str) -> str:
    """Single spaces instead of punctuation; the point of a number stays."""
    return " ".join(re.sub(r"[,;:!]|\.(?!\d)", " ", text).split())


PATTERNS = [
    (phrase, _pattern(phrase, wording))
    for phrase in LANGUAGE.phrases
    for wording in (phrase.template, phrase.numberless)
]


def _slowly(text: str) -> tuple[Phrase | None, float | None]:
    for phrase, pattern in PATTERNS:
        if found := pattern.fullmatch(_unpunctuated(text)):
            number = found.groupdict().get("number")
            value = None if number is None or phrase.slot is None else float(number)
            plausible = value is not None and phrase.slot is not None and LANGUAGE.slots[phrase.slot].holds(value)
            return phrase, value if plausible else None
    return None, None


def test_equals_the_slow_twin_on_reports() -> None:
    for _, report in drawn(10):
        for sentence in (text for said in texts(report).values() for text in said):
            reading = READER.read_sentence(None, sentence)
            assert (reading.phrase, reading.value) == _slowly(sentence)
            assert reading.phrase is not None


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_equals_the_slow_twin_on_changed_wordings(data: st.DataObject) -> None:
    """A word dropped, added or exchanged: nothing, unless that makes another wording of the language."""
    words = data.draw(st.sampled_from(WORDINGS)).split()
    place = data.draw(st.integers(0, len(words) - 1))
    words[place : place + data.draw(st.integers(0, 1))] = data.draw(st.lists(st.sampled_from(WORDS), max_size=1))
    sentence = " ".join(words)
    reading = READER.read_sentence(None, sentence)
    assert (reading.phrase, reading.value) == _slowly(sentence)


@given(st.text())
def test_arbitrary_text_never_raises_and_says_nothing(text: str) -> None:
    assert READER.read_sentence(None, text).phrase is None
    reading = READER.read_report({"Aorta": text, text: [text]})
    assert (reading.findings, dict(reading.slots)) == ((), {})
    assert set(reading.labels.values()) == {None}


@given(st.sampled_from(WORDINGS), st.text(min_size=1, max_size=8))
def test_text_around_a_wording_never_changes_what_it_says(wording: str, around: str) -> None:
    phrase = READER.read_sentence(None, wording).phrase
    for text in (wording.removesuffix(".") + around, around + wording):
        assert READER.read_sentence(None, text).phrase in (phrase, None)


def test_numbers_of_any_length_are_read_without_error() -> None:
    reading = READER.read_sentence(None, f"Hyperdynamic left ventricle, ejection fraction {'9' * 5000}%.")
    assert reading.value is None


def test_sentences_end_at_marks_and_lines_but_not_in_numbers() -> None:
    assert sentences_of("One at 4.1 cm. Two?\nThree; still three.  ") == [
        "One at 4.1 cm.",
        "Two?",
        "Three; still three.",
    ]


def test_another_decimal_mark() -> None:
    slot = Slot("root", "cm", 1.0, 9.0, 1, None)
    phrase = Phrase("root.1", "Aorta", "root", "Aortenwurzel <root> cm.", "Aortenwurzel.", (Finding("root", "seen"),))
    german = Language("de", {"root": slot}, (phrase,), (), (), (), ",")
    assert german.fill(phrase, 4.13) == "Aortenwurzel 4,1 cm."
    assert PhraseReader(german).read_sentence("Aorta", "Aortenwurzel 4,1 cm.").slots == {"root": 4.1}
    assert PhraseReader(german).read_sentence("Aorta", "Aortenwurzel 4.1 cm.").phrase is None


def test_a_wording_of_two_sections_needs_its_section() -> None:
    normal = [
        Phrase(f"{section}.1", section, "normal", "Normal.", "Normal.", (Finding(section, "normal"),))
        for section in ("Aorta", "IVC")
    ]
    reader = PhraseReader(Language("en", {}, tuple(normal), (), (), ()))
    assert reader.read_sentence("IVC", "Normal").phrase is normal[1]
    assert reader.read_sentence("Pericardium", "Normal").phrase is None
    assert reader.findings_in(None, "Normal") == ()


def test_reads_twenty_thousand_sentences_a_second() -> None:
    """Measured at 130,000 on one core (LOG 2026-11-22); the bar leaves room for a busy machine."""
    sentences = [text for _, report in drawn(200) for said in texts(report).values() for text in said]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        for sentence in sentences:
            READER.read_sentence(None, sentence)
        seconds.append(time.process_time() - start)
    assert len(sentences) / min(seconds) >= 20_000
