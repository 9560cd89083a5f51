"""Vectors of studies' clips, and the names in their DICOM headers, which the CSV may not have."""

from pathlib import Path

import numpy as np
import pytest

from model.bundle import read_bundle
from model.device import choose_placement
from scripts.sample_study import write_sample_study
from service.site.bank import networks
from service.site.errors import VectorsError
from service.site.identity.dicom_names import names_of
from tests.dicom_files import dataset_of, moving_frames, save
from tests.toy_modality import write_toy


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in ("with clip", "without clip", "empty"):
        (tmp_path / "studies" / name).mkdir(parents=True)
    write_sample_study(tmp_path / "studies" / "with clip")[0].unlink()
    (tmp_path / "studies" / "without clip" / "notes.txt").write_text("nothing to see")
    return tmp_path / "studies"


def test_a_study_is_the_mean_of_its_assessed_sections(studies: Path, tmp_path: Path) -> None:
    bundle = write_toy(tmp_path / "toy").bundle
    source = networks.StudyVectors(studies, bundle, read_bundle(bundle), choose_placement("cpu"))
    vector, *faults = source.vectors(["with clip", "without clip", "empty", "absent", "../toy"], [])
    assert isinstance(vector, np.ndarray)
    assert vector.shape == (3,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert faults[0] == "no_usable_clip"
    assert faults[1] == "study_refused_EmptyStudy"
    assert faults[2:] == ["report_without_videos", "report_without_videos"]
    assert source.left_over(frozenset({"with clip", "empty"})) == {"without clip": "videos_without_report"}


def test_a_bundle_without_a_text_encoder_says_what_else_there_is(tmp_path: Path) -> None:
    bundle = write_toy(tmp_path).bundle
    with pytest.raises(VectorsError, match="--studies or --embeddings"):
        networks.text_encoder_of(read_bundle(bundle), bundle, choose_placement("cpu"))


def test_names_in_headers_are_known_and_other_files_have_none(studies: Path) -> None:
    dataset = dataset_of(moving_frames(2), "RGB")
    dataset.PatientName = "Quux^Zoe"
    dataset.OperatorsName = ["Baz^A", "Foo^B"]
    save(studies / "empty" / "a.dcm", dataset, "1.2.840.10008.1.2.1")
    assert set(names_of(studies)["empty"]) >= {"Quux^Zoe", "Baz^A", "Foo^B"}
    assert names_of(studies)["without clip"] == []
    assert names_of(None) == {}
