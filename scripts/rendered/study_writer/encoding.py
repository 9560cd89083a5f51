"""Frames → DICOM pixel data in the forms that scanners and archives use."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder

Frames = NDArray[np.uint8]  # (T, H, W, 3) RGB


@dataclass(frozen=True)
class EncodedPixels:
    """Pixel data and the attributes that describe it. lossy_ratio: None where nothing was lost."""

    transfer_syntax: uid.UID
    photometric: str
    data: bytes
    lossy_ratio: float | None = None
    lossy_method: str | None = None

    @property
    def is_encapsulated(self) -> bool:
        """Whether the pixel data are fragments."""
        return bool(self.transfer_syntax.is_encapsulated)


def _jpeg_baseline(frames: Frames, _: float) -> EncodedPixels:
    """JPEG Baseline with chroma at half width: what most cardiac scanners export."""
    coded = [_pillow(frame, "JPEG", quality=92, subsampling=1) for frame in frames]
    ratio = frames.nbytes / sum(map(len, coded))
    return EncodedPixels(uid.JPEGBaseline8Bit, "YBR_FULL_422", encapsulate(coded), ratio, "ISO_10918_1")


def _jpeg_2000(frames: Frames, _: float) -> EncodedPixels:
    coded = [
        _pillow(frame, "JPEG2000", no_jp2=True, mct=1, irreversible=True, quality_mode="rates", quality_layers=[12])
        for frame in frames
    ]
    ratio = frames.nbytes / sum(map(len, coded))
    return EncodedPixels(uid.JPEG2000, "YBR_ICT", encapsulate(coded), ratio, "ISO_15444_1")


def _run_length(frames: Frames, _: float) -> EncodedPixels:
    rows, columns = frames.shape[1:3]
    description = {
        "rows": rows,
        "columns": columns,
        "samples_per_pixel": 3,
        "number_of_frames": 1,
        "bits_allocated": 8,
        "bits_stored": 8,
        "pixel_representation": 0,
        "photometric_interpretation": "RGB",
        "planar_configuration": 0,
    }
    coded = [RLELosslessEncoder.encode(frame.tobytes(), **description) for frame in frames]
    return EncodedPixels(uid.RLELossless, "RGB", encapsulate(coded))


def _native_rgb(frames: Frames, _: float) -> EncodedPixels:
    return EncodedPixels(uid.ExplicitVRLittleEndian, "RGB", frames.tobytes())


def _native_grey(frames: Frames, _: float) -> EncodedPixels:
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    return EncodedPixels(uid.ExplicitVRLittleEndian, "MONOCHROME2", grey.tobytes())


def _h264(frames: Frames, frame_rate_hz: float) -> EncodedPixels:
    """The video stream in one fragment, as PS3.5 A.4.6 has it."""
    stream = video_bytes(frames, frame_rate_hz, container="h264")
    ratio = frames.nbytes / len(stream)
    return EncodedPixels(uid.MPEG4HP41, "YBR_PARTIAL_420", encapsulate([stream]), ratio, "ISO_14496_10")


ENCODERS: dict[str, Callable[[Frames, float], EncodedPixels]] = {
    "jpeg": _jpeg_baseline,
    "jpeg2000": _jpeg_2000,
    "rle": _run_length,
    "rgb": _native_rgb,
    "monochrome2": _native_grey,
    "h264": _h264,
}


def video_bytes(frames: Frames, frame_rate_hz: float, *, container: str) -> bytes:
    """H.264 video in a container format of FFmpeg; one thread, so that the same frames give the same bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream("libx264", rate=Fraction(frame_rate_hz).limit_denominator(1000))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "17", "preset": "veryfast", "threads": "1", "profile": "high"}
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _pillow(frame: NDArray[np.uint8], kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, kind, **options)
    return buffer.getvalue()
