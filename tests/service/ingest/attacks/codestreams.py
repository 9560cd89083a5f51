"""Codestreams of a few bytes whose parameters ask for gigabytes, inside DICOM and as files of their own."""

import io
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from struct import pack
from typing import Final

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from tests.dicom_files import dataset_of, moving_frames, save, write_encoded
from tests.video_files import box

LIKE: Final = moving_frames(2, 64, 64)
HTJ2K: Final = "1.2.840.10008.1.2.4.201"


def jpeg2000(
    *,
    size: tuple[int, int] = (64, 64),
    tile: tuple[int, int] | None = None,
    components: int = 3,
    depth: int = 7,
    layers: int = 1,
    levels: int = 5,
    block: int = 4,
    high_throughput: bool = False,
) -> bytes:
    """Main header and one empty tile part (ISO/IEC 15444-1 annex A)."""
    tile = tile or size
    siz = pack(">HLLLLLLLLH", 0x4000 if high_throughput else 0, *size, 0, 0, *tile, 0, 0, components & 0xFFFF)
    siz += bytes([depth, 1, 1]) * components
    cod = pack(">BBHBBBBBB", 0, 0, layers, 1, levels, block, block, 0x40 if high_throughput else 0, 1)
    qcd = bytes([0x40]) + bytes([0x40] * (3 * levels + 1))
    parts = b"".join(
        pack(">HH", marker, len(body) + 2) + body for marker, body in ((0xFF51, siz), (0xFF52, cod), (0xFF5C, qcd))
    )
    return b"\xff\x4f" + parts + pack(">HHHLBB", 0xFF90, 10, 0, 14, 0, 1) + b"\xff\x93" + b"\xff\xd9"


def jp2(codestream: bytes, size: tuple[int, int] = (64, 64), components: int = 3) -> bytes:
    """The codestream in the boxes of a .jp2 file."""
    header = box(b"ihdr", pack(">LLHBBBB", size[1], size[0], components, 7, 7, 0, 0))
    signature = box(b"jP  ", b"\r\n\x87\n")
    return signature + box(b"ftyp", b"jp2 ", bytes(4), b"jp2 ") + box(b"jp2h", header) + box(b"jp2c", codestream)


J2K: Final = {
    "layers_65535": jpeg2000(layers=65535),
    "layers_400": jpeg2000(layers=400),
    "levels_32": jpeg2000(levels=32),
    "tiles_of_one_pixel": jpeg2000(size=(2048, 2048), tile=(1, 1)),
    "components_16384": jpeg2000(components=16384),
    "size_4_billion": jpeg2000(size=(0xFFFFFFFF, 0xFFFFFFFF)),
    "size_30000": jpeg2000(size=(30000, 30000)),
    "depth_38": jpeg2000(depth=37),
    "blocks_of_1024": jpeg2000(block=8),
    "layers_and_tiles": jpeg2000(size=(1024, 1024), tile=(8, 8), layers=1000),
}


def jpeg(size: tuple[int, int], start: int = 0xC0, scans: int = 1) -> bytes:
    """A JPEG whose frame header states another size; further scans repeat the first."""
    file = io.BytesIO()
    Image.fromarray(LIKE[0]).save(file, "JPEG", progressive=start == 0xC2)
    data = file.getvalue()
    at = data.index(bytes([0xFF, 0xC2 if start == 0xC2 else 0xC0]))
    changed = data[:at] + bytes([0xFF, start]) + data[at + 2 : at + 5] + pack(">HH", *size) + data[at + 9 :]
    scan = changed.index(b"\xff\xda")
    return changed[:-2] + changed[scan:-2] * (scans - 1) + b"\xff\xd9"


def rle(segments: int, offsets: list[int], body: bytes) -> bytes:
    """An RLE frame (PS3.5 annex G)."""
    return pack("<L15L", segments, *(offsets + [0] * 15)[:15]) + body


STREAMS: Final = {
    **{f"j2k_{name}": (uid.JPEG2000, stream) for name, stream in J2K.items()},
    **{f"jp2_{name}": (uid.JPEG2000, jp2(stream)) for name, stream in J2K.items()},
    **{f"htj2k_{name}": (HTJ2K, stream) for name, stream in J2K.items()},
    "jpeg_65535": (uid.JPEGBaseline8Bit, jpeg((65535, 65535))),
    "jpeg_progressive_65535": (uid.JPEGBaseline8Bit, jpeg((65535, 65535), 0xC2)),
    "jpeg_1000_scans": (uid.JPEGBaseline8Bit, jpeg((8000, 8000), 0xC2, 1000)),
    "jpeg_lossless_65535": (uid.JPEGLosslessSV1, jpeg((65535, 65535), 0xC3)),
    "jpeg_arithmetic": (uid.JPEGBaseline8Bit, jpeg((64, 64), 0xC9)),
    "jpeg_ls_65535": (uid.JPEGLSLossless, jpeg((65535, 65535), 0xF7)),
    "rle_16_segments": (uid.RLELossless, rle(16, [64] * 15, b"\x81\x00" * 64)),
    "rle_offsets_beyond": (uid.RLELossless, rle(3, [64, 0xFFFFFFF0, 0x80000000], b"\x81\x00" * 64)),
    "rle_backwards": (uid.RLELossless, rle(3, [100, 80, 64], b"\x81\x00" * 64)),
    "rle_bomb": (uid.RLELossless, rle(3, [64, 65, 66], b"\x81\x00" * 500_000)),
    "rle_literal_beyond_its_end": (uid.RLELossless, rle(3, [64, 65, 66], b"\x7f")),
}


def with_offset_table(path: Path, table: bytes, *, extended: bool) -> Path:
    """A cine whose table of frames is as large as it is given."""
    dataset = dataset_of(LIKE, "RGB")
    content = encapsulate([b"\xff\xd8\xff\xd9"] * 2, has_bot=False)
    if extended:
        dataset.add_new(0x7FE00001, "OV", table)
        dataset.add_new(0x7FE00002, "OV", table)
    else:
        content = content[:4] + pack("<L", len(table)) + table + content[8:]
    dataset.PixelData = content
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return save(path, dataset, uid.JPEGBaseline8Bit)


def many_fragments(path: Path, count: int) -> Path:
    """Empty fragments, then a frame."""
    item = pack("<HHL", 0xFFFE, 0xE000, 0)
    dataset = dataset_of(LIKE, "RGB")
    dataset.PixelData = item * (count + 1) + pack("<HHL4s", 0xFFFE, 0xE000, 4, b"\xff\xd8\xff\xd9")
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return save(path, dataset, uid.JPEGBaseline8Bit)


def inflating(path: Path, megabytes: int, *, wrapped: bool) -> Path:
    """A deflated DICOM of zeros, bare or as zlib wraps it."""
    write = zlib.compressobj(9, wbits=15 if wrapped else -15)
    packed = b"".join([*(write.compress(bytes(1 << 20)) for _ in range(megabytes)), write.flush()])
    save(path, dataset_of(LIKE, "RGB"), uid.ExplicitVRLittleEndian)
    data = path.read_bytes()
    syntax = uid.ExplicitVRLittleEndian.encode() + b"\0"
    at = data.index(syntax)
    deflated = uid.DeflatedExplicitVRLittleEndian.encode()
    meta = data[: at - 2] + pack("<H", len(deflated)) + deflated
    path.write_bytes(meta + packed)
    return path


def codestream_attacks() -> dict[str, Callable[[Path], Path]]:
    """Name → what writes the file."""
    made: dict[str, Callable[[Path], Path]] = {}
    for name, (syntax, stream) in STREAMS.items():
        made[f"dicom_{name}"] = partial(
            write_encoded, encoded=[stream, stream], like=LIKE, photometric="RGB", syntax=syntax
        )
    for name, stream in J2K.items():
        made[f"file_j2k_{name}"] = partial(_written, content=stream)
        made[f"file_jp2_{name}"] = partial(_written, content=jp2(stream))
    table = np.zeros(10_000_000, "<u4").tobytes()
    for extended in (False, True):
        made[f"offset_table_extended_{extended}"] = partial(with_offset_table, table=table, extended=extended)
    made["fragments_of_nothing"] = partial(many_fragments, count=300_000)
    made["inflating_bare"] = partial(inflating, megabytes=3000, wrapped=False)
    made["inflating_wrapped"] = partial(inflating, megabytes=3000, wrapped=True)
    return made


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
