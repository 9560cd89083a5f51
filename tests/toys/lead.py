"""An invented modality: one lead of a waveform, from text files of its own. No views, no MIL, no picture anywhere.

A file is a line `LEAD <Hz> <patient>` and a line of numbers. Its embedding is its mean, its spread and its dominant
frequency; a report has the sections Rhythm and Amplitude.
"""

import hashlib
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

LEAD = Taxonomy(
    modality="lead",
    views=(),
    sections=("Rhythm", "Amplitude"),
    phenotypes=(
        Phenotype("is_fast", "Rhythm", "binary"),
        Phenotype("rate", "Rhythm", "continuous", "/min", 20, 300),
    ),
)
_SHORTEST = 8  # samples


@dataclass(frozen=True, eq=False)
class LeadWaveform:
    """samples: float32 (T,) mV at sampling_rate_hz."""

    position: int
    sha256: str
    samples: NDArray[np.float32]
    sampling_rate_hz: float
    facts: None = None


class LeadFiles:
    """The text format."""

    def recognise(self, path: Path, head: bytes, _limits: IngestLimits) -> Recognised[LeadWaveform] | None:
        if not head.startswith(b"LEAD "):
            return None
        with path.open(encoding="utf-8") as file:
            _, rate, patient = file.readline().split()
        return Recognised(partial(_read, float(rate)), Identity("", "", "", "", patient))


def _read(rate: float, files: Sequence[AcquisitionFile], _limits: IngestLimits, _plan: Any) -> LeadWaveform:
    (file,) = files
    values = file.path.read_text(encoding="utf-8").split("\n")[1].split()
    if len(values) < _SHORTEST:
        raise ClipRejected(SkipReason.TOO_SHORT, f"The waveform has {len(values)} samples; {_SHORTEST} are needed.")
    return LeadWaveform(file.position, file.sha256, np.array(values, np.float32), rate)


class LeadModality:
    taxonomy, embedding_dim, reading_plan = LEAD, 3, None

    def prepare(self, acquisition: LeadWaveform) -> list[PreparedAcquisition]:
        samples = acquisition.samples
        power = np.abs(np.fft.rfft(samples - samples.mean()))
        hertz = float(np.argmax(power)) * acquisition.sampling_rate_hz / len(samples)
        vector = torch.tensor([float(samples.mean()), float(samples.std()), hertz / 5], dtype=torch.float32)
        return [PreparedAcquisition(position=acquisition.position, sha256=acquisition.sha256, model_input=vector)]

    def find_repeats(self, acquisitions: Sequence[object]) -> Mapping[ClipName, ClipName]:
        """None: every lead counts."""
        del acquisitions
        return {}

    def encode(self, acquisitions: Sequence[PreparedAcquisition]) -> StudyEmbedding:
        vectors = torch.stack([acquisition.model_input for acquisition in acquisitions])
        return StudyEmbedding(vectors, torch.zeros(len(vectors), 0), tuple(a.position for a in acquisitions), ())


def build_lead(manifest: BundleManifest, folder: Path, placement: Placement) -> LeadModality:
    """It needs no weights."""
    return LeadModality()


def lead_text(rate_per_minute: float, patient: str = "P1", seconds: float = 4.0, hertz: int = 100) -> str:
    """A file of the format: a sine of that rate."""
    times = np.arange(0, seconds, 1 / hertz)
    values = np.sin(2 * np.pi * rate_per_minute / 60 * times)
    return f"LEAD {hertz} {patient}\n" + " ".join(f"{value:.4f}" for value in values) + "\n"


def warm_up() -> list[LeadWaveform]:
    samples = np.sin(np.arange(400, dtype=np.float32) / 16)
    return [LeadWaveform(1, hashlib.sha256(samples.tobytes()).hexdigest(), samples, 100.0)]


LEAD_FILES = FileFormats((LeadFiles(),), "a lead nor anything else that is known")
SERVED_LEAD = ServedModality(build_lead, partial(open_files, formats=LEAD_FILES), warm_up, LEAD_FILES)


def vector_of(rate_per_minute: float) -> NDArray[np.float32]:
    """The unit vector of a lead of that rate, as the modality makes it."""
    values = np.array(lead_text(rate_per_minute).split("\n")[1].split(), np.float32)
    prepared = LeadModality().prepare(LeadWaveform(1, "0" * 64, values, 100.0))[0].model_input.numpy()
    return np.asarray(prepared / np.linalg.norm(prepared), np.float32)


def write_lead_bundle(folder: Path) -> Path:
    """A bundle without views and without a MIL table, whose encoder has a name of its own."""
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"lead")
    fields = taxonomy_fields(LEAD)
    networks = {"waveform_encoder": {"file": "weights.safetensors"}}
    write_bundle(
        folder,
        BundleManifest(
            name="lead",
            trained=True,
            domain="clinical",
            preprocessing={},
            networks=networks,
            encoder="waveform_encoder",
            embedding_dim=3,
            thresholds={"is_fast": 0.5},
            licence_notice="MIT",
            **fields,
        ),
    )
    return folder


def write_lead(folder: Path) -> ArtifactPaths:
    """Bundle and bank: 60 candidates whose rates go from 40 to 158 a minute."""
    paths = ArtifactPaths(write_lead_bundle(folder / "bundle"), folder / "bank")
    phrases = PhraseTable(
        (
            PhraseRow(0, "Rhythm", "rate", "The rhythm is fast.", "The rhythm is fast.", None),
            PhraseRow(1, "Rhythm", "rate", "The rhythm is slow.", "The rhythm is slow.", None),
            PhraseRow(2, "Amplitude", "size", "The amplitude is normal.", "The amplitude is normal.", None),
        )
    )
    rates = np.arange(40, 160, 2)
    with BankWriter(paths.bank, phrases, LEAD.sections, 3, "float32") as writer:
        writer.add_embeddings(np.stack([vector_of(float(rate)) for rate in rates]))
        for rate in rates:
            writer.add_report({"Rhythm": [(0 if rate > 100 else 1, None)], "Amplitude": [(2, None)]})
        writer.add_labels("is_fast", (rates > 100).astype(np.float32))
        writer.add_labels("rate", rates.astype(np.float32))
        writer.finish(
            BankDescription(
                name="lead bank",
                encoder_sha256=sha256_of(paths.bundle / "weights.safetensors"),
                trained=True,
                domain="clinical",
                licence_notice="MIT",
            )
        )
    return paths
