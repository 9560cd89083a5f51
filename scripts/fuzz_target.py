"""What the fuzzer calls: one input through recognition, header and decoding (`scripts.fuzz` starts it).

Anything but a clip or a refusal by name ends the run with the input kept: an exception, a hang, swollen memory. It runs
in one process without limits of its own, so that the fault is seen where it is.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

# Of pydicom what reads; its dictionaries alone would take a minute to be instrumented.
with atheris.instrument_imports(include=["service.ingest", "pydicom.filereader", "pydicom.values", "pydicom.dataelem"]):
    from service.errors import StudyError
    from service.ingest.cine import DicomCines, VideoCines
    from service.ingest.dicom.header import admit_everything
    from service.ingest.formats import FileFormats
    from service.ingest.limits import IngestLimits
    from service.ingest.study import open_files
    from service.telemetry import configure_logging

# Smaller than in service, so that an input that is legally large does not stop the search.
_LIMITS = IngestLimits(
    max_frame_pixels=1 << 18, max_clip_pixels=1 << 22, max_pixels_read=1 << 22, max_frames_stored=1000, decoders=None
)
_FORMATS = FileFormats((DicomCines(admit_everything), VideoCines()), "a cine")


def try_one(data: bytes) -> None:
    """Reads the bytes as an upload of one file."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            with open_files([Path(file.name)], _LIMITS, formats=_FORMATS) as study:
                list(study.read())
        except StudyError:  # a zip that is refused as a whole
            return


def main() -> None:
    """Hands over to libFuzzer, which ends the process."""
    configure_logging("error")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
