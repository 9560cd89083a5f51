"""Of a study that is unlike all that is known nothing is concluded; its neighbours, and what was measured, stay."""

import json
from dataclasses import replace

import pytest
import torch

from model.bundle import read_bundle
from model.device import choose_placement
from model.embeddings import StudyEmbedding
from model.familiarity.clip_distances import ClipDistances, ViewGaussians
from model.measurement import StudyMeasurements
from model.report.language.language import Language
from model.study import ClipFacts
from service.answer.encoded_study import EncodedStudy
from service.answer.samples import Samples
from service.answer.unlike_study import STUDY_UNLIKE, measured_alone
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline
from service.renderings.page_words import words_of
from service.renderings.report_text import report_text
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.settings import shipped_bank, shipped_bundle
from service.stage_clock import StageClock
from tests.model.test_measurement import measurement
from tests.toy_modality import TOY, toy_clip, write_toy

BRIGHT = (250, 200, 240)
GAUSSIANS = ViewGaussians(torch.zeros(2, 3), torch.eye(3)[:1], torch.ones(1), 1.0, torch.full((2,), 9.0))


def with_limit(pipeline: ReportPipeline, limit: float) -> ReportPipeline:
    """Every study has the distance 0: means of views that coincide explain a clip as well as all clips do."""
    return replace(pipeline, familiar=ClipDistances(TOY.views, GAUSSIANS, study_limits=torch.tensor([limit])))


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> ReportPipeline:
    return load_pipeline(write_toy(tmp_path_factory.mktemp("toy")), choose_placement("cpu"))


@pytest.fixture(scope="module")
def unlike(pipeline: ReportPipeline) -> ReportDocument:
    return with_limit(pipeline, -1.0).run([toy_clip(1, BRIGHT), toy_clip(2, BRIGHT)])


def test_no_phenotype_has_a_value_and_each_says_why(unlike: ReportDocument, pipeline: ReportPipeline) -> None:
    bright = unlike.phenotypes["is_bright"]
    assert (bright.value, bright.positive, bright.p10, bright.p90, bright.probability) == (None,) * 5
    assert bright.reason == STUDY_UNLIKE
    known = pipeline.run([toy_clip(1, BRIGHT)]).phenotypes
    assert known["is_bright"].value is not None
    assert (bright.labelled, bright.k) == (known["is_bright"].labelled, known["is_bright"].k), "who was asked is shown"
    assert unlike.phenotypes["hue"].reason == "not_labelled_in_bank", "a reason of its own comes first"


def test_no_section_says_anything_and_its_neighbours_are_shown(unlike: ReportDocument) -> None:
    for section in unlike.sections:
        assert (section.assessed, section.reason, section.text, section.sentences) == (False, STUDY_UNLIKE, "", [])
        assert section.neighbours
        assert section.views
    assert unlike.measurements == []
    assert unlike.header is not None
    assert unlike.header.sections_assessed == 0


def test_the_reader_cannot_miss_it(unlike: ReportDocument) -> None:
    assert unlike.warnings[0].code == STUDY_UNLIKE
    assert "(distance 0, limit -1)" in unlike.warnings[0].text
    assert unlike.draft_notice.endswith(words_of("en").unlike_notice)
    assert unlike.header is not None
    assert unlike.header.quality == "limited"
    assert (unlike.header.limits[0].code, unlike.header.limits[0].clips) == (STUDY_UNLIKE, [1, 2])
    found = unlike.header.familiarity
    assert found is not None
    assert found.distance == pytest.approx(0.0)
    assert (found.limit, found.unlike) == (-1.0, True)


def test_below_the_limit_and_without_one_the_answer_is_as_it_was(pipeline: ReportPipeline) -> None:
    clips = [toy_clip(1, BRIGHT)]
    plain = replace(pipeline, familiar=ClipDistances(TOY.views, GAUSSIANS)).run(clips)
    near = with_limit(pipeline, 1.0).run(clips)
    assert plain.header is not None
    assert plain.header.familiarity is None
    varying = {"study_id": True, "created": True, "stage_seconds": True, "header": {"familiarity"}}
    assert near.model_dump(exclude=varying) == plain.model_dump(exclude=varying)  # type: ignore[arg-type]  # pydantic's own type is narrower than what it takes
    assert near.phenotypes["is_bright"].value is not None


def test_a_distance_that_is_no_number_can_be_written(pipeline: ReportPipeline) -> None:
    broken = replace(GAUSSIANS, means=torch.full((2, 3), torch.nan))
    known = ClipDistances(TOY.views, broken, study_limits=torch.ones(1))
    header = replace(pipeline, familiar=known).run([toy_clip(1, BRIGHT)]).header
    assert header is not None
    assert header.familiarity is not None
    assert (header.familiarity.distance, header.familiarity.unlike) == (None, True)


def test_measured_numbers_stand_where_the_language_has_a_sentence_for_them() -> None:
    manifest = read_bundle(shipped_bundle())
    language, taxonomy = Language.read(shipped_bundle() / "phrases.json"), manifest.taxonomy()
    size = measurement(slot="lv_edv_index", value=61.4, interval=(50.0, 70.0), clips=((3, None),))
    fraction = measurement(slot="ejection_fraction", phenotype="ejection_fraction", value=57.2)
    study = StudyMeasurements((fraction, size, replace(size, slot="unknown")))
    rows = {row.name: row for row in measured_alone(study, language, taxonomy)}
    assert rows.keys() == {"lv_edv_index", "ejection_fraction"}
    row = rows["lv_edv_index"]
    assert (row.value, row.source, row.clips, row.p10, row.candidates) == (61.0, "measured", [3], 50.0, 0)
    assert {each.section for each in rows.values()} == {"Left Ventricle"}
    assert rows["ejection_fraction"].phenotype == "ejection_fraction"
    assert measured_alone(StudyMeasurements((replace(size, reason="quality"),)), language, taxonomy) == []
    assert measured_alone(study, None, taxonomy) == []


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_page_of_the_shipped_bundle_says_so_in_its_language(lang: str) -> None:
    shipped = load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu"))
    assert shipped.familiar is not None
    strict = replace(shipped, familiar=replace(shipped.familiar, study_limits=torch.tensor([-1e9])))
    generator = torch.Generator().manual_seed(0)
    views = torch.eye(len(shipped.bundle.views))
    embedding = StudyEmbedding(
        torch.randn(len(views), shipped.bundle.embedding_dim, generator=generator),
        views, tuple(range(1, len(views) + 1)), shipped.bundle.views, None,
    )  # fmt: skip
    study = EncodedStudy((), (), (), embedding, strict.pool(embedding), StageClock(), dict[int, ClipFacts]())
    words = words_of(lang)
    answer = strict.report(study, RunOptions(lang=lang, samples=Samples(1)))
    text = report_text(answer)
    assert [statement.text for statement in answer.impression] == [words.unlike_notice]
    assert answer.samples == []
    assert answer.measurements == []
    assert all(row.value is None for row in answer.phenotypes.values())
    flowing = " ".join(text.split())
    assert words.unlike_notice in flowing
    assert words.not_assessed.format(why=words.study_unlike) in flowing
    assert words.reasons[STUDY_UNLIKE] in flowing
    json.loads(answer.model_dump_json())
