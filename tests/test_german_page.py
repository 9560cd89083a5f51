"""A German answer is German: no English word of the page's own word files stands in it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from model.device import choose_placement
from model.echo.phrases.reader import german
from model.report.request import ReportWarning
from model.study import SkipReason
from scripts.sample_study import write_sample_study
from service.artifacts import ArtifactPaths, load_pipeline
from service.http import examples
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.modalities.word_files import read_words
from service.pipeline import ReportPipeline
from service.renderings.page_words import ENGLISH, GERMAN
from service.renderings.report_text import report_text
from service.run_options import RunOptions
from service.schemas import Mode, ReportDocument
from service.settings import shipped_bank, shipped_bundle

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "service" / "renderings" / "words", ROOT / "service" / "modalities" / "echo" / "words")
CINE = Path(str(get_testdata_file("examples_ybr_color.dcm", download=False)))
_WORD = re.compile(r"[^\W\d_]{2,}")
_CODE = re.compile(r"\[[a-z0-9_]+\]")  # of a warning or a reason, the same in every language


def texts(words: Any) -> Iterator[str]:
    """Every text of a word file."""
    if isinstance(words, Mapping):
        for inner in words.values():
            yield from texts(inner)
    else:
        yield re.sub(r"{[^}]*}", "", str(words))


def vocabulary(lang: str) -> set[str]:
    """The words of the files of a language, in lower case."""
    return {
        word.casefold()
        for folder in FOLDERS
        for text in texts(read_words(folder, lang))
        for word in _WORD.findall(text)
    }


def english_words() -> set[str]:
    """Words of the English page that no German file and no German phrase has."""
    language = german().language
    phrases = [text for phrase in language.phrases for text in (phrase.template, phrase.numberless)]
    also_german = {word.casefold() for text in phrases for word in _WORD.findall(text)}
    return vocabulary("en") - vocabulary("de") - also_german


def strangers(document: ReportDocument) -> set[str]:
    """English words in the text of a document; its values, such as names of bundle and bank, are nobody's words."""
    values = {str(value).casefold() for value in document.provenance.values()}
    said = {word.casefold() for word in _WORD.findall(_CODE.sub("", report_text(document)))}
    return (said & english_words()) - values


def test_the_list_has_words_that_would_be_noticed() -> None:
    assert {"assessed", "clips", "warning", "findings", "estimated", "stenosis", "frame"} & english_words() > {
        "assessed"
    }
    english = ReportDocument.model_validate(examples.REPORT)
    assert len(strangers(english)) > 10


@pytest.fixture(scope="module")
def pipeline() -> ReportPipeline:
    return load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu"))


@pytest.mark.parametrize("mode", ["rag", "retrieval", "generate"])
def test_an_answer_of_the_shipped_bundle_is_german_throughout(
    pipeline: ReportPipeline, tmp_path: Path, mode: Mode
) -> None:
    with open_study(write_sample_study(tmp_path), IngestLimits()) as study:
        options = RunOptions(mode, lang="de", study_id="0")  # a drawn id may hold "be"
        answer = pipeline.report(pipeline.embed(study.read()), options)
    assert strangers(answer) == set()
    assert {sentence.lang for section in answer.sections for sentence in section.sentences} == {"de"}


def test_the_shipped_languages_lack_nothing(pipeline: ReportPipeline) -> None:
    assert pipeline.languages.tags == ("en", "de")
    assert pipeline.languages.lacking == {}


def test_every_warning_reason_and_source_is_german() -> None:
    details = dict.fromkeys(
        (
            "bundle",
            "phenotypes",
            "clips",
            "clip",
            "text",
            "rule",
            "section",
            "lang",
            "own",
            "sections",
            "phenotype",
            "measured",
            "where",
            "distance",
            "limit",
            "voted",
        ),
        "X",
    )
    reason = next(iter(GERMAN.drop_reasons))
    warnings = [
        {"code": code, "text": GERMAN.warning(ReportWarning(code, details | {"reason": reason}))}
        for code in ENGLISH.warnings
    ]
    clip = {"clip": 1, "sha256": "0", "used": False, "view": None, "view_probability": None, "start_frame": None}
    clips = [clip | {"skipped": code.value, "detail": "an English reason"} for code in SkipReason]
    row = examples.PHENOTYPES["dilated_ivc"]
    phenotypes = {reason: row | {"reason": reason} for reason in ENGLISH.reasons}
    header = examples.REPORT["header"] | {
        "frame_rates": [
            {"frame_rate_hz": None, "source": source, "clips": [1]} for source in ENGLISH.frame_rate_sources
        ],
        "limits": [{"code": code, "clips": [1]} for code in ENGLISH.limits],
    }
    section = examples.REPORT["sections"][0] | {"title": "X", "text": ""}
    unseen = {"not_shown": [{"phenotype": "mitral_stenosis", "shown_by": ["A4C", "SSN"]}]}
    left_out = {"assessed": False, "reason": "no_clip_used", "shown_by": ["Subcostal", "Parasternal_Long"]}
    changed = {
        "lang": "de",
        "draft_notice": f"{GERMAN.draft_notice} {GERMAN.demonstration_notice}",
        "warnings": warnings,
        "clips": clips,
        "phenotypes": phenotypes,
        "header": header,
        "sections": [section | unseen, section | left_out],
    }
    document = ReportDocument.model_validate(examples.REPORT | changed)
    assert strangers(document) - {word for name in phenotypes for word in _WORD.findall(name)} == set()
