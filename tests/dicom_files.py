"""The one factory of DICOM test files: any frames in any syntax and colour model, with an identity to look for."""

import io
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import convert_color_space

Frames = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]

# Planted in every file; no text, log line or exception of ours may hold any of them.
IDENTITY = {
    "PatientName": "PLANTED^NAME",
    "PatientID": "PLANTED-ID-4711",
    "PatientBirthDate": "19450508",
    "PatientComments": "PLANTED COMMENT",
    "ReferringPhysicianName": "PLANTED^PHYSICIAN",
    "InstitutionName": "PLANTED HOSPITAL",
    "AccessionNumber": "PLANTEDACC",
    "StudyDescription": "PLANTED DESCRIPTION",
}
STUDY_UID = "1.2.826.0.1.3680043.8.498.4711"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"

_STREAMS = {  # transfer syntax → encoder, elementary stream
    uid.MPEG2MPML: ("mpeg2video", "mpeg2video"),
    uid.MPEG4HP41: ("libx264", "h264"),
    uid.MPEG4HP41F: ("libx264", "h264"),
    uid.HEVCMP51: ("libx265", "hevc"),
}


def moving_frames(frames: int = 6, rows: int = 48, columns: int = 64) -> NDArray[np.uint8]:
    """A smooth coloured blob that moves: uint8 (T, H, W, 3) RGB. Smooth, so that lossy codecs stay close."""
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    made = []
    for index in range(frames):
        centre = columns * (0.3 + 0.4 * index / max(1, frames))
        blob = np.exp(-((x - centre) ** 2 + (y - rows / 2) ** 2) / (rows * 3))
        channels = (40 + 180 * blob, 30 + 150 * blob * x / columns, 60 + 90 * (1 - blob) * y / rows)
        made.append(np.stack(channels, axis=-1))
    return np.asarray(np.rint(made), np.uint8)


def dataset_of(stored: Frames, photometric: str, **tags: Any) -> Dataset:
    """A US multi-frame dataset describing stored frames (T, H, W) or (T, H, W, 3), without pixel data."""
    dataset = Dataset()
    for keyword, planted in IDENTITY.items():
        setattr(dataset, keyword, planted)
    dataset.SOPClassUID = US_MULTIFRAME
    dataset.SOPInstanceUID = uid.generate_uid(entropy_srcs=[str(stored.shape), photometric, str(sorted(tags))])
    dataset.StudyInstanceUID = STUDY_UID
    dataset.SeriesInstanceUID = STUDY_UID + ".1"
    dataset.Modality = "US"
    dataset.FrameTime = 40.0
    dataset.NumberOfFrames = len(stored)
    dataset.Rows, dataset.Columns = stored.shape[1:3]
    dataset.SamplesPerPixel = 3 if stored.ndim == 4 else 1
    dataset.PhotometricInterpretation = photometric
    if stored.ndim == 4:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * stored.dtype.itemsize
    dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsAllocated - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    with disable_value_validation(), warnings.catch_warnings():  # bad values are what many tests are about
        warnings.simplefilter("ignore")
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)
    return dataset


def save(path: Path, dataset: Dataset, syntax: str) -> Path:
    """The file, written as that transfer syntax."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", US_MULTIFRAME)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", STUDY_UID)
    with disable_value_validation():
        dataset.save_as(path, enforce_file_format=True)
    return path


def write_native(
    path: Path, stored: Frames, photometric: str, syntax: str = uid.ExplicitVRLittleEndian, **tags: Any
) -> Path:
    """Uncompressed (or deflated) frames, stored as they are given; `PlanarConfiguration=1` reorders the planes."""
    dataset = dataset_of(stored, photometric, **tags)
    ordered = np.moveaxis(stored, -1, 1) if dataset.get("PlanarConfiguration") == 1 else stored
    is_big_endian = syntax == uid.ExplicitVRBigEndian
    data = ordered.astype(stored.dtype.newbyteorder(">" if is_big_endian else "<")).tobytes()
    _set_pixels(dataset, data, 8 * stored.dtype.itemsize)
    return save(path, dataset, syntax)


def write_ybr_422(path: Path, rgb: NDArray[np.uint8]) -> Path:
    """Native YBR_FULL_422: Y1 Y2 Cb Cr for each pair of pixels (PS3.3 C.7.6.3.1.2)."""
    ybr = to_ybr(rgb)
    chroma = ybr[:, :, 0::2, 1:].astype(np.uint16) + ybr[:, :, 1::2, 1:]
    packed = np.stack([ybr[:, :, 0::2, 0], ybr[:, :, 1::2, 0], chroma[..., 0] // 2, chroma[..., 1] // 2], axis=-1)
    dataset = dataset_of(rgb, "YBR_FULL_422")
    _set_pixels(dataset, packed.astype(np.uint8).tobytes(), 8)
    return save(path, dataset, uid.ExplicitVRLittleEndian)


def to_ybr(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Full-range YCbCr of RGB frames."""
    return np.asarray(convert_color_space(rgb, "RGB", "YBR_FULL"), np.uint8)


def write_encoded(
    path: Path, encoded: Sequence[bytes], like: Frames, photometric: str, syntax: str, **tags: Any
) -> Path:
    """Frames that are encoded already, one fragment each; `like` gives shape and depth."""
    offsets = tags.pop("offset_table", True)
    dataset = dataset_of(like, photometric, **tags)
    dataset.PixelData = encapsulate(list(encoded), has_bot=bool(offsets))
    dataset["PixelData"].VR = "OB"
    return save(path, dataset, syntax)


def write_compressed(path: Path, stored: Frames, photometric: str, syntax: str, **tags: Any) -> Path:
    """JPEG-LS, JPEG 2000 and RLE by pydicom's encoders."""
    dataset = dataset_of(stored, photometric, **tags)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    options: dict[str, Any] = {"jls_error": 1} if syntax == uid.JPEGLSNearLossless else {}
    if syntax == uid.JPEG2000:
        options["j2k_cr"] = [4]
    dataset.compress(uid.UID(syntax), stored, generate_instance_uid=False, **options)
    return save(path, dataset, syntax)


def jpeg_frames(rgb: NDArray[np.uint8], subsampling: str = "4:2:2", *, keep_rgb: bool = False) -> list[bytes]:
    """Each frame as JPEG Baseline by Pillow; grey frames (T, H, W) stay grey."""
    encoded = []
    for frame in rgb:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=97, subsampling=subsampling, keep_rgb=keep_rgb)
        encoded.append(file.getvalue())
    return encoded


def write_video_in_dicom(path: Path, rgb: NDArray[np.uint8], syntax: str, fragments: int = 3, **tags: Any) -> Path:
    """An elementary video stream in several fragments."""
    stream = encode_video(rgb, *_STREAMS[uid.UID(syntax)])
    size = -(-len(stream) // fragments // 2) * 2
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    return write_encoded(path, parts, rgb, "YBR_PARTIAL_420", syntax, offset_table=False, **tags)


def encode_video(rgb: NDArray[np.uint8], codec: str = "libx264", container: str = "mp4", rate: int = 25) -> bytes:
    """The frames as a video file or an elementary stream."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate)
        stream.height, stream.width = rgb.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        stream.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        for frame in rgb:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    return file.getvalue()


def large_zip(folder: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip of two cines of 1.5 MB of noise each, which no method makes smaller."""
    packed = folder / "large.zip"
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number in range(2):
            noise = np.random.default_rng(number).integers(0, 256, (8, 240, 260, 3), np.uint8)
            archive.write(write_native(folder / f"{number}.dcm", noise, "RGB"), f"IMAGES/IM{number}")
    return packed


def ultrasound_region(corners: tuple[int, int, int, int], spatial_format: int = 1, data_type: int = 1) -> Dataset:
    """One item of SequenceOfUltrasoundRegions; corners are inclusive."""
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = spatial_format, data_type
    region.RegionLocationMinX0, region.RegionLocationMinY0 = corners[:2]
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = corners[2:]
    return region


def _set_pixels(dataset: Dataset, data: bytes, bits: int) -> None:
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
