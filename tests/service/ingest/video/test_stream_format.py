"""What bytes are said to be, and videos in DICOM in every container, under every wrong syntax."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid

from model.study import SkipReason
from service.ingest.formats import HEAD_BYTES
from service.ingest.video.program_stream import elementary_video
from service.ingest.video.stream_format import container_format, refusal, stream_format
from service.ingest.video.video_syntax import STREAMS
from tests import dicom_files
from tests import video_files as make
from tests.reference import REFERENCE
from tests.service.ingest.reading import difference, read_clip, read_skip

RGB = make.clip_rgb(12)
GROUPS = {"g": "6", "bf": "2"}
STORED = {  # as it lies in the pixel data → what it is found to be
    ("libx264", "h264"): "h264",
    ("libx265", "hevc"): "hevc",
    ("mpeg2video", "mpeg2video"): "mpegvideo",
    ("libx264", "mp4"): "mov",
    ("libx265", "mp4"): "mov",
    ("libx264", "mov"): "mov",
    ("libx264", "mpegts"): "mpegts",
    ("libx265", "mpegts"): "mpegts",
    ("mpeg2video", "mpegts"): "mpegts",
    ("mpeg2video", "vob"): "mpeg",
    ("mpeg2video", "dvd"): "mpeg",
    ("libx264", "vob"): "mpeg",
    ("libx265", "vob"): "mpeg",
}
ENCODED = {kind: make.encoded(RGB, *kind, options=GROUPS) for kind in STORED}
FRAGMENTED = make.encoded(RGB, options=GROUPS, container_options={"movflags": "frag_keyframe+empty_moov"})


def write(path: Path, stream: bytes, syntax: str, fragments: int = 2) -> Path:
    size = -(-len(stream) // fragments // 2) * 2
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    return dicom_files.write_encoded(path, parts, RGB, "YBR_PARTIAL_420", syntax, offset_table=False)


@pytest.mark.parametrize("syntax", [uid.MPEG2MPML, uid.MPEG4HP41, uid.HEVCMP51])
@pytest.mark.parametrize("kind", STORED, ids=" in ".join)
def test_a_video_in_dicom_is_read_whatever_its_syntax_says(tmp_path: Path, kind: tuple[str, str], syntax: str) -> None:
    assert stream_format(ENCODED[kind], "") == STORED[kind]
    clip = read_clip(write(tmp_path / "1", ENCODED[kind], syntax))
    assert difference(clip, RGB)[1] < 5
    assert (clip.frames_total, clip.frame_rate_hz, clip.warnings) == (12, 25, ())


def test_an_mp4_in_fragments_inside_dicom_is_read(tmp_path: Path) -> None:
    assert difference(read_clip(write(tmp_path / "1", FRAGMENTED, uid.MPEG4HP41)), RGB)[1] < 5


@pytest.mark.parametrize("syntax", STREAMS)
def test_every_syntax_and_its_fragmentable_twin_is_a_video(tmp_path: Path, syntax: str) -> None:
    twins = [f"{syntax}.1"] if uid.UID(f"{syntax}.1").is_transfer_syntax else []  # HEVC has none
    for stated in (syntax, *twins):
        path = write(tmp_path / stated, ENCODED["libx264", "h264"], stated)
        assert difference(read_clip(path), RGB)[1] < 5


@pytest.mark.parametrize("zeros", [1, 2, 5])
def test_zeros_before_a_stream_are_padding(zeros: int) -> None:
    assert stream_format(bytes(zeros) + ENCODED["libx265", "hevc"], "") == "hevc"


def test_a_stream_that_shows_nothing_is_what_the_syntax_says() -> None:
    assert stream_format(b"\x12" * 500, "mpegvideo") == "mpegvideo"


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_the_content_of_a_program_stream_is_its_elementary_stream(codec: str) -> None:
    raw = ENCODED[codec, "h264" if codec == "libx264" else "hevc"]
    found = elementary_video(io.BytesIO(ENCODED[codec, "vob"]), 1 << 20)
    assert len(found) >= len(raw) * 0.9
    assert stream_format(found, "") == stream_format(raw, "")


@given(st.binary(max_size=600))
def test_any_bytes_are_taken_for_packets_without_a_fault(data: bytes) -> None:
    elementary_video(io.BytesIO(b"\0\0\1\xba" + data), 500)
    stream_format(data, "h264")
    refusal(data)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"GIF89a", "GIF"),
        (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "Matroska"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01webm", "WebM"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "WMV"),
        (b"FLV\x01\x05", "FLV"),
        (b"OggS\0\2", "Ogg"),
        (b"%PDF-1.7", "PDF"),
        (b"NRRD0004", "NRRD"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
    ],
)
def test_what_is_not_read_is_refused_by_name(tmp_path: Path, head: bytes, word: str) -> None:
    (tmp_path / "1").write_bytes(head + bytes(5000))
    skipped = read_skip(tmp_path / "1")
    assert (skipped.reason, word in skipped.text) == (SkipReason.UNSUPPORTED_FORMAT, True)


@pytest.mark.parametrize("kind", [kind for kind, found in STORED.items() if kind[1] in {"h264", "hevc", "mpeg2video"}])
def test_a_raw_stream_alone_is_refused_by_name(tmp_path: Path, kind: tuple[str, str]) -> None:
    (tmp_path / "1").write_bytes(ENCODED[kind])
    skipped = read_skip(tmp_path / "1")
    assert (skipped.reason, "raw" in skipped.text) == (SkipReason.UNSUPPORTED_FORMAT, True)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"BM\x36\x84\x03\0\0\0\0\0\x36\0\0\0", "BMP"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    ],
)
def test_single_pictures_are_stills_whatever_they_are(tmp_path: Path, head: bytes, word: str) -> None:
    (tmp_path / "1").write_bytes(head + bytes(5000))
    skipped = read_skip(tmp_path / "1")
    assert (skipped.reason, word in skipped.text) == (SkipReason.STILL_IMAGE, True)


@pytest.mark.parametrize("container", ["mp4", "mov", "mpegts", "vob"])
def test_every_container_is_known_by_its_head(container: str) -> None:
    data = make.encoded(RGB, container=container)
    assert container_format(data[:HEAD_BYTES]) == {"mp4": "mov", "vob": "mpeg"}.get(container, container)


FAULTS = {
    "04a_h264_in_transport_stream.dcm": (72, 25.0),
    "04b_mpeg2_in_program_stream.dcm": (40, 25.0),
    "05_trimmed_by_edit_list.mp4": (47, 25.0),
    "07_display_matrix_mirror.mp4": (72, 25.0),
    "09_pause_in_timestamps.mp4": (72, 25.0),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", FAULTS)
def test_the_collected_faults_of_videos_are_read_rightly(name: str) -> None:
    clip = read_clip(REFERENCE / "faults" / name)
    assert (clip.frames_total, clip.frame_rate_hz) == FAULTS[name]
    assert clip.frames_rgb.shape == (FAULTS[name][0], 240, 320, 3)
    assert clip.warnings == ()


@pytest.mark.shared
def test_the_mirrored_fault_is_the_mirror_of_what_is_stored() -> None:
    shown = read_clip(REFERENCE / "faults" / "07_display_matrix_mirror.mp4").frames_rgb
    control = read_clip(REFERENCE / "faults" / "09_pause_in_timestamps.mp4").frames_rgb
    apart = [np.abs(shown[0].astype(np.int16) - picture).mean() for picture in (control[0], control[0][:, ::-1])]
    assert apart[1] < apart[0]
