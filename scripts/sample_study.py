"""The sample study: a real cine that comes with pydicom, in the forms that a lab would send. Needs no download."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels.utils import pixel_array

_CINE = "examples_ybr_color.dcm"  # a real apical four-chamber view, 30 frames of 240×320, in pydicom's own wheel


def write_sample_study(folder: Path) -> list[Path]:
    """Writes three files and returns them: the cine as DICOM, as MP4, and a DICOM that was cut off in transfer.

    The last one is there to be skipped with its reason. All are of one patient, as a study must be.
    """
    found = get_testdata_file(_CINE, download=False)
    if found is None:
        raise FileNotFoundError(f"{_CINE} is not where pydicom keeps its examples")
    source = Path(str(found))
    dicom, video, broken = folder / "cine.dcm", folder / "cine.mp4", folder / "cut-off.dcm"
    dicom.write_bytes(source.read_bytes())
    broken.write_bytes(source.read_bytes()[: source.stat().st_size // 3])
    _write_mp4(video, pixel_array(source), round(1000 / float(dcmread(source).FrameTime)))
    return [dicom, video, broken]


def _write_mp4(path: Path, frames_rgb: NDArray[np.uint8], frames_per_second: int) -> None:
    """Writes uint8 (T, H, W, 3) RGB frames as H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=frames_per_second)
        stream.height, stream.width = frames_rgb.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames_rgb:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
