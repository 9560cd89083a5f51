"""Fragments as one file equal their bytes joined, and take no memory for what is not asked for."""

import io
import random
import subprocess
import sys
from pathlib import Path

from service.ingest.dicom.pixels.fragments import Fragment, read_fragments
from service.ingest.dicom.pixels.joined_fragments import JoinedFragments
from tests.dicom_files import encode_video, moving_frames, write_encoded
from tests.video_files import box

_LARGE = """
import sys
from pathlib import Path
from service.ingest.limits import IngestLimits
from tests.service.ingest.reading import open_anything
with open_anything([Path(sys.argv[1])], IngestLimits()) as study:
    (found,) = study.read()
assert type(found).__name__ == "Clip", found
assert len(found.frames_rgb) == 48, found.frames_rgb.shape
"""
MPEG4 = "1.2.840.10008.1.2.4.102"


def test_reads_equal_the_joined_bytes() -> None:
    drawn = random.Random(0)
    file = io.BytesIO(drawn.randbytes(1000))
    fragments = [Fragment(10, 100, 0), Fragment(120, 0, 0), Fragment(130, 1, 0), Fragment(300, 500, 0)]
    whole = read_fragments(file, fragments)
    joined = JoinedFragments(file, fragments)
    assert joined.read() == whole
    assert joined.read(5) == b""
    for _ in range(200):
        at, size = drawn.randrange(0, 650), drawn.randrange(0, 300)
        assert joined.seek(at) == joined.tell() == at
        assert joined.read(size) == whole[at : at + size]
    assert joined.seek(-10, io.SEEK_END) == len(whole) - 10
    assert joined.seek(4, io.SEEK_CUR) == len(whole) - 6
    assert joined.read() == whole[-6:]


def test_a_video_larger_than_the_memory_of_a_decoder_is_read(tmp_path: Path) -> None:
    """1,000 MB: a good MP4 and, behind it, media data that nothing refers to, in two fragments."""
    rest_bytes = 1000 << 20
    movie = encode_video(moving_frames(48, 96, 128))
    movie += box(b"free", bytes(len(movie) % 2))
    path = write_encoded(tmp_path / "v.dcm", [movie], moving_frames(), "YBR_PARTIAL_420", MPEG4, offset_table=False)
    content = path.read_bytes()
    end = content.rindex(b"\xfe\xff\xdd\xe0")
    with path.open("r+b") as file:
        file.seek(end)
        file.write(b"\xfe\xff\x00\xe0" + rest_bytes.to_bytes(4, "little") + rest_bytes.to_bytes(4, "big") + b"mdat")
        file.seek(rest_bytes - 8, io.SEEK_CUR)  # a hole: takes no room on the disk
        file.write(content[end:])
    ended = subprocess.run([sys.executable, "-c", _LARGE, str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
