"""The explicit table of modalities: what the service must know of each. A new modality adds one line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from model.bundle import BundleManifest, modality_of
from model.device import Placement
from model.echo.language.reader import finding_reader
from model.echo.modality import build_echo
from model.measurement import Measurement
from model.modality import Modality
from model.report.language.language import FindingReader, Language
from model.report.language.phrase_reader import PhraseReader
from model.report.reporting import Reporting
from model.study import Acquisition, SkippedClip
from service.errors import ArtifactError
from service.ingest.formats import FileFormats
from service.ingest.limits import IngestLimits
from service.ingest.study import StudyFiles
from service.modalities.echo.drawn_traces import drawn_of
from service.modalities.echo.files import ECHO_FILES
from service.modalities.echo.files import open_study as open_echo_study
from service.modalities.echo.reporting import echo_reporting
from service.modalities.echo.warm_up import warm_up_clips

BuildModality = Callable[[BundleManifest, Path, Placement], Modality]


class OpenStudy(Protocol):
    """Opens the files of a study; may write into `scratch`. sha256: of those that were hashed as they came in."""

    def __call__(
        self,
        paths: Sequence[Path],
        limits: IngestLimits,
        scratch: Path | None = None,
        sha256: Mapping[Path, str] | None = None,
    ) -> AbstractContextManager[StudyFiles[Acquisition]]:
        """The study, open until the context ends."""


class DrawnTrace(Protocol):
    """A clip with what was traced in it drawn over its frames."""

    @property
    def name(self) -> str:
        """For a person."""

    @property
    def frames(self) -> NDArray[np.uint8]:
        """(T, H, W, 3) RGB."""

    @property
    def frame_rate_hz(self) -> float:
        """Frames per second."""

    @property
    def key_frames(self) -> tuple[int, ...]:
        """Rows of the frames that were measured."""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What was measured in them."""

    def montage(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB of the frames that were measured."""


# (networks, clips as read, what they show where the user says so) → the drawn pictures, or why one is not
DrawTraces = Callable[[Any, Iterator[Any], str | None], Iterator[DrawnTrace | SkippedClip]]


def read_phrases(language: Language) -> FindingReader:
    """Reads the phrases of a language and nothing else."""
    return PhraseReader(language).findings_in


@dataclass(frozen=True)
class ServedModality:
    """A modality as the service sees it.

    build: its networks, from a bundle. open_study: which files are its own, which belong together, how they are read.
    formats: of its files, to tell whose study each is.
    warm_up: acquisitions of the study that is run once before the service calls itself ready.
    finding_reader: what reads findings in free sentences of reports; without one only phrases of the language are read.
    reporting: how its reports are told; without it no order is kept and no impression written.
    draw: outlines what clips show; None where the modality traces nothing.
    """

    build: BuildModality
    open_study: OpenStudy
    warm_up: Callable[[], Sequence[Acquisition]]
    formats: FileFormats[Acquisition]
    finding_reader: Callable[[Language], FindingReader] = read_phrases
    reporting: Callable[[], Reporting] = Reporting
    draw: DrawTraces | None = None


MODALITIES: Final[dict[str, ServedModality]] = {
    "echo": ServedModality(
        build_echo, open_echo_study, warm_up_clips, ECHO_FILES, finding_reader, echo_reporting, drawn_of
    ),
}


def served(name: str) -> ServedModality:
    """The modality of that name. Raises ArtifactError naming those that there are."""
    if name not in MODALITIES:
        raise ArtifactError(f"modality {name!r} is none of {sorted(MODALITIES)}")
    return MODALITIES[name]


def served_by(bundle: Path) -> ServedModality:
    """The modality of a bundle's folder. Raises ArtifactError or BundleError naming the folder."""
    try:
        return served(modality_of(bundle))
    except ArtifactError as unknown:
        raise ArtifactError(f"{bundle}: {unknown}") from None
