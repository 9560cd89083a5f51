"""An invented modality in which many files make one acquisition: a stack of slices, each a text file of its own.

A file is a line `SLICE <series> <number> <patient>` and lines of grey levels. A stack with a gap is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index.building.bank_writer import BankDescription, BankWriter
from index.phrase_table import PhraseRow, PhraseTable
from model.bundle import BundleManifest, sha256_of, taxonomy_fields, write_bundle
from model.device import Placement
from model.embeddings import ClipName, PreparedAcquisition, StudyEmbedding
from model.errors import ClipRejected
from model.study import SkipReason
from model.taxonomy import Phenotype, Taxonomy
from service.artifacts import ArtifactPaths
from service.ingest.formats import AcquisitionFile, FileFormats, Recognised
from service.ingest.identity import Identity
from service.ingest.limits import IngestLimits
from service.ingest.study import open_files
from service.modalities.registry import ServedModality

SLICES = Taxonomy("slices", (), ("Volume",), (Phenotype("is_large", "Volume", "binary"),))


@dataclass(frozen=True, eq=False)
class Stack:
    """slices: float32 (Z, H, W), in the order of their numbers."""

    position: int
    sha256: str
    slices: NDArray[np.float32]
    facts: None = None


class SliceFiles:
    """The text format; the series is the group."""

    def recognise(self, path: Path, head: bytes, _limits: IngestLimits) -> Recognised[Stack] | None:
        if not head.startswith(b"SLICE "):
            return None
        _, series, _, patient = path.read_text(encoding="utf-8").split("\n")[0].split()
        return Recognised(_read, Identity("", "", "", "", patient), group=series)


def _read(files: Sequence[AcquisitionFile], _limits: IngestLimits, _plan: Any) -> Stack:
    slices = {}
    for file in files:
        head, *rows = file.path.read_text(encoding="utf-8").strip().split("\n")
        slices[int(head.split()[2])] = np.array([row.split() for row in rows], np.float32)
    if sorted(slices) != list(range(1, len(files) + 1)):
        raise ClipRejected(SkipReason.UNREADABLE, f"Slices {sorted(slices)} are no whole stack.")
    hashes = "".join(sorted(file.sha256 for file in files))
    return Stack(files[0].position, hashes[:64], np.stack([slices[number] for number in sorted(slices)]))


class SlicesModality:
    taxonomy, embedding_dim, reading_plan = SLICES, 2, None

    def prepare(self, acquisition: Stack) -> list[PreparedAcquisition]:
        vector = torch.tensor([float(acquisition.slices.mean()), float(len(acquisition.slices))])
        return [PreparedAcquisition(position=acquisition.position, sha256=acquisition.sha256, model_input=vector)]

    def find_repeats(self, acquisitions: Sequence[object]) -> Mapping[ClipName, ClipName]:
        """None: every stack counts."""
        del acquisitions
        return {}

    def encode(self, acquisitions: Sequence[PreparedAcquisition]) -> StudyEmbedding:
        vectors = torch.stack([acquisition.model_input for acquisition in acquisitions])
        return StudyEmbedding(vectors, torch.zeros(len(vectors), 0), tuple(a.position for a in acquisitions), ())


def build_slices(manifest: BundleManifest, folder: Path, placement: Placement) -> SlicesModality:
    """It needs no weights."""
    return SlicesModality()


def slice_text(number: int, level: float, series: str = "S1", patient: str = "P1") -> str:
    """A slice of 2 × 2 pixels of one grey level."""
    return f"SLICE {series} {number} {patient}\n{level} {level}\n{level} {level}\n"


SLICE_FILES = FileFormats((SliceFiles(),), "a slice nor anything else that is known")
SERVED_SLICES = ServedModality(
    build_slices,
    partial(open_files, formats=SLICE_FILES),
    lambda: [Stack(1, "0" * 64, np.ones((3, 2, 2), np.float32))],
    SLICE_FILES,
)


def write_slices(folder: Path) -> ArtifactPaths:
    """Bundle and bank of 40 candidates."""
    paths = ArtifactPaths(folder / "bundle", folder / "bank")
    paths.bundle.mkdir(parents=True)
    (paths.bundle / "weights.safetensors").write_bytes(b"slices")
    write_bundle(
        paths.bundle,
        BundleManifest(
            name="slices",
            trained=True,
            domain="clinical",
            preprocessing={},
            networks={"volume_encoder": {"file": "weights.safetensors"}},
            encoder="volume_encoder",
            embedding_dim=2,
            licence_notice="MIT",
            **taxonomy_fields(SLICES),
        ),
    )
    phrases = PhraseTable((PhraseRow(0, "Volume", "size", "The volume is normal.", "The volume is normal.", None),))
    vectors = np.random.default_rng(0).random((40, 2)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with BankWriter(paths.bank, phrases, SLICES.sections, 2, "float32") as writer:
        writer.add_embeddings(vectors)
        for _ in vectors:
            writer.add_report({"Volume": [(0, None)]})
        writer.add_labels("is_large", (vectors[:, 1] > vectors[:, 0]).astype(np.float32))
        description = BankDescription(
            name="slices bank",
            encoder_sha256=sha256_of(paths.bundle / "weights.safetensors"),
            trained=True,
            domain="clinical",
            licence_notice="MIT",
        )
        writer.finish(description)
    return paths
