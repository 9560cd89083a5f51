"""What native libraries print becomes events that name the library and the number of lines, and quote nothing."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from service.ingest.decoding.native_lines import NativeLines, library_of
from service.ingest.limits import IngestLimits
from tests.dicom_files import jpeg_frames, moving_frames, write_encoded
from tests.service.conftest import wait_until
from tests.service.ingest.reading import open_anything

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"


@pytest.mark.parametrize(
    ("line", "library"),
    [
        (b"[h264 @ 0x55d0c8e0] error while decoding MB 3 4", "ffmpeg"),
        (b"[mov,mp4,m4a,3gp,3g2,mj2 @ 0x7f] moov atom not found", "ffmpeg"),
        (b"[ERROR:0@1.2] global grfmt_jpeg.cpp:1 readData failed", "opencv"),
        (b"Corrupt JPEG data: premature end of data segment", "libjpeg"),
        (b"[ERROR] Failed to decode tile 1/1", "openjpeg"),
        (b"JANE^DOE", "unknown"),
    ],
)
def test_who_printed_a_line(line: bytes, library: str) -> None:
    assert library_of(line) == library


def test_lines_are_counted_and_never_quoted(log: io.StringIO) -> None:
    counted: list[str] = []
    end = NativeLines(counted.append).listen()
    os.write(end, b"[h264 @ 0x1] PLANTED^NAME\n" * 1000 + b"\n" + b"PLANTED " * 100_000 + b"\n")
    os.close(end)
    wait_until(lambda: len(counted) == 1001)
    wait_until(lambda: sum(event["lines"] for event in events(log)) == 1001)
    assert "PLANTED" not in log.getvalue()
    assert len(events(log)) <= 4, "a line of the log a second and library"


def test_a_damaged_file_is_told_of(tmp_path: Path, log: io.StringIO) -> None:
    damaged = [frame[: len(frame) // 2] + b"\xff\xd9" for frame in jpeg_frames(moving_frames())]
    path = write_encoded(tmp_path / "f.dcm", damaged, moving_frames(), "YBR_FULL_422", JPEG_BASELINE)
    with open_anything([path], IngestLimits()) as study:
        list(study.read())
    wait_until(lambda: any(event["library"] == "libjpeg" for event in events(log)))


def events(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines() if '"native_library"' in line]
