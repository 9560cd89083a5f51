"""One file read and prepared as the service does it, and what came of it in one line."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from model.echo.preprocessing.preprocess import prepare_pictures
from model.echo.preprocessing.preprocessing_config import echoscribe_preprocessing
from model.errors import ClipRejected
from model.study import Clip, SkippedClip
from service.errors import StudyError
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

_PROFILE = echoscribe_preprocessing()


@dataclass(frozen=True)
class Trial:
    """What became of one clip. code: used, a skip's reason, refused, or error. text: why, or what was noticed."""

    code: str
    text: str = ""
    frames: str = ""
    size: str = ""
    rate: str = ""

    def line(self, name: str) -> str:
        """One line in columns."""
        return f"{self.code:<24}{self.frames:<10}{self.size:<12}{self.rate:<34}{name}  {self.text}".rstrip()


def trials_of(path: Path, *, echo: bool = True) -> Iterator[Trial]:
    """The outcome of each clip in a file; a zip holds several. echo: also prepare it, which looks for a sector."""
    try:
        with open_study([path], IngestLimits()) as study:
            for result in sorted(study.read(), key=lambda result: result.position):
                if echo and isinstance(result, Clip):
                    yield from _prepare(result)
                else:
                    yield trial_of(result)
    except StudyError as refused:
        yield Trial("refused", str(refused))


def trial_of(result: Clip | SkippedClip) -> Trial:
    """What is known of a clip once it was read."""
    if isinstance(result, SkippedClip):
        return Trial(result.reason.value, result.text)
    rate = "no rate" if result.frame_rate_hz is None else f"{result.frame_rate_hz:.2f} Hz"
    return Trial(
        code="used",
        text=" ".join(warning.text for warning in result.warnings),
        frames=f"{result.length}/{result.frames_total}",
        size=f"{result.frames_rgb.shape[2]}x{result.frames_rgb.shape[1]}",
        rate=f"{rate} ({result.frame_rate_source})",
    )


def _prepare(clip: Clip) -> Iterator[Trial]:
    """What is known of each picture of a clip once it was prepared with the profile of the default bundle."""
    read = trial_of(clip)
    try:
        pictures = prepare_pictures(clip, _PROFILE, torch.device("cpu"))
    except ClipRejected as rejected:
        yield Trial(rejected.reason.value, rejected.text, read.frames, read.size, read.rate)
        return
    for picture in pictures:
        which = "" if picture.panel is None else f"picture {picture.panel} of the frame"
        if isinstance(picture, SkippedClip):
            yield replace(read, code=picture.reason.value, text=picture.text)
        else:
            noticed = (warning.text for warning in picture.warnings)
            yield replace(read, text=" ".join(filter(None, (which, read.text, *noticed))))
