"""MP4, MOV and AVI: frames, rates, limits, and what is not a moving picture."""

import io
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import pytest

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.limits import IngestLimits
from service.ingest.video.frames import VideoFrames
from service.ingest.video.stream_format import container_format
from tests import dicom_files as make
from tests.reference import GOLDEN, MY_HEART
from tests.service.ingest.reading import LIMITS, difference, frames_of, read_clip, read_skip

RGB = make.moving_frames(12)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("mov", "libx264"), ("avi", "mpeg4")])
def test_videos_are_read_whatever_they_are_called(tmp_path: Path, container: str, codec: str) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(make.encode_video(RGB, codec, container, rate=50))
    clip = read_clip(path)
    assert difference(clip, RGB)[1] < 4
    assert (clip.source, clip.frame_rate_hz, clip.frames_total, clip.sector_box) == ("video", 50, 12, None)
    assert not clip.text_declared_absent


def test_chosen_frames_are_those_of_the_whole_clip(tmp_path: Path) -> None:
    source = VideoFrames(io.BytesIO(make.encode_video(RGB)), "mov", LIMITS)
    whole = frames_of(source, range(12))
    for chosen in ([0], [2, 7, 11]):
        np.testing.assert_array_equal(frames_of(source, chosen), [whole[index] for index in chosen])


def test_frames_beyond_the_limit_are_counted_but_not_read(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(make.encode_video(RGB))
    clip = read_clip(tmp_path / "1", IngestLimits(max_frames_read=5))
    assert (len(clip.frames_rgb), clip.frames_total) == (5, 12)


@pytest.mark.parametrize("name", ["max_frame_pixels", "max_clip_pixels"])
def test_size_is_judged_before_decoding(tmp_path: Path, name: str) -> None:
    (tmp_path / "1").write_bytes(make.encode_video(RGB))
    pixels = RGB[0, ..., 0].size * (12 if name == "max_clip_pixels" else 1)
    exact, less = cast(dict[str, Any], {name: pixels}), cast(dict[str, Any], {name: pixels - 1})
    read_clip(tmp_path / "1", IngestLimits(**exact))
    assert read_skip(tmp_path / "1", IngestLimits(**less)).reason is SkipReason.TOO_LARGE


def test_frames_that_grow_beyond_the_limit_on_the_way_are_not_decoded() -> None:
    stream = make.encode_video(RGB, "libx264", "h264") + make.encode_video(
        make.moving_frames(12, 480, 640), "libx264", "h264"
    )
    source = VideoFrames(io.BytesIO(stream), "h264", IngestLimits(max_frame_pixels=100_000))
    with pytest.raises(ClipRejected):
        frames_of(source, range(24))


def test_one_frame_is_a_still(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(make.encode_video(RGB[:1]))
    assert read_skip(tmp_path / "1").reason is SkipReason.STILL_IMAGE


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.85])  # a tenth may be missing
@pytest.mark.parametrize("index_first", [False, True], ids=["index last", "index first"])
def test_a_truncated_video_is_skipped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], index_first: bool, kept: float
) -> None:
    noisy = np.random.default_rng(1).integers(0, 256, (40, 48, 64, 3), np.uint8)
    whole = _with_index_first(noisy, tmp_path / "whole.mp4") if index_first else make.encode_video(noisy)
    (tmp_path / "1").write_bytes(whole[: int(len(whole) * kept)])
    capfd.readouterr()
    assert read_skip(tmp_path / "1").reason is SkipReason.UNREADABLE
    assert capfd.readouterr() == ("", "")


def _with_index_first(rgb: np.ndarray, path: Path) -> bytes:
    """An MP4 whose index precedes its frames, so that a part of it can be decoded."""
    with (
        av.open(io.BytesIO(make.encode_video(rgb)), "r") as source,
        av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as output,
    ):
        output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = output.streams.video[0]
                output.mux(packet)
    return path.read_bytes()


def test_sound_alone_is_no_image(tmp_path: Path) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream: Any = output.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    (tmp_path / "1").write_bytes(file.getvalue())
    assert read_skip(tmp_path / "1").reason is SkipReason.NOT_AN_IMAGE


def test_a_turned_video_is_turned_upright(tmp_path: Path) -> None:
    data = make.encode_video(RGB)
    one, minus_one = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    track = data.index(b"tkhd")
    at = data.index(one + bytes(12) + one, track)  # the identity matrix of the track (ISO/IEC 14496-12 8.3.2)
    turned = bytes(4) + one + bytes(4) + minus_one + bytes(4)  # a quarter turn clockwise when shown
    (tmp_path / "1").write_bytes(data[:at] + turned + data[at + 20 :])
    (tmp_path / "0").write_bytes(data)
    upright = read_clip(tmp_path / "0").frames_rgb
    np.testing.assert_array_equal(read_clip(tmp_path / "1").frames_rgb, np.rot90(upright, -1, axes=(1, 2)))


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile x",
        b"<?xml version='1.0'?><MPD>",
        b"RIFFxxxxWAVEfmt ",
    ],
)
def test_playlists_and_other_media_are_never_offered_to_ffmpeg(tmp_path: Path, head: bytes) -> None:
    assert container_format(head[:16]) is None
    (tmp_path / "1.mp4").write_bytes(head + bytes(100))
    assert read_skip(tmp_path / "1.mp4").reason is SkipReason.UNREADABLE


@pytest.mark.shared
def test_decoded_frames_lead_to_the_published_model_input() -> None:
    """The golden arrays hold frames 0, 2, …, 30 after crop and resize; the decoder may differ by one grey level."""
    golden = np.load(GOLDEN / "echoprime_preprocess_mp4.npz")
    for stem in golden.files:
        frames = read_clip(MY_HEART / f"{stem}.mp4").frames_rgb[:32:2].astype(np.float32)
        side = min(frames.shape[1:3])
        top, left = (frames.shape[1] - side) // 2, (frames.shape[2] - side) // 2
        margin = round(0.1 * side)
        square = frames[:, top : top + side, left : left + side][:, margin : side - margin, margin : side - margin]
        resized = np.stack([cv2.resize(frame, (224, 224), interpolation=cv2.INTER_CUBIC) for frame in square])
        apart = np.abs(np.clip(np.rint(resized), 0, 255) - golden[stem][: len(resized)])
        assert apart.mean() <= 1
        assert (apart <= 4).mean() >= 0.99
