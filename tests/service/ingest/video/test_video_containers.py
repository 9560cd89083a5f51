"""What a container presents: cut clips, fragments, null frames, time stamps, shapes of pixels, tracks and codecs."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from model.errors import ClipRejected
from model.study import Clip, SkipReason
from service.ingest.video.frames import VideoFrames
from tests import video_files as make
from tests.service.ingest.reading import LIMITS, difference, frames_of, read_clip, read_skip

RGB = make.clip_rgb()
GROUPS = {"g": "6", "bf": "2"}


def read(folder: Path, data: bytes) -> Clip:
    (folder / "1").write_bytes(data)
    return read_clip(folder / "1")


@pytest.mark.parametrize("open_groups", [False, True])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("cut", [1, 5, 6, 7, 14])
def test_frames_that_an_edit_list_cuts_off_do_not_count(
    tmp_path: Path, cut: int, codec: str, open_groups: bool
) -> None:
    name, joiner = ("x264-params", "open-gop=1") if codec == "libx264" else ("x265-params", "open-gop=1:keyint=6")
    options = GROUPS | ({name: joiner + ":log-level=none"} if open_groups and codec == "libx265" else {})
    options |= {name: joiner} if open_groups and codec == "libx264" else {}
    whole = make.encoded(RGB, codec, options=options)
    clip = read(tmp_path, make.first_frames_cut_off(whole, cut, 512))
    assert difference(clip, RGB[cut:])[1] < 5
    assert (clip.frames_total, clip.frame_rate_hz, clip.warnings) == (24 - cut, 25, ())


def test_chosen_frames_of_a_cut_clip_are_those_that_are_presented(tmp_path: Path) -> None:
    cut = make.first_frames_cut_off(make.encoded(RGB, options=GROUPS), 7, 512)
    source = VideoFrames(io.BytesIO(cut), "mov", LIMITS)
    whole = frames_of(source, range(17))
    np.testing.assert_array_equal(frames_of(source, [0, 9, 16]), whole[[0, 9, 16]])


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_every_frame+empty_moov", "dash"])
def test_fragments_are_counted(tmp_path: Path, flags: str) -> None:
    clip = read(tmp_path, make.encoded(RGB, options=GROUPS, container_options={"movflags": flags}))
    assert difference(clip, RGB)[1] < 5
    assert (clip.frames_total, clip.frame_rate_hz) == (24, 25)


@pytest.mark.parametrize("first", ["uuid", "styp", "pnot", "free", "skip", "wide", "sidx", "emsg", "prft"])
def test_an_mp4_may_begin_with_any_box(tmp_path: Path, first: str) -> None:
    clip = read(tmp_path, make.box(first.encode(), bytes(24)) + make.encoded(RGB, container_options=FRAGMENTS))
    assert difference(clip, RGB)[1] < 5


FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}  # no place in the file is stated in it


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mpegts", "libx264"), ("mpegts", "libx265"), ("mpegts", "mpeg2video"), ("vob", "mpeg2video"),
     ("mpeg", "mpeg1video"), ("vob", "libx264"), ("vob", "libx265")],
)  # fmt: skip
def test_transport_and_program_streams_are_read(tmp_path: Path, container: str, codec: str) -> None:
    clip = read(tmp_path, make.encoded(RGB, codec, container, options=GROUPS))
    assert difference(clip, RGB)[1] < 5
    assert clip.frames_total == 24
    bare = container == "vob" and codec != "mpeg2video"  # its times are lost with its packets
    assert (clip.frame_rate_hz, clip.frame_rate_source) == ((None, "assumed") if bare else (25, "time_stamps"))


@pytest.mark.parametrize("packet_bytes", [192, 204])
def test_transport_packets_may_be_longer(tmp_path: Path, packet_bytes: int) -> None:
    plain = make.encoded(RGB, "mpeg2video", "mpegts", options=GROUPS)
    packets = [plain[at : at + 188] for at in range(0, len(plain), 188)]
    longer = [bytes(4) + packet if packet_bytes == 192 else packet + bytes(16) for packet in packets]
    assert difference(read(tmp_path, b"".join(longer)), RGB)[1] < 5


def test_a_transport_stream_that_was_cut_begins_with_its_first_key_picture(tmp_path: Path) -> None:
    whole = make.encoded(RGB, "libx264", "mpegts", options=GROUPS)
    clip = read(tmp_path, whole[len(whole) // 3 + 57 :])
    assert clip.warnings == ()
    assert difference(clip, RGB[24 - len(clip.frames_rgb) :])[1] < 5


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
@pytest.mark.parametrize("held", [{3}, {5, 6, 7}, {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23}])
def test_null_frames_of_an_avi_are_no_pictures(tmp_path: Path, codec: str, held: set[int]) -> None:
    stored = [number for number in range(24) if number not in held]
    kinds = {"mpeg4": {"g": "1"}, "mjpeg": {}}[codec]
    clip = read(
        tmp_path,
        make.without_packets(
            make.encoded(RGB, codec, "avi", options=kinds, pixel_format="yuvj420p" if codec == "mjpeg" else "yuv420p"),
            held,
        ),
    )
    assert difference(clip, RGB[stored])[1] < 5
    assert clip.frames_total == len(stored)
    assert clip.frame_rate_hz == (12.5 if len(held) == 12 else 25)  # every second picture is a repetition


@pytest.mark.parametrize("stated", [0, 1, 23, 25, 4_000, 0x7FFFFFFF])
def test_totals_of_an_avi_are_not_believed(tmp_path: Path, stated: int) -> None:
    data = bytearray(make.encoded(RGB, "mpeg4", "avi"))
    for name, offset in ((b"avih", 24), (b"strh", 40)):  # dwTotalFrames, dwLength
        at = data.index(name) + offset
        data[at : at + 4] = stated.to_bytes(4, "little")
    clip = read(tmp_path, bytes(data))
    assert (clip.frames_total, len(clip.frames_rgb), clip.warnings) == (24, 24, ())


def test_an_avi_without_its_index_or_with_a_wrong_one_is_read(tmp_path: Path) -> None:
    data = make.encoded(RGB, "mpeg4", "avi")
    at = data.index(b"idx1")
    wrong = data[: at + 8] + (b"00dc" + bytes(8) + b"\xff\xff\xff\x7f") * 24 + data[at + 8 + 24 * 16 :]
    for spoilt in (data[:at], wrong, data.replace(b"idx1", b"JUNK")):
        assert read(tmp_path, spoilt).frames_total == 24


def test_an_avi_that_was_cut_off_is_skipped(tmp_path: Path) -> None:
    data = make.encoded(RGB, "mpeg4", "avi")
    (tmp_path / "1").write_bytes(data[: len(data) // 2])
    skipped = read_skip(tmp_path / "1")
    assert (skipped.reason, "truncated" in skipped.text) == (SkipReason.UNREADABLE, True)


TIMES: dict[str, tuple[list[int], float]] = {
    "a pause": ([*range(12), *range(412, 424)], 25),
    "two pauses": ([*range(8), *range(50, 58), *range(90, 98)], 25),
    "half the rate": (list(range(0, 48, 2)), 12.5),
    "a late start": (list(range(100, 124)), 25),
    "one frame doubled": ([*range(10), *range(11, 25)], 25),
}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("container", ["mp4", "mpegts"])
def test_the_rate_is_that_of_most_steps(tmp_path: Path, container: str, name: str) -> None:
    times, rate = TIMES[name]
    clip = read(tmp_path, make.encoded(RGB, "libx264", container, times=times, options={"bf": "0"}))
    assert (clip.frame_rate_hz, clip.frame_rate_source) == (rate, "time_stamps")
    assert clip.frames_total == 24


@pytest.mark.parametrize("ratio", [Fraction(2, 1), Fraction(1, 2), Fraction(16, 15), Fraction(64, 45)])
@pytest.mark.parametrize(("container", "codec"), [("mp4", "libx264"), ("mov", "mpeg4"), ("mpegts", "libx264")])
def test_pixels_are_made_square(tmp_path: Path, container: str, codec: str, ratio: Fraction) -> None:
    clip = read(tmp_path, make.encoded(RGB, codec, container, pixel_ratio=ratio, options=GROUPS))
    height, width = RGB.shape[1:3]
    square = (height, round(width * ratio)) if ratio > 1 else (round(height / ratio), width)
    assert clip.frames_rgb.shape[1:3] == square


@pytest.mark.parametrize(("container", "codec"), [("mpegts", "mpeg2video"), ("vob", "mpeg2video"), ("avi", "mpeg4")])
def test_pixels_of_a_wide_picture_are_made_square(tmp_path: Path, container: str, codec: str) -> None:
    """128×96 shown as 16:9; MPEG-2 knows only 4:3, 16:9 and 2.21:1 (ISO/IEC 13818-2 table 6-3)."""
    clip = read(tmp_path, make.encoded(RGB, codec, container, pixel_ratio=Fraction(4, 3), options=GROUPS))
    assert clip.frames_rgb.shape[1:3] == (96, 171)


@pytest.mark.parametrize("ratio", [Fraction(1, 1), Fraction(1001, 1000), Fraction(100, 1)])
def test_pixels_that_are_square_or_of_no_shape_stay(tmp_path: Path, ratio: Fraction) -> None:
    clip = read(tmp_path, make.encoded(RGB, pixel_ratio=ratio))
    assert clip.frames_rgb.shape[1:3] == RGB.shape[1:3]


MATRICES: dict[tuple[int, int, int, int], Callable[[Any], Any]] = {  # (a, b, c, d): where right and down go
    (1, 0, 0, 1): lambda frames: frames,
    (-1, 0, 0, 1): lambda frames: frames[:, :, ::-1],
    (1, 0, 0, -1): lambda frames: frames[:, ::-1],
    (-1, 0, 0, -1): lambda frames: frames[:, ::-1, ::-1],
    (0, 1, -1, 0): lambda frames: np.rot90(frames, -1, axes=(1, 2)),
    (0, -1, 1, 0): lambda frames: np.rot90(frames, 1, axes=(1, 2)),
    (0, 1, 1, 0): lambda frames: frames.transpose(0, 2, 1, 3),
    (0, -1, -1, 0): lambda frames: np.rot90(frames.transpose(0, 2, 1, 3), 2, axes=(1, 2)),
}


def with_matrix(data: bytes, matrix: tuple[float, float, float, float]) -> bytes:
    """An MP4 whose track header has that matrix (ISO/IEC 14496-12 8.3.2)."""
    a, b, c, d = (round(value * 65536).to_bytes(4, "big", signed=True) for value in matrix)
    one = (65536).to_bytes(4, "big")
    at = data.index(one + bytes(12) + one, data.index(b"tkhd"))
    return data[:at] + a + b + bytes(4) + c + d + data[at + 20 :]


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_whole_display_matrix_is_applied(tmp_path: Path, matrix: tuple[int, int, int, int]) -> None:
    plain = make.encoded(RGB)
    expected = MATRICES[matrix](read(tmp_path, plain).frames_rgb)
    np.testing.assert_array_equal(read(tmp_path, with_matrix(plain, matrix)).frames_rgb, expected)


@pytest.mark.parametrize("matrix", [(0.7, 0.7, -0.7, 0.7), (1, 0.5, 0, 1), (0, 0, 0, 0), (1, 0, 1, 0)])
def test_other_matrices_are_refused(tmp_path: Path, matrix: tuple[float, float, float, float]) -> None:
    (tmp_path / "1").write_bytes(with_matrix(make.encoded(RGB), matrix))
    skipped = read_skip(tmp_path / "1")
    assert skipped.reason is SkipReason.UNREADABLE


@pytest.mark.parametrize(
    ("codec", "container", "pixel_format"),
    [("mpeg4", "avi", "yuv420p"), ("msmpeg4v2", "avi", "yuv420p"), ("msmpeg4", "avi", "yuv420p"),
     ("mjpeg", "avi", "yuvj420p"), ("mjpeg", "mov", "yuvj420p"), ("rawvideo", "avi", "bgr24"),
     ("cinepak", "avi", "rgb24"), ("msvideo1", "avi", "rgb555le")],
)  # fmt: skip
def test_the_codecs_that_are_read(tmp_path: Path, codec: str, container: str, pixel_format: str) -> None:
    clip = read(tmp_path, make.encoded(RGB, codec, container, pixel_format=pixel_format))
    assert difference(clip, RGB)[1] < 8


@pytest.mark.parametrize(
    ("codec", "container", "pixel_format"),
    [("ffv1", "avi", "yuv420p"), ("huffyuv", "avi", "yuv422p"), ("snow", "avi", "yuv420p"), ("png", "mov", "rgb24"),
     ("qtrle", "mov", "rgb24"), ("utvideo", "avi", "yuv420p"), ("wmv2", "avi", "yuv420p"), ("zmbv", "avi", "bgr0")],
)  # fmt: skip
def test_other_codecs_are_refused_by_name(tmp_path: Path, codec: str, container: str, pixel_format: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg cannot write {codec}")
    (tmp_path / "1").write_bytes(
        make.encoded(RGB, codec, container, pixel_format=pixel_format, options={"strict": "-2"})
    )
    skipped = read_skip(tmp_path / "1")
    assert (skipped.reason, codec in skipped.text) == (SkipReason.UNSUPPORTED_FORMAT, True)


def test_a_track_of_one_picture_is_not_the_video(tmp_path: Path) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        streams: list[Any] = [output.add_stream(codec, rate=25) for codec in ("mjpeg", "libx264")]
        for stream, pixel_format in zip(streams, ("yuvj420p", "yuv420p"), strict=True):
            stream.height, stream.width = RGB.shape[1:3]
            stream.pix_fmt, stream.codec_context.time_base = pixel_format, Fraction(1, 25)
        for stream, count in zip(streams, (1, 24), strict=True):
            for number, rgb in enumerate(RGB[:count]):
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    assert read(tmp_path, file.getvalue()).frames_total == 24


def test_decoders_that_report_errors_in_most_frames_give_no_picture() -> None:
    stream = make.encoded(RGB, "libx265", "hevc")
    with pytest.raises(ClipRejected):
        frames_of(VideoFrames(io.BytesIO(stream), "h264", LIMITS), range(24))
