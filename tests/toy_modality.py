"""An invented modality, the smallest one there can be: two views, two sections, a mean as its only network."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from index.building.bank_writer import BankDescription, BankWriter
from index.phrase_table import PhraseRow, PhraseTable
from model.bundle import BundleManifest, sha256_of, taxonomy_fields, write_bundle
from model.device import Placement
from model.embeddings import ClipName, PreparedAcquisition, StudyEmbedding
from model.study import Clip, SkippedClip
from model.taxonomy import Phenotype, Taxonomy
from service.artifacts import ArtifactPaths
from service.modalities.echo.files import ECHO_FILES, open_study
from service.modalities.registry import ServedModality

TOY = Taxonomy(
    modality="toy",
    views=("dark", "bright"),
    sections=("Brightness", "Colour"),
    phenotypes=(Phenotype("is_bright", "Brightness", "binary"), Phenotype("hue", "Colour", "continuous", "°", 0, 360)),
)


class ToyModality:
    """Ten lines: the mean colour of a clip is its embedding, its brightness its view."""

    taxonomy, embedding_dim = TOY, 3

    @property
    def reading_plan(self) -> None:
        """Every frame counts."""

    def prepare(self, clip: Clip) -> Sequence[PreparedAcquisition | SkippedClip]:
        mean = torch.tensor(clip.frames_rgb.mean(axis=(0, 1, 2)) / 255, dtype=torch.float32)
        return [PreparedAcquisition(position=clip.position, sha256=clip.sha256, model_input=mean, start_frame=0)]

    def find_repeats(self, acquisitions: Sequence[object]) -> Mapping[ClipName, ClipName]:
        """None: every clip counts."""
        del acquisitions
        return {}

    def encode(self, clips: Sequence[PreparedAcquisition]) -> StudyEmbedding:
        means = torch.stack([clip.model_input for clip in clips])
        bright = means.mean(dim=1)
        probabilities = torch.stack([1 - bright, bright], dim=1)
        positions, panels = zip(*((clip.position, clip.panel) for clip in clips), strict=True)
        return StudyEmbedding(means, probabilities, positions, TOY.views, panels=panels)


def build_toy(manifest: BundleManifest, folder: Path, placement: Placement) -> ToyModality:
    """The toy needs no weights."""
    return ToyModality()


def _warm_up() -> list[Clip]:
    return [toy_clip(1, (9, 9, 9))]


SERVED_TOY = ServedModality(build_toy, open_study, _warm_up, ECHO_FILES)


def write_toy(folder: Path, candidates: int = 60) -> ArtifactPaths:
    """A toy bundle and bank. Only Brightness is named by every candidate; no candidate carries the label `hue`."""
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    paths.bundle.mkdir(parents=True)
    (paths.bundle / "weights.safetensors").write_bytes(b"toy")
    write_bundle(
        paths.bundle,
        BundleManifest(
            name="toy",
            trained=True,
            domain="clinical",
            preprocessing={},
            networks={"video_encoder": {"file": "weights.safetensors"}},
            embedding_dim=3,
            view_weighting="argmax",
            min_section_weight=0.5,
            mil_weights={"Brightness": {"dark": 1.0, "bright": 1.0}, "Colour": {"dark": 0.0, "bright": 1.0}},
            thresholds={"is_bright": 0.5},
            licence_notice="MIT",
            **taxonomy_fields(TOY),
        ),
    )
    _write_bank(paths, candidates)
    return paths


def _write_bank(paths: ArtifactPaths, candidates: int) -> None:
    phrases = PhraseTable(
        (
            PhraseRow(0, "Brightness", "level", "The picture is bright.", "The picture is bright.", None),
            PhraseRow(1, "Brightness", "level", "The level is <level> %.", "The level is stated.", "level"),
            PhraseRow(2, "Colour", "hue", "The colour is warm.", "The colour is warm.", None),
        )
    )
    vectors = np.random.default_rng(0).random((candidates, 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with BankWriter(paths.bank, phrases, TOY.sections, 3, "float32") as writer:
        writer.add_embeddings(vectors)
        for candidate in range(candidates):
            colour = {"Colour": [(2, None)]} if candidate == candidates - 1 else {}
            writer.add_report({"Brightness": [(0, None), (1, float(candidate))], **colour})
        writer.add_labels("is_bright", (vectors.mean(axis=1) > vectors.mean()).astype(np.float32))
        writer.finish(
            BankDescription(
                name="toy bank",
                encoder_sha256=sha256_of(paths.bundle / "weights.safetensors"),
                trained=True,
                domain="clinical",
                licence_notice="MIT",
            )
        )


def toy_clip(position: int, colour: tuple[int, int, int]) -> Clip:
    """Two frames of one colour."""
    frames = np.broadcast_to(np.array(colour, np.uint8), (2, 4, 4, 3)).copy()
    return Clip(position, f"{position:064x}", "video", frames, 30.0, frames_total=2)
