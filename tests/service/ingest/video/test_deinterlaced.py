"""Lines of two moments never reach a network: interlaced video is deinterlaced, its pixels made square."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from model.study import SkippedClip, SkipReason
from service.ingest.limits import IngestLimits
from service.ingest.video.frames import VideoFrames
from tests import video_files as make
from tests.service.ingest.reading import frames_of, read_clip, read_one

HEIGHT, WIDTH, FRAMES = 576, 720, 16  # PAL, the only size that DV has beside NTSC's


def moments(number: int) -> NDArray[np.uint8]:
    """The picture at a moment: a soft bright bar that moves fast to the right over a still gradient."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    bar = np.exp(-(((x - 60 - 14 * number) / 22.0) ** 2))
    grey = 40 + 40 * y / HEIGHT + 150 * bar
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def woven() -> NDArray[np.uint8]:
    """Frames of which the even lines are of one moment and the odd lines of the next."""
    frames = []
    for number in range(FRAMES):
        frame, later = moments(2 * number), moments(2 * number + 1)
        frame[1::2] = later[1::2]
        frames.append(frame)
    return np.stack(frames)


def combing(frames: NDArray[np.uint8]) -> float:
    """How much more neighbouring lines differ than lines two apart: beyond one where two moments are woven."""
    grey = frames[..., 1].astype(np.float32)[:, 8:-8]
    beside, two_apart = (np.abs(grey[:, n:] - grey[:, :-n]).mean() for n in (1, 2))
    return float(beside / two_apart)


WOVEN = woven()
WHOLE = np.stack([moments(2 * number) for number in range(FRAMES)])
KINDS = {
    "DV in AVI": ("dvvideo", "avi", {}),
    "DV in MOV": ("dvvideo", "mov", {}),
    "MPEG-2": ("mpeg2video", "mpegts", {"flags": "+ildct+ilme", "g": "8", "bf": "2"}),
    "MPEG-2 in MOV": ("mpeg2video", "mov", {"flags": "+ildct+ilme", "g": "8", "bf": "0"}),
    "H.264 MBAFF": ("libx264", "mp4", {"x264-params": "interlaced=1:tff=1:log-level=none", "g": "8"}),
    "H.264 MBAFF in a transport stream": ("libx264", "mpegts", {"x264-params": "tff=1:log-level=none", "g": "8"}),
}


def video(kind: str, frames: NDArray[np.uint8] = WOVEN, ratio: Fraction | None = None) -> bytes:
    codec, container, options = KINDS[kind]
    return make.encoded(frames, codec, container, options=options, pixel_ratio=ratio)


def test_the_measure_tells_woven_lines() -> None:
    assert combing(WOVEN) > 5
    assert combing(WHOLE) < 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_combed_frames_never_come_out(tmp_path: Path, kind: str) -> None:
    data = video(kind)
    with av.open(io.BytesIO(data), "r") as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert combing(np.stack(decoded)) > 1.5  # so it is as it is stored
    (tmp_path / "1").write_bytes(data)
    clip = read_clip(tmp_path / "1")
    assert FRAMES - 1 <= len(clip.frames_rgb) <= FRAMES
    assert combing(clip.frames_rgb) < 1
    assert clip.frame_rate_hz == pytest.approx(25)


@pytest.mark.parametrize("kind", ["DV in AVI", "MPEG-2 in MOV", "H.264 MBAFF"])
def test_chosen_frames_equal_those_of_all(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "1"
    path.write_bytes(video(kind))
    container = {"avi": "avi", "mov": "mov", "mp4": "mov"}[KINDS[kind][1]]
    with path.open("rb") as file:
        source = VideoFrames(file, container, IngestLimits())
        everything = frames_of(source, range(FRAMES))
        assert np.array_equal(frames_of(source, [0, 3, 4, 9, FRAMES - 1]), everything[[0, 3, 4, 9, FRAMES - 1]])
    with path.open("rb") as file:
        assert np.array_equal(frames_of(VideoFrames(file, container, IngestLimits()), [3, 9]), everything[[3, 9]])


@pytest.mark.parametrize("kind", ["DV in AVI", "DV in MOV"])
def test_pixels_of_dv_are_made_square(tmp_path: Path, kind: str) -> None:
    """4:3 on 720 columns of 576 lines: pixels of 16:15 (IEC 61834-2; ITU-R BT.601), so 768 columns."""
    (tmp_path / "1").write_bytes(video(kind, ratio=Fraction(16, 15)))
    clip = read_clip(tmp_path / "1")
    assert clip.frames_rgb.shape[1] == 576
    assert abs(clip.frames_rgb.shape[2] - 768) <= 20  # 59:54 where FFmpeg's reader of DV says so


@pytest.mark.parametrize(("codec", "container"), [("libx264", "mp4"), ("mpeg2video", "mpegts"), ("mpeg4", "avi")])
def test_progressive_video_is_not_touched(tmp_path: Path, codec: str, container: str) -> None:
    (tmp_path / "1").write_bytes(make.encoded(WHOLE, codec, container, options={"g": "8"}))
    clip = read_clip(tmp_path / "1")
    assert np.abs(clip.frames_rgb.astype(np.int16) - WHOLE[: len(clip.frames_rgb)]).mean() < 4


def test_interlaced_and_damaged_is_refused_by_both_names(tmp_path: Path) -> None:
    data = make.spoilt(video("H.264 MBAFF"), "mov", 5, lambda packet: bytes(len(packet)))
    (tmp_path / "1").write_bytes(data)
    skipped = read_one(tmp_path / "1")
    assert isinstance(skipped, SkippedClip)
    assert skipped.reason is SkipReason.UNREADABLE
    assert "interlaced" in skipped.text
    assert "damaged" in skipped.text
