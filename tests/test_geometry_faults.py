"""Files whose geometry was read wrongly, through the shipped bundle: the right answer for each kind."""

import pytest
import torch

from model.device import choose_placement
from model.echo.preprocessing.sector import is_live, look_at, sector_of
from model.study import Clip
from service.artifacts import ArtifactPaths, load_pipeline
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study
from service.pipeline import ReportPipeline
from service.schemas import ClipOut
from service.settings import shipped_bank, shipped_bundle
from tests.reference import REFERENCE

pytestmark = pytest.mark.shared
FAULTS = REFERENCE / "faults"


@pytest.fixture(scope="module")
def pipeline() -> ReportPipeline:
    return load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu"))


def clips(pipeline: ReportPipeline, name: str) -> list[ClipOut]:
    (path,) = FAULTS.glob(f"{name}*")
    with open_study([path], IngestLimits()) as study:
        return pipeline.run(study.readers(pipeline.reading_plan)).clips


@pytest.mark.parametrize("name", ["00_control", "08a", "12_ecg"])
def test_one_picture_is_read_as_what_it_shows(pipeline: ReportPipeline, name: str) -> None:
    (clip,) = clips(pipeline, name)
    assert clip.view == "A4C"
    assert clip.view_probability is not None
    assert clip.view_probability > 0.9
    assert clip.panel is None


@pytest.mark.parametrize("name", ["10a", "10b"])
def test_each_of_two_pictures_is_a_clip_with_its_own_view(pipeline: ReportPipeline, name: str) -> None:
    first, second = clips(pipeline, name)
    assert (first.clip, first.panel, second.clip, second.panel) == (1, 1, 1, 2)
    assert first.view == "A4C"
    assert min(first.view_probability or 0, second.view_probability or 0) > 0.9


def test_what_the_answer_rests_on_names_the_picture(pipeline: ReportPipeline) -> None:
    (path,) = FAULTS.glob("10b*")
    with open_study([path], IngestLimits()) as study:
        answer = pipeline.run(study.readers(pipeline.reading_plan))
    named = {(share.clip, share.panel) for section in answer.sections for share in section.views}
    assert named == {(1, 1), (1, 2)}
    for section in answer.sections:
        assert section.assessed == bool(section.views)
        assert not section.assessed or sum(share.weight for share in section.views) == pytest.approx(1)


def test_a_zoomed_view_is_used_within_its_region(pipeline: ReportPipeline) -> None:
    (clip,) = clips(pipeline, "20_")
    assert clip.used


def test_a_near_field_alone_is_not_used(pipeline: ReportPipeline) -> None:
    """It is skipped, or the whole is taken, in which the tip is a seventh of what moves."""
    with open_study([next(FAULTS.glob("22*"))], IngestLimits()) as study:
        (clip,) = study.read()
    assert isinstance(clip, Clip)
    seen = look_at(torch.from_numpy(clip.frames_rgb))
    sector = sector_of(seen)
    if sector is not None:
        live = is_live(seen)
        assert (live & sector.mask).sum() >= 0.6 * live.sum()
