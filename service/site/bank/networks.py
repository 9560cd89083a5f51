"""The networks of a bundle that make vectors: its text encoder, or its video side with a folder per study."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.bundle import BundleManifest
from model.device import Placement
from model.embeddings import PreparedAcquisition, StudyEmbedding
from model.errors import BundleError, ClipRejected
from model.modality import Modality
from model.pooling import MilTable, pool_sections
from model.report.text_encoder.text_encoder import open_text_encoder
from model.study import Acquisition, SkippedClip
from service.errors import StudyError
from service.ingest.limits import IngestLimits
from service.modalities.registry import ServedModality, served
from service.site.bank.vectors import EncodeTexts, Vector, checked
from service.site.errors import VectorsError
from service.site.identity.dicom_names import names_of
from service.site.reports.reports import BankedReport


def text_encoder_of(manifest: BundleManifest, folder: Path, placement: Placement) -> EncodeTexts:
    """Encodes texts with the bundle's text encoder. Raises VectorsError when it has none."""
    try:
        return open_text_encoder(folder, manifest, placement)
    except BundleError as error:
        raise VectorsError(
            f"{error}; without a text encoder give --studies or --embeddings, whose vectors are of clips"
        ) from error


class StudyVectors:
    """Embeds each study's clips: the mean of its assessed section vectors, unit norm.

    folder: one folder per study, named by the study's id.
    """

    name = "studies"

    def __init__(self, folder: Path, bundle: Path, manifest: BundleManifest, placement: Placement) -> None:
        if not folder.is_dir():
            raise VectorsError(f"{folder}: is no folder of studies")
        self._folder, self._manifest = folder, manifest
        self.names = names_of(folder)
        self._served = served(manifest.modality)
        self._modality = self._served.build(manifest, bundle, placement)
        self._mil = MilTable.from_mapping(manifest.mil_weights, manifest.sections, manifest.views)
        files = sorted(str(path.relative_to(folder)) + str(path.stat().st_size) for path in folder.rglob("*"))
        self.fingerprint = "\n".join(files)

    # The signature is the protocol's.
    def vectors(self, studies: Sequence[str], reports: Sequence[BankedReport]) -> list[Vector | str]:  # noqa: ARG002 - the protocol's signature
        """One vector per study, or why there is none."""
        return [self._vector(study) for study in studies]

    def left_over(self, studies: frozenset[str]) -> dict[str, str]:
        """Folders without a report."""
        names = {path.name for path in self._folder.iterdir() if path.is_dir()}
        return dict.fromkeys(sorted(names - studies), "videos_without_report")

    def _vector(self, study: str) -> Vector | str:
        folder = self._folder / study
        if folder.parent != self._folder or not folder.is_dir():
            return "report_without_videos"
        used = prepared_acquisitions(folder, self._served, self._modality)
        if isinstance(used, str):
            return used
        return study_vector(self._modality.encode(used), self._mil, self._manifest)


def prepared_acquisitions(folder: Path, files: ServedModality, modality: Modality) -> list[PreparedAcquisition] | str:
    """A study's clips as model input, through the product's own ingest; or why there are none."""
    try:
        with files.open_study([folder], IngestLimits()) as opened:
            used = [clip for item in opened.read() for clip in _prepare(item, modality)]
    except StudyError as error:
        return f"study_refused_{type(error).__name__}"
    return used or "no_usable_clip"


def _prepare(item: Acquisition | SkippedClip, modality: Modality) -> list[PreparedAcquisition]:
    """The pictures of an acquisition that are used."""
    if isinstance(item, SkippedClip):
        return []
    try:
        return [picture for picture in modality.prepare(item) if isinstance(picture, PreparedAcquisition)]
    except ClipRejected:
        return []


def study_vector(embedding: StudyEmbedding, mil: MilTable, manifest: BundleManifest) -> Vector | str:
    """The mean of a study's assessed section vectors, unit norm; or why there is none."""
    weighting = manifest.view_weighting
    pooled = pool_sections(embedding, mil, weighting, manifest.min_section_weight, manifest.section_subspaces)
    if not bool(pooled.assessed.any()):
        return "no_section_assessed"
    mean = pooled.vectors[pooled.assessed].mean(dim=0).cpu().numpy()
    found = checked(mean)
    return found if isinstance(found, str) else np.asarray(found / np.linalg.norm(found), np.float32)
