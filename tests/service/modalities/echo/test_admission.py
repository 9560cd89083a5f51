"""Which files are an echocardiogram's own, by their header alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.sequence import Sequence

from model.study import Clip, SkipReason
from service.modalities.echo.admission import names_other_organ
from tests import dicom_files as make
from tests.service.ingest.reading import LIMITS, open_anything, read_clip, read_skip

GREY = np.ascontiguousarray(make.moving_frames()[..., 0])
_CLASS = "1.2.840.10008.5.1.4.1.1."


def _write(path: Path, **tags: Any) -> Path:
    return make.write_native(path / "1", GREY, "MONOCHROME2", **tags)


def _regions(*formats: int) -> Sequence:
    return Sequence([make.ultrasound_region((2, 2, 40, 40), spatial_format=kind) for kind in formats])


@pytest.mark.parametrize(
    "tags",
    [
        {"Modality": "US"}, {"Modality": "us"}, {"Modality": "EC"},
        *({"Modality": None, "SOPClassUID": _CLASS + number} for number in ("3.1", "3", "6.1", "6")),
        {"Modality": "", "SOPClassUID": _CLASS + "3.1"}, {"Modality": "OT", "SOPClassUID": _CLASS + "3.1"},
    ],
    ids=str,
)  # fmt: skip
def test_ultrasound_by_modality_or_by_class(tmp_path: Path, tags: dict[str, Any]) -> None:
    read_clip(_write(tmp_path, **tags))


@pytest.mark.parametrize(
    "tags",
    [
        *({"Modality": modality} for modality in ("CT", "XA", "IVUS", "IVOCT", "ES", "DOC", "MR", "ECG", "BDUS")),
        *({"Modality": None, "SOPClassUID": _CLASS + number} for number in ("7.2", "7.4", "12.1", "77.1.1.1", "2")),
        {"Modality": "OT", "SOPClassUID": _CLASS + "7.4"},
    ],
    ids=str,
)  # fmt: skip
def test_other_modalities_are_refused(tmp_path: Path, tags: dict[str, Any]) -> None:
    assert read_skip(_write(tmp_path, **tags)).reason is SkipReason.NOT_ULTRASOUND


@pytest.mark.parametrize(
    "image_type",
    [
        ["", exam] for exam in ("OBSTETRICAL", "obstetrical", "ABDOMINAL", "FETAL HEART", "Fetal_Heart", "VASCULAR",
                                "SMALL PARTS", "THYROID", "GYNECOLOGY", "TRANSCRANIAL")
    ] + [["OBSTETRICAL"], ["ABDOMINAL", "0001"], ["PELVIC", "0001"]],
    ids=str,
)  # fmt: skip
def test_other_examinations_are_refused(tmp_path: Path, image_type: list[str]) -> None:
    path = _write(tmp_path, ImageType=["ORIGINAL", "PRIMARY", *image_type])
    assert read_skip(path).reason is SkipReason.NOT_HEART


@pytest.mark.parametrize(
    "image_type",
    [
        [], [""], ["TTE"], ["TEE"], ["", "0001"], ["TTE", "0011"], ["", "0009"], ["PEDIATRIC", "0100"],
        ["INTRACARDIAC"], ["XYZ"], ["", "0000"], ["0011"], ["", "", "ABDOMINAL"],
    ],
    ids=str,
)  # fmt: skip
def test_hearts_and_what_nobody_knows_pass(tmp_path: Path, image_type: Any) -> None:
    read_clip(_write(tmp_path, ImageType=["ORIGINAL", "PRIMARY", *image_type]))


@pytest.mark.parametrize("image_type", ["TTE", ["ABDOMINAL", "OBSTETRICAL", "TTE"]], ids=str)
def test_the_first_two_values_name_no_examination(tmp_path: Path, image_type: Any) -> None:
    read_clip(_write(tmp_path, ImageType=image_type))


@pytest.mark.parametrize(
    "mode", ["0002", "0004", "0008", "000C", "0020", "0022", "0040", "M-MODE", "PW Doppler", "m_mode"]
)
def test_modes_without_a_2d_picture_are_refused(tmp_path: Path, mode: str) -> None:
    for image_type in (["ORIGINAL", "PRIMARY", "TTE", mode], ["ORIGINAL", "PRIMARY", mode]):
        skipped = read_skip(_write(tmp_path, ImageType=image_type, BurnedInAnnotation="NO"))
        assert skipped.reason is SkipReason.NO_2D_PICTURE


@pytest.mark.parametrize("formats", [(2,), (3,), (2, 3), (3, 4), (4,), (5, 2)])
def test_regions_of_which_none_is_2d_are_refused(tmp_path: Path, formats: tuple[int, ...]) -> None:
    path = _write(tmp_path, SequenceOfUltrasoundRegions=_regions(*formats), BurnedInAnnotation="NO")
    assert read_skip(path).reason is SkipReason.NO_2D_PICTURE


@pytest.mark.parametrize("formats", [(1,), (1, 2), (3, 1), (0,), (0, 4), ()])
def test_regions_of_which_one_is_2d_or_unclear_pass(tmp_path: Path, formats: tuple[int, ...]) -> None:
    read_clip(_write(tmp_path, SequenceOfUltrasoundRegions=_regions(*formats)))


@pytest.mark.parametrize(
    "part",
    [
        "ABDOMEN", "abdomen", "Abdomen", "Abdomen Pelvis", "abdomen_pelvis", "LEFT KIDNEY", "Kidneys", "carotid artery",
        "FETUS", "Fetal heart", "LOWER LEG", "thyroid ", "GALLBLADDER", "Uterus/Ovary", "L-Spine", "BREAST (LEFT)",
    ],
)  # fmt: skip
def test_other_organs_in_any_letters_are_refused(tmp_path: Path, part: str) -> None:
    assert names_other_organ(part)
    assert read_skip(_write(tmp_path, BodyPartExamined=part)).reason is SkipReason.NOT_HEART


@pytest.mark.parametrize(
    "part",
    [
        "", "HEART", "heart", "Heart and abdomen", "CHEST", "THORAX", "AORTA", "some free text", "CARDIAC", "TTE",
        "Legato", "ECHO ABDOMEN", "WHOLEBODY", "Herz", "1234",
    ],
)  # fmt: skip
def test_hearts_and_unclear_body_parts_pass(part: str) -> None:
    assert not names_other_organ(part)


def test_another_modality_brings_its_own_admission(tmp_path: Path) -> None:
    path = _write(tmp_path, Modality="CT", BodyPartExamined="LIVER")
    with open_anything([path], LIMITS) as study:
        (result,) = study.read()
    assert isinstance(result, Clip)
