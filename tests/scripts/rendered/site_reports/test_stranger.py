"""Another lab's reports: narrative, abbreviated, in two languages; every label that they state is read rightly."""

import csv
import io

import pytest

from model.echo.phrases.reader import english, german
from model.echo.taxonomy import ECHO_TAXONOMY
from model.report.clinical_text.headings import Block
from model.report.language.phrase_reader import PhraseReader
from scripts.rendered.site_reports.messy_reports import HEADER
from scripts.rendered.site_reports.stranger_reports import stranger_table
from service.site.reports.headings import HeadingMap
from service.site.reports.meaning import RowMeaning, SentenceReader, merged

SECTIONS = (*ECHO_TAXONOMY.sections, *ECHO_TAXONOMY.unwritten_sections)
LANGUAGES = [english(), german().language]
HEADINGS = HeadingMap(SECTIONS)
READER = SentenceReader([PhraseReader(language) for language in LANGUAGES], frozenset(SECTIONS))


def read(text: str) -> RowMeaning:
    return READER.read(HEADINGS.split(text).blocks)


def test_every_stated_label_is_the_patients() -> None:
    table = stranger_table(3, 60, LANGUAGES, planted=False)
    stated = wrong = 0
    for row in list(csv.reader(io.StringIO(table.csv.decode("utf-8", "surrogateescape"))))[1:]:
        if row[0] in table.truth and row[-1].startswith(("FINDINGS", "Befund")):
            meaning = read(row[HEADER.index("Report")])
            assert meaning.language in ("en", "de")
            stated += len(meaning.labels)
            wrong += sum(table.truth[row[0]][name] != value for name, value in meaning.labels.items())
    assert stated > 60 * 15
    assert wrong == 0


def test_the_same_patients_and_faults_as_the_other_table() -> None:
    table = stranger_table(3, 12, LANGUAGES)
    assert len(table.patients) == 12
    assert {fault for _, fault in table.bad} >= {"duplicate_study", "no_section"}
    assert all(marker.text in table.csv.decode("utf-8", "surrogateescape") for marker in table.markers)


@pytest.mark.parametrize(
    ("text", "labels", "completing", "contradictions"),
    [
        (
            "FINDINGS: Mild MR. IMPRESSION: Moderate MR.",
            {"mitral_regurgitation": 0.0},
            {"mitral_regurgitation": 1.0},
            1,
        ),
        ("FINDINGS: EF 55-60%. IMPRESSION: No AS.", {"ejection_fraction": 57.5}, {"aortic_stenosis": 0.0}, 0),
        ("INDICATION: severe MR. FINDINGS: Normal study.", {}, {}, 0),
    ],
)
def test_the_impression(text: str, labels: dict[str, float], completing: dict[str, float], contradictions: int) -> None:
    meaning = read(text.replace(". IMPRESSION", ".\nIMPRESSION").replace(". FINDINGS", ".\nFINDINGS"))
    assert (meaning.labels, meaning.completing) == (labels, completing)
    assert len(meaning.contradictions) == contradictions


def test_text_before_the_first_heading_is_kept_only_where_it_states_something() -> None:
    meaning = read("Seen by Dr Kowalski in Leeds.\nMild MR.\nLV: normal in size.")
    assert [sentence.text for sentence in meaning.sentences] == ["Mild MR.", "normal in size."]


def test_a_sentence_in_other_words_is_the_phrase_and_another_stays_free() -> None:
    meaning = READER.read([Block("section", "Pericardium", "Pericardium", "Kein PE. Echo-poor rim behind the LV.")])
    first, second = meaning.sentences
    assert first.phrase is not None
    assert not first.by_words
    assert second.phrase is None


def test_a_label_that_words_and_grammar_state_differently_is_left_out() -> None:
    kinds = {"a": "binary", "b": "continuous"}
    assert merged({"a": 1.0, "b": 50.0}, {"a": 0.0, "b": 52.0, "c": 1.0}, kinds) == {"b": 50.0, "c": 1.0}
