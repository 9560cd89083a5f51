"""Seeds of the fuzzer: a small good file of each kind that is read, and small ones that were built to hurt."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pydicom import uid

from tests.dicom_files import (
    jpeg_frames,
    moving_frames,
    write_compressed,
    write_encoded,
    write_native,
    write_video_in_dicom,
)
from tests.service.ingest.attacks.codestreams import codestream_attacks
from tests.service.ingest.attacks.elements import STATED, with_tags
from tests.service.ingest.attacks.videos import TABLES
from tests.video_files import clip_rgb, encoded

_SMALL_BYTES = 32 << 10  # libFuzzer tries small inputs more often, and changes more of them
_FRAMES = moving_frames(2, 48, 64)  # OpenJPEG writes none with fewer pixels than six levels halve


def write_corpus(folder: Path) -> int:
    """Writes the seeds; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    return sum(1 for _ in _written(folder))


def _written(folder: Path) -> Iterator[Path]:
    yield write_native(folder / "native", _FRAMES, "RGB")
    yield write_native(folder / "big_endian", _FRAMES, "RGB", uid.ExplicitVRBigEndian)
    yield write_native(folder / "deflated", _FRAMES, "RGB", uid.DeflatedExplicitVRLittleEndian)
    yield write_native(folder / "implicit", _FRAMES, "RGB", uid.ImplicitVRLittleEndian)
    yield write_encoded(folder / "jpeg", jpeg_frames(_FRAMES), _FRAMES, "YBR_FULL_422", uid.JPEGBaseline8Bit)
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLSLossless):
        yield write_compressed(folder / syntax, _FRAMES, "RGB", syntax)
    yield write_video_in_dicom(folder / "mpeg2", moving_frames(4, 32, 48), uid.MPEG2MPML)
    for container, codec in (("mp4", "libx264"), ("mov", "mpeg4"), ("avi", "mjpeg"), ("mpegts", "mpeg2video")):
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        (folder / container).write_bytes(encoded(clip_rgb(4)[:, :48, :64], codec, container, pixel_format=pixels))
        yield folder / container
    for name, tags in STATED.items():
        yield with_tags(folder / f"stated_{name}", tags)
    for name, build in TABLES.items():
        if name.startswith(("stsz", "stts", "elst", "fragments_constant")):
            (folder / name).write_bytes(build())
            yield folder / name
    for name, write in codestream_attacks().items():
        if isinstance(write, partial) and name.startswith("dicom_") and "components" not in name and "bomb" not in name:
            path = write(folder / name)
            if path.stat().st_size < _SMALL_BYTES:
                yield path
            else:
                path.unlink()
