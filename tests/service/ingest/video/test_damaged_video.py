"""One frame of a video missing or damaged: left out with a warning, up to a tenth; more is a refusal."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from model.study import Clip, SkippedClip, SkipReason
from tests import video_files as make
from tests.service.ingest.reading import read_one

RGB = make.clip_rgb(40)
_NOISE = np.random.default_rng(3)
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "all zero": lambda packet: bytes(len(packet)),
    "all ones": lambda packet: b"\xff" * len(packet),
    "second half zero": lambda packet: packet[: len(packet) // 2] + bytes(len(packet) - len(packet) // 2),
}
INTRA = [("mjpeg", "avi", "avi"), ("mjpeg", "mov", "mov")]
PREDICTED = [("libx264", "mp4", "mov"), ("libx265", "mp4", "mov"), ("mpeg2video", "mov", "mov")]


def read(folder: Path, data: bytes) -> Clip | SkippedClip:
    (folder / "1").write_bytes(data)
    return read_one(folder / "1")


@cache
def whole(codec: str, container: str) -> bytes:
    if codec == "mjpeg":
        return make.encoded(RGB, codec, container, pixel_format="yuvj420p")
    return make.encoded(RGB, codec, container, options={"g": "10", "bf": "2"})


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [0, 1, 17, 39])
@pytest.mark.parametrize(("codec", "container", "file_format"), INTRA)
def test_a_damaged_picture_is_left_out(
    tmp_path: Path, codec: str, container: str, file_format: str, number: int, damage: str
) -> None:
    clip = read(tmp_path, make.spoilt(whole(codec, container), file_format, number, DAMAGES[damage]))
    assert isinstance(clip, Clip)
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]
    assert "1 of 40" in clip.warnings[0].text
    apart = np.abs(clip.frames_rgb.astype(np.int16) - np.delete(RGB, number, axis=0))
    assert apart.mean() < 5
    assert (clip.frames_total, clip.length, clip.frame_rate_hz) == (39, 39, 25)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("number", [1, 4, 12, 17, 33, 39])
@pytest.mark.parametrize(("codec", "container", "file_format"), PREDICTED)
def test_a_damaged_predicted_picture_is_left_out(
    tmp_path: Path, codec: str, container: str, file_format: str, number: int, damage: str
) -> None:
    """Between two key pictures at most what was predicted from it differs; no picture is painted over."""
    data = whole(codec, container)
    if make.packets_of(data, file_format)[number][1]:
        pytest.skip("a key picture: its whole group refers to it, so more than one frame goes")
    clip = read(tmp_path, make.spoilt(data, file_format, number, DAMAGES[damage]))
    if isinstance(clip, SkippedClip):  # its group refers to it, and the decoder cannot do without it
        assert (codec == "libx265" or number < 10, "damaged" in clip.text) == (True, True)
        return
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]
    assert 36 <= len(clip.frames_rgb) <= 40
    for frame in clip.frames_rgb:
        assert np.abs(RGB - frame.astype(np.int16)).mean(axis=(1, 2, 3)).min() < 8


@pytest.mark.parametrize(("codec", "container", "file_format"), PREDICTED)
def test_without_its_key_picture_nothing_is_shown(tmp_path: Path, codec: str, container: str, file_format: str) -> None:
    """A quarter of the clip refers to it, more than may be lost."""
    skipped = read(tmp_path, make.spoilt(whole(codec, container), file_format, 0, DAMAGES["all zero"]))
    assert isinstance(skipped, SkippedClip)
    assert (skipped.reason, "damaged" in skipped.text) == (SkipReason.UNREADABLE, True)


@pytest.mark.parametrize(("count", "is_used"), [(1, True), (4, True), (5, False), (20, False), (40, False)])
def test_a_tenth_may_be_lost(tmp_path: Path, count: int, is_used: bool) -> None:
    data = whole("mjpeg", "avi")
    for number in range(0, count * (40 // count), 40 // count):
        data = make.spoilt(data, "avi", number, DAMAGES["all zero"])
    assert isinstance(read(tmp_path, data), Clip) == is_used


@pytest.mark.parametrize("lost", [1, 3])
def test_lost_transport_packets_are_told(tmp_path: Path, lost: int) -> None:
    data = make.encoded(RGB, "libx264", "mpegts", options={"g": "10", "bf": "0"})
    at = len(data) // 188 // 2 * 188
    clip = read(tmp_path, data[:at] + data[at + lost * 188 :])
    assert isinstance(clip, Clip)
    assert [warning.code for warning in clip.warnings] == ["frames_left_out"]


def test_a_movie_whose_last_frames_are_missing_says_so(tmp_path: Path) -> None:
    movie = make.encoded(RGB, "mjpeg", "mov", pixel_format="yuvj420p", container_options={"movflags": FRAGMENTS})
    for kept, is_used in ((38.5, True), (20.5, False)):
        sizes = [len(packet) for packet, _ in make.packets_of(movie, "mov")]
        end = movie.index(make.packets_of(movie, "mov")[0][0]) + int(sum(sizes[: int(kept)]) + sizes[int(kept)] / 2)
        clip = read(tmp_path, movie[:end])
        assert isinstance(clip, Clip) == is_used
        if isinstance(clip, Clip):
            assert [warning.code for warning in clip.warnings] == ["frames_left_out"]
            assert len(clip.frames_rgb) == 38


FRAGMENTS = "frag_custom+empty_moov"  # one fragment, whose table precedes its pictures


def test_the_same_damage_is_judged_alike_each_time(tmp_path: Path) -> None:
    """Pictures are told by their packets' numbers, which no decoder loses."""
    (tmp_path / "1").write_bytes(make.spoilt(whole("libx264", "mp4"), "mov", 12, DAMAGES["all zero"]))
    told = [read_one(tmp_path / "1") for _ in range(15)]
    assert {clip.warnings[0].text for clip in told if isinstance(clip, Clip)} == {
        "1 of 40 frames are damaged or missing; they were left out."
    }
    assert all(isinstance(clip, Clip) and len(clip.frames_rgb) == 39 for clip in told)
