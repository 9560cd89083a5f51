"""Which source of vectors a build uses; networks are imported only where they are needed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.bundle import BundleManifest
from model.device import Placement
from model.report.language.language import Language
from service.site.bank.vectors import FileVectors, TextVectors, Vector, VectorSource
from service.site.identity.dicom_names import names_of
from service.site.reports.reports import BankedReport

Bundle = tuple[Path, BundleManifest]


class UnmadeVectors:
    """Stands for text or clips in a dry run: says what is missing and makes no vector."""

    def __init__(self, name: str, dimension: int, studies: Path | None) -> None:
        self.name, self.fingerprint, self.names = name, "dry run", names_of(studies)
        self._zero = np.zeros(dimension, np.float32)
        self._folders = None if studies is None else {path.name for path in studies.iterdir() if path.is_dir()}

    # The signature is the protocol's.
    def vectors(self, studies: Sequence[str], reports: Sequence[BankedReport]) -> list[Vector | str]:  # noqa: ARG002 - the protocol's signature
        """Nothing but zeros, or that a report has no videos."""
        folders = self._folders
        return [self._zero if folders is None or study in folders else "report_without_videos" for study in studies]

    def left_over(self, studies: frozenset[str]) -> dict[str, str]:
        """Folders without a report."""
        return dict.fromkeys(sorted((self._folders or set()) - studies), "videos_without_report")


def vector_source(
    bundle: Bundle,
    studies: Path | None,
    embeddings: tuple[Path | None, Path | None],
    language: Language,
    placement: Placement | None,
) -> VectorSource:
    """The source that the command line names. placement None: a dry run. Raises VectorsError."""
    folder, manifest = bundle
    file, ids = embeddings
    if file is not None and ids is not None:
        return FileVectors(file, ids, manifest)
    if placement is None:
        return UnmadeVectors("text encoder" if studies is None else "studies", manifest.embedding_dim, studies)
    from service.site.bank import networks  # noqa: PLC0415 - seconds of import that the others do not need

    if studies is not None:
        return networks.StudyVectors(studies, folder, manifest, placement)
    return TextVectors(networks.text_encoder_of(manifest, folder, placement), language, manifest)
