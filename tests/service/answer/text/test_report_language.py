"""A bundle with a second language writes reports in it; what has no wording stays and is flagged."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from model.bundle import MANIFEST, BundleManifest, write_bundle
from model.device import choose_placement
from model.errors import LanguageError
from model.report.request import ReportWarning
from service.artifacts import ArtifactPaths, load_pipeline
from service.errors import ArtifactError, UnknownLanguage
from service.pipeline import ReportPipeline
from service.renderings.page_words import ENGLISH, GERMAN, words_of
from service.renderings.report_text import report_text
from service.run_options import RunOptions
from service.schemas import ReportDocument
from tests.toy_modality import toy_clip, write_toy

BRIGHT = (250, 200, 240)
BANK: dict[str, Any] = {
    "language": "en",
    "slots": [{"name": "level", "unit": "%", "low": 0, "high": 200, "decimals": 1, "phenotype": None}],
    "phrases": [
        {
            "phrase_id": f"{section}.{group}",
            "section": section,
            "group": group,
            "template": template,
            "numberless": numberless,
            "findings": [[group, "said"]],
        }
        for section, group, template, numberless in (
            ("Brightness", "bright", "The picture is bright.", "The picture is bright."),
            ("Brightness", "level", "The level is <level> %.", "The level is stated."),
            ("Colour", "warm", "The colour is warm.", "The colour is warm."),
        )
    ],
    "bands": [],
    "labels": [],
    "contradictions": [
        {"name": "both", "text": "Bright, yet a level.", "first": ["bright", ["said"]], "second": ["level", ["said"]]}
    ],
}
GERMAN_FILE: dict[str, Any] = {
    "language": "de",
    "translates": "en",
    "decimal_mark": ",",
    "sections": {"Brightness": "Helligkeit", "Colour": "Farbe"},
    "phrases": {
        "Brightness.bright": "Das Bild ist hell.",
        "Brightness.level": ["Der Pegel beträgt <level> %.", "Der Pegel ist angegeben."],
    },
    "contradictions": {"both": "Hell, aber ein Pegel."},
}

ROOT = Path(__file__).parents[4]


def write_bilingual(folder: Path, tag: str = "de", **german: Any) -> ArtifactPaths:
    paths = write_toy(folder)
    (paths.bundle / "phrases.json").write_text(json.dumps(BANK), encoding="utf-8")
    (paths.bundle / "de.json").write_text(json.dumps({**GERMAN_FILE, **german}), encoding="utf-8")
    fields = json.loads((paths.bundle / MANIFEST).read_text(encoding="utf-8"))
    manifest = BundleManifest.model_validate({**fields, "phrases": "phrases.json", "languages": {tag: "de.json"}})
    write_bundle(paths.bundle, manifest)
    return paths


def load(paths: ArtifactPaths) -> ReportPipeline:
    return load_pipeline(paths, choose_placement("cpu"))


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    pipeline = load(write_bilingual(tmp_path_factory.mktemp("bilingual")))
    assert pipeline.languages.tags == ("en", "de")
    return pipeline.run([toy_clip(1, BRIGHT)], RunOptions(lang="de"))


def test_sentences_headings_notices_and_marks_are_in_the_language(german: ReportDocument) -> None:
    brightness = german.sections[0]
    assert (german.lang, brightness.name, brightness.title) == ("de", "Brightness", "Helligkeit")
    assert brightness.sentences[0].text == "Das Bild ist hell."
    assert brightness.sentences[1].text.startswith("Der Pegel beträgt ")
    assert f",0 %. {GERMAN.foreign_number}" in brightness.text
    assert {sentence.lang for sentence in brightness.sentences} == {"de"}
    assert german.draft_notice == GERMAN.draft_notice


def test_a_phrase_without_wording_stays_and_is_flagged(german: ReportDocument) -> None:
    colour = german.sections[1]
    assert [(sentence.text, sentence.lang) for sentence in colour.sentences] == [("The colour is warm.", "en")]
    warnings = {warning.code: warning.text for warning in german.warnings}
    assert "Farbe (1)" in warnings["phrase_not_translated"]
    assert "Helligkeit" not in warnings["phrase_not_translated"]
    assert warnings["contradiction"] == "Widerspruch im Befund: Hell, aber ein Pegel."


def test_the_text_is_german_throughout(german: ReportDocument) -> None:
    text = report_text(german)
    for part in (GERMAN.title, "HELLIGKEIT", "FARBE", GERMAN.phenotypes, "Aus den Clips 1", "ab Bild 0", "Modus:"):
        assert part in text, part
    for part in ("REPORT", "Draft", "From clips", "PHENOTYPES", "Made by"):
        assert part not in text, part


def test_without_a_language_the_bundle_writes_its_own(tmp_path: Path) -> None:
    answer = load(write_bilingual(tmp_path)).run([toy_clip(1, BRIGHT)])
    assert (answer.lang, answer.sections[0].title) == ("en", "Brightness")
    assert answer.sections[0].sentences[0].text == "The picture is bright."
    assert "phrase_not_translated" not in {warning.code for warning in answer.warnings}


def test_an_unknown_language_is_refused_before_a_clip_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownLanguage, match=r"^lang: reports are written in en, de$"):
        load(write_bilingual(tmp_path)).run(iter([]), RunOptions(lang="fr"))


def test_a_bundle_without_languages_serves_as_before(tmp_path: Path) -> None:
    pipeline = load(write_toy(tmp_path))
    assert pipeline.languages.tags == ("en",)
    with pytest.raises(UnknownLanguage):
        pipeline.check(RunOptions(lang="de"))


def test_a_language_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"de\.json: is in 'de', languages calls it 'at'"):
        load(write_bilingual(tmp_path / "tag", tag="at"))
    with pytest.raises(LanguageError, match=r"de\.json: phrases: 'cold' is not in the phrase bank"):
        load(write_bilingual(tmp_path / "phrase", phrases={"cold": "Kalt."}))


@pytest.mark.parametrize(
    ("warning", "english", "german"),
    [
        (
            ReportWarning("out_of_distribution", {"clips": "2, 11"}),
            "Clips 2, 11 are unlike the clips that this bundle was calibrated on.",
            "Anders als die Clips, an denen das Modell kalibriert wurde: Clips 2, 11.",
        ),
        (
            ReportWarning("text_disagrees_with_phenotypes", {"phenotypes": "a, b"}),
            "The text and the phenotype estimates differ on: a, b.",
            "Text und Schätzungen weichen voneinander ab bei: a, b.",
        ),
        (
            ReportWarning("no_decoder", {"bundle": "x {y}"}),
            "Bundle 'x {y}' has no decoder; sections are quoted from the nearest candidates.",
            "Es gibt keinen Decoder; die Abschnitte sind von den ähnlichsten Untersuchungen zitiert.",
        ),
        (
            ReportWarning("section_empty", {"section": "Aorta"}),
            "Aorta: nothing could be written",
            "Aorta: Es konnte nichts geschrieben werden.",
        ),
    ],
)
def test_a_warning_is_worded_from_its_details(warning: ReportWarning, english: str, german: str) -> None:
    assert ENGLISH.warning(warning) == english
    assert GERMAN.warning(warning) == german


def test_every_warning_that_code_can_give_has_english_words() -> None:
    sources = [path for room in ("service", "model") for path in (ROOT / room).rglob("*.py")]
    given = {
        code
        for path in sources
        for code in re.findall(r'(?:Report|Clip)Warning\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert given == set(ENGLISH.warnings)
    assert set(GERMAN.warnings) <= given


def test_marks_in_warnings_are_those_in_the_text() -> None:
    for words in (ENGLISH, GERMAN):
        assert words.estimated in words.warnings["estimated_numbers"]
        assert words.foreign_number in words.warnings["numbers_of_another_patient"]


def test_every_language_has_words_for_the_page() -> None:
    assert words_of("de") is GERMAN
    assert words_of("en") is ENGLISH
    assert words_of("fr").title == ENGLISH.title
    shared = {"clips", "lacking"}
    same = [name for name in vars(ENGLISH) if name not in shared and getattr(ENGLISH, name) == getattr(GERMAN, name)]
    assert same == []


def test_every_reason_to_leave_a_sentence_out_has_german_words() -> None:
    source = (ROOT / "model" / "report" / "writing" / "statements.py").read_text(encoding="utf-8")
    given = set(re.findall(r'Dropped\(\s*draft,\s*"([^"]+)"', source))
    assert given == set(GERMAN.drop_reasons)
    warning = ReportWarning("sentence_dropped", {"section": "Aorta", "reason": next(iter(given))})
    assert next(iter(given)) in ENGLISH.warning(warning)
    assert next(iter(given)) not in GERMAN.warning(warning)


def test_a_language_that_lacks_words_is_named(tmp_path: Path) -> None:
    lacking = load(write_bilingual(tmp_path)).languages.lacking
    assert set(lacking) == {"de"}
    assert "views.dark" in lacking["de"]
    assert "phrases.Colour.warm" in lacking["de"]
    assert "columns" not in lacking["de"]  # the page itself is complete
