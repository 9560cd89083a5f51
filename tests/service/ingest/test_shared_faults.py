"""Every DICOM file of the reference faults gets its right answer, through the reader and the view classifier."""

from pathlib import Path

import pytest

from model.device import choose_placement
from model.study import Clip, SkippedClip
from service.artifacts import ArtifactPaths, load_pipeline
from service.modalities.echo.files import open_study
from service.pipeline import ReportPipeline
from service.settings import shipped_bank, shipped_bundle
from tests.reference import REFERENCE
from tests.service.ingest.reading import LIMITS

pytestmark = pytest.mark.shared
FAULTS = REFERENCE / "faults"

# What the README of the faults says is right: a view, or a reason; and the warnings that must come with a view.
_USED: dict[str, tuple[str, ...]] = {
    "00_control": (),
    "01a_rgb_label_subsampled_ycbcr_jpeg": (),
    "02_j2k_mct_label_ybr_full_422": (),
    "03_control_right_label": (),
    "03_ybr_full_422_label_444_native": (),
    "04a_h264_in_transport_stream": (),
    "04b_mpeg2_in_program_stream": (),
    "15a_25_stated_24_stored": ("frame_count_differs",),
    "15c_frame_12_all_zero": ("frames_left_out",),
    "16a_offset_table_of_zeros": (),
    "16c_all_frames_in_one_fragment": (),
    "17b_jp2_boxes": (),
    "17e_grey_jpeg_three_samples_stated": (),
    "18a_pointer_to_vector_but_frametime_1000": (),
    "19a_no_modality_us_class": (),
}
_SKIPPED = {
    "13a_mmode_region_only": "no_2d_picture",
    "13c_image_type_obstetrical": "not_heart",
    "14_five_slices_per_frame": "volume",
}


@pytest.fixture(scope="module")
def pipeline() -> ReportPipeline:
    return load_pipeline(ArtifactPaths(shipped_bundle(), shipped_bank()), choose_placement("cpu", "float32"))


def _read(name: str) -> Clip | SkippedClip:
    path = FAULTS / f"{name}.dcm"
    if not Path(path).is_file():
        pytest.skip(f"{path.name} is not among the reference files")
    with open_study([path], LIMITS) as study:
        (result,) = study.read()
    return result


@pytest.mark.parametrize("name", _USED)
def test_used_as_an_apical_four_chamber_view(pipeline: ReportPipeline, name: str) -> None:
    clip = _read(name)
    assert isinstance(clip, Clip), clip
    study = pipeline.embed([clip])
    assert not study.skipped
    probabilities = study.embedding.view_probabilities[0]
    assert study.embedding.views[int(probabilities.argmax())] == "A4C"
    assert float(probabilities.max()) > 0.8
    told = {warning.code for warning in clip.warnings}
    assert told == set(_USED[name]) or (name.startswith("04") and told <= {"frame_count_differs"})


@pytest.mark.parametrize("name", _SKIPPED)
def test_skipped_for_the_true_reason(name: str) -> None:
    skipped = _read(name)
    assert isinstance(skipped, SkippedClip)
    assert skipped.reason == _SKIPPED[name]


def test_the_vector_that_the_pointer_names_is_the_rate() -> None:
    clip = _read("18a_pointer_to_vector_but_frametime_1000")
    assert isinstance(clip, Clip)
    assert clip.frame_rate_hz == pytest.approx(27.7, abs=0.01)
    assert clip.frame_rate_source == "frame_time_vector"
