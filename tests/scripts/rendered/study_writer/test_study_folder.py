import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from model.study import Clip
from scripts.rendered.phantom.scan.study import planned_clip
from scripts.rendered.study_writer.encoding import ENCODERS
from scripts.rendered.study_writer.study_folder import (
    ClipOrder,
    StudyOrder,
    form_of,
    orders_of,
    write_clip,
    write_truth,
)
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

ORDER = StudyOrder(seed=5, study=2, form="mixed", prior="clinical", clips=6)


def small(order: ClipOrder, form: str, path: Path) -> ClipOrder:
    planned = order.planned
    acquisition = replace(planned.acquisition, screen=(120, 160), frames=9)
    return replace(order, planned=replace(planned, acquisition=acquisition), form=form, path=path)


@pytest.fixture(scope="module")
def template() -> ClipOrder:
    return replace(orders_of(ORDER, Path("nowhere"))[0], planned=planned_clip(5, 2, 0, "A4C"))


@pytest.mark.parametrize("form", [*ENCODERS, "mp4"])
def test_every_form_is_written_read_and_the_same_twice(form: str, template: ClipOrder, tmp_path: Path) -> None:
    path = tmp_path / ("a.mp4" if form == "mp4" else "a.dcm")
    entry = write_clip(small(template, form, path))
    first = path.read_bytes()
    write_clip(small(template, form, path))
    assert path.read_bytes() == first
    clip = decoded_clip(path)
    assert clip.frames_rgb.shape == (9, 120, 160, 3)
    assert clip.frame_rate_hz == pytest.approx(entry["frame_rate_hz"], rel=0.01)
    exact = decoded_clip_of_form(template, "rgb", tmp_path)
    difference = np.abs(clip.frames_rgb.astype(int) - exact)
    assert difference.mean() < (12 if form == "monochrome2" else 4)
    if form in ("rle", "rgb"):
        assert difference.max() == 0


def decoded_clip(path: Path) -> Clip:
    """The clip as the service reads it."""
    with open_study([path], IngestLimits()) as files:
        clip = next(files.read())
    assert isinstance(clip, Clip), clip
    return clip


def decoded_clip_of_form(
    template: ClipOrder, form: str, folder: Path
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    path = folder / "exact.dcm"
    write_clip(small(template, form, path))
    return decoded_clip(path).frames_rgb.astype(int)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("form", sorted(ENCODERS))
def test_files_satisfy_a_third_party_validator(form: str, template: ClipOrder, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    write_clip(small(template, form, path))
    reported = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert "Error" not in reported.stderr + reported.stdout


def test_truth_lies_beside_the_folder_and_never_in_it(template: ClipOrder, tmp_path: Path) -> None:
    orders = orders_of(ORDER, tmp_path)
    assert len({order.path for order in orders}) == len(orders) == 6
    entry = write_clip(small(orders[0], "jpeg", orders[0].path))
    path = write_truth(ORDER, tmp_path, [entry])
    truth = json.loads(path.read_text())
    assert path == tmp_path / "2.truth.json"
    assert [file.name for file in (tmp_path / "2").iterdir()] == ["clip_001.dcm"]
    assert truth["state"]["ejection_fraction_percent"] > 0
    assert len(truth["phenotypes"]) == 25
    assert truth["clips"][0]["drawn_text"]


def test_headers_name_a_region_a_frame_time_and_nobody_real(template: ClipOrder, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    write_clip(small(template, "jpeg", path))
    dataset = pydicom.dcmread(path)
    region = dataset.SequenceOfUltrasoundRegions[0]
    assert (region.RegionSpatialFormat, region.RegionDataType) == (1, 1)
    assert 0 <= region.RegionLocationMinX0 < region.RegionLocationMaxX1 < dataset.Columns
    assert float(dataset.FrameTime) == pytest.approx(1000 / template.planned.acquisition.frame_rate_hz, rel=1e-3)
    assert dataset.PhotometricInterpretation == "YBR_FULL_422"
    assert dataset.InstitutionName == "Nowhere General"
    assert dataset.BurnedInAnnotation == "YES"


def test_a_duplicate_has_its_originals_bytes_and_colour_is_never_grey(template: ClipOrder, tmp_path: Path) -> None:
    original = small(template, "rle", tmp_path / "a.dcm")
    repeated = replace(original, path=tmp_path / "b.dcm")
    write_clip(original)
    write_clip(repeated)
    assert original.path.read_bytes() == repeated.path.read_bytes()
    colour = planned_clip(5, 2, 0, "Apical_Doppler")
    assert all(form_of("mixed", number, colour) != "monochrome2" for number in range(20))
