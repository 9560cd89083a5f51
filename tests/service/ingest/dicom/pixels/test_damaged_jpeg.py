"""JPEG frames that libjpeg shows although they are damaged."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from service.ingest.dicom.pixels.damaged_jpeg import is_damaged, unlike_neighbours
from tests import dicom_files as make
from tests import ultrasound_pictures as pictures
from tests.service.ingest.reading import difference, read_clip

SLOW = pictures.fan_frames(24, pace=0.1)  # as hearts move from frame to frame


def written(path: Path, stored: list[bytes], like: np.ndarray) -> Path:
    """A DICOM cine of those encoded frames."""
    return make.write_encoded(path, stored, like, "YBR_FULL_422", uid.JPEGBaseline8Bit, NumberOfFrames=len(like))


@pytest.mark.parametrize("place", [0, 5, 23])
def test_a_frame_unlike_both_neighbours_is_looked_at_twice(place: int) -> None:
    spoilt = SLOW.copy()
    spoilt[place, 48:] = 128
    assert unlike_neighbours(spoilt) == [place]
    assert unlike_neighbours(SLOW) == []


def test_a_cut_and_a_few_frames_are_not_suspected() -> None:
    cut = np.concatenate([SLOW[:12], SLOW[12:, ::-1]])
    assert unlike_neighbours(cut) == []
    assert unlike_neighbours(SLOW[:4]) == []


def test_a_frame_is_damaged_where_its_scan_ends_early() -> None:
    (frame,) = make.jpeg_frames(SLOW[:1])
    assert not is_damaged(frame)
    assert is_damaged(frame[: len(frame) // 2] + b"\xff\xd9")
    assert is_damaged(b"")


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ("half, with an end", 0),
        ("half, with an end", 5),
        ("half, with an end", 23),
        ("zeros within", 0),
        ("zeros within", 5),
    ],
)
def test_a_jpeg_that_libjpeg_shows_though_it_is_damaged_is_left_out(tmp_path: Path, fault: str, place: int) -> None:
    stored = make.jpeg_frames(SLOW)
    half = len(stored[place]) // 2
    whole, stored[place] = stored[place], stored[place][:half] + {"half, with an end": b"\xff\xd9"}.get(fault, b"")
    if fault == "zeros within":
        stored[place] += bytes(half // 2) + whole[half + half // 2 :]
    clip = read_clip(written(tmp_path / "1", stored, SLOW))
    assert difference(clip, np.delete(SLOW, place, axis=0))[1] < 2
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]


def test_a_cut_to_another_picture_is_no_damage(tmp_path: Path) -> None:
    changed = SLOW.copy()
    changed[9] = changed[9][::-1]
    clip = read_clip(written(tmp_path / "1", make.jpeg_frames(changed), changed))
    assert difference(clip, changed)[1] < 2
    assert not clip.warnings
