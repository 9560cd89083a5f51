"""Free sentences become wordings that patients share; numbers become slots, digits never stay."""

from pathlib import Path

import pytest

from model.report.language.language import Language
from model.report.language.phrase_reader import PhraseReader
from service.site.embedding_training.errors import TooLittle
from service.site.embedding_training.study_table import EmbeddedReport
from service.site.embedding_training.taxonomy_file import TaxonomyFile, read_taxonomy
from service.site.embedding_training.wordings import Form, form_of, wordings_of
from tests.service.site.embedding_training.heart_mr import TAXONOMY


@pytest.fixture
def file(tmp_path: Path) -> TaxonomyFile:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(TAXONOMY)
    return read_taxonomy(path)


@pytest.mark.parametrize(
    ("sentence", "form"),
    [
        ("No scar.", Form("No scar.", "No scar.")),
        (
            "The ejection fraction is 55 %.",
            Form("The ejection fraction is <lvef> %.", "", "lvef", 55.0),
        ),
        ("The apex measures 4 mm.", None),
        ("The ejection fraction fell from 60 to 40 %.", None),
        ("T1 is prolonged.", None),
        ("Values <lvef> are low.", None),
    ],
)
def test_a_sentence_and_its_form(file: TaxonomyFile, sentence: str, form: Form | None) -> None:
    assert form_of("Left Ventricle", sentence, file) == form


def reports(texts: list[tuple[str, str]]) -> list[EmbeddedReport]:
    return [
        EmbeddedReport(f"S{n}", who, "train", {"Left Ventricle": (text,)}, {}) for n, (who, text) in enumerate(texts)
    ]


def test_only_what_enough_patients_share_becomes_a_wording(file: TaxonomyFile) -> None:
    shared = [(f"P{n}", f"The ejection fraction is {50 + n} %.") for n in range(3)]
    one_patient = [("P1", "Seen by his daughter.")] * 5
    wordings = wordings_of(reports([*shared, *one_patient, ("P4", "T1 is long.")]), file, least_patients=3)
    assert [phrase.template for phrase in wordings.language.phrases] == ["The ejection fraction is <lvef> %."]
    assert wordings.left_out == {"sentences": 9, "with digits that no slot stands for": 1, "rare": 5}
    said = wordings.said("Left Ventricle", ["Seen by his daughter.", "The ejection fraction is 41 %."])
    assert [sentence.value for sentence in said] == [41.0]
    assert wordings.templates(said) == ("The ejection fraction is <lvef> %.",)


def test_nothing_shared_is_said_with_the_limit(file: TaxonomyFile) -> None:
    with pytest.raises(TooLittle, match="2 patients, of 1"):
        wordings_of(reports([("P1", "Alone.")]), file, least_patients=2)


def test_the_phrase_file_is_a_report_language(file: TaxonomyFile, tmp_path: Path) -> None:
    wordings = wordings_of(reports([("P1", "The ejection fraction is 50 %.")]), file, least_patients=1)
    wordings.write(tmp_path / "phrases.json")
    language = Language.read(tmp_path / "phrases.json")
    assert language == wordings.language
    reading = PhraseReader(language).read_report({"Left Ventricle": "The ejection fraction is 62 %."})
    assert reading.labels == {"lvef": 62.0}
