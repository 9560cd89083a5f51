"""The files of an echo study: ultrasound cines in DICOM, and videos."""

from functools import partial

from model.study import Clip
from service.ingest.cine import DicomCines, VideoCines, refuse_known
from service.ingest.formats import FileFormats
from service.ingest.study import open_files
from service.modalities.echo.admission import admit_echo

ECHO_FILES: FileFormats[Clip] = FileFormats(
    (DicomCines(admit_echo), VideoCines()), "a DICOM image nor an MP4, MOV, AVI or MPEG video", refuse_known
)
open_study = partial(open_files, formats=ECHO_FILES)
