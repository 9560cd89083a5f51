"""An invented pipeline and reader: any file is a clip, its text may order trouble. No networks, so tests are fast."""

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from model.embeddings import PreparedAcquisition, SectionEmbeddings, StudyEmbedding
from model.study import Acquisition, AcquisitionReader, Clip, SkippedClip, SkipReason
from service.answer.encoded_study import EncodedStudy
from service.answer.text.report_language import ReportLanguage, ReportLanguages
from service.documents.traced import ContourOut
from service.errors import InvalidNeighbours, MixedStudies, ModeUnavailable
from service.ingest.limits import IngestLimits
from service.renderings.page_words import GERMAN
from service.run_options import Progress, ProgressSink, RunOptions
from service.schemas import ClipOut, Mode, PhenotypeOut, ReportDocument, SectionOut, WarningOut
from service.settings import Settings
from service.stage_clock import StageClock
from service.study.runner import Workings

CANDIDATES = 100


@dataclass(frozen=True)
class InventedFiles:
    """The files of one upload, read as texts."""

    paths: tuple[Path, ...]

    def readers(self, plan: object = None) -> Sequence[AcquisitionReader]:
        del plan  # texts have no frames
        return [partial(_read_text, position, path) for position, path in enumerate(self.paths, start=1)]


def _read_text(position: int, path: Path) -> Clip | SkippedClip:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(b"still"):
        return SkippedClip(position, digest, SkipReason.STILL_IMAGE, "one frame")
    return invented_clip(position, digest)


def invented_clip(position: int = 1, digest: str = "0" * 64) -> Clip:
    return Clip(
        position=position,
        sha256=digest,
        source="video",
        frames_rgb=np.zeros((2, 4, 4, 3), np.uint8),
        frame_rate_hz=30.0,
        frames_total=2,
    )


@contextmanager
def open_invented(
    paths: Sequence[Path], limits: IngestLimits, scratch: Path, sha256: Mapping[Path, str]
) -> Iterator[InventedFiles]:
    texts = [path.read_bytes()[:20] for path in paths]
    if any(text.startswith(b"mixed") for text in texts):
        raise MixedStudies("files 1 and 2 are of two studies", positions=[1, 2])
    yield InventedFiles(tuple(paths))


@dataclass
class InventedPipeline:
    """Answers from the files' hashes alone. `gate` holds a run back, `fault` is raised by the next one."""

    modes: tuple[Mode, ...] = ("retrieval",)
    provenance: dict[str, str | int | float | bool | None] = field(
        default_factory=lambda: {"bundle": "invented", "device": "cpu", "licence_notice": "MIT"}
    )
    gate: threading.Event = field(default_factory=threading.Event)
    retriever: Any = field(default_factory=lambda: invented_retriever(CANDIDATES))
    languages: ReportLanguages = field(
        default_factory=lambda: ReportLanguages(others={"de": ReportLanguage("de", GERMAN)})
    )
    fault: BaseException | None = None
    seconds: float = 0.0
    runs: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def reading_plan(self) -> None:
        """Texts have no frames."""

    def check(self, options: RunOptions) -> None:
        self.languages.asked(options.lang)
        if options.mode is not None and options.mode not in self.modes:
            raise ModeUnavailable(f"mode: {options.mode!r} needs a decoder", field="mode")
        limit = self.retriever.bank.manifest.candidates
        if not 1 <= options.neighbours <= limit:
            raise InvalidNeighbours(f"k: must lie in 1..{limit}", field="k", limit=limit)

    def run(
        self, items: Iterable[Acquisition | SkippedClip], options: RunOptions, progress: ProgressSink
    ) -> ReportDocument:
        return self.answer(self.prepare(items, progress), options, progress)

    def prepare(
        self, items: Iterable[Acquisition | SkippedClip | AcquisitionReader], progress: ProgressSink
    ) -> list[ClipOut]:
        clips = []
        total = len(items) if isinstance(items, Sized) else 0
        for number, item in enumerate(items, start=1):
            clips.append(_clip_out(item() if callable(item) else item))
            progress(Progress("prepare", number, total))
        return clips

    def answer(self, clips: list[ClipOut], options: RunOptions, progress: ProgressSink) -> ReportDocument:
        self.runs += 1
        while not self.gate.wait(0.02):
            progress(Progress("encode", 0, 1))
        if self.fault is not None:
            raise self.fault
        if options.study_id:  # the warm-up has none
            time.sleep(self.seconds)
        progress(Progress("write", 1, 1))
        return invented_document(options, clips, dict(self.provenance))

    def encode(self, clips: list[ClipOut], progress: ProgressSink) -> EncodedStudy:
        self.runs += 1
        if self.fault is not None:
            raise self.fault
        progress(Progress("encode", len(clips), len(clips)))
        used = [clip for clip in clips if clip.used]
        prepared = tuple(
            PreparedAcquisition(position=clip.clip, sha256=clip.sha256, model_input=torch.zeros(1)) for clip in used
        )
        skipped = tuple(
            SkippedClip(clip.clip, clip.sha256, SkipReason.STILL_IMAGE, "one frame") for clip in clips if not clip.used
        )
        positions = tuple(clip.clip for clip in used)
        vectors = torch.tensor([[float(position), 0.5, -0.25] for position in positions]).reshape(-1, 3)
        embedding = StudyEmbedding(vectors, torch.ones(len(used), 1), positions, ("front",))
        pooled = torch.nn.functional.normalize(vectors.sum(0, keepdim=True))
        sections = SectionEmbeddings(pooled, torch.tensor([bool(used)]), torch.ones(1, len(used)), ("Body",))
        return EncodedStudy(prepared, skipped, (), embedding, sections, StageClock())


def invented_retriever(candidates: int) -> SimpleNamespace:
    """Says how many candidates it searches; its bank has no blocks."""
    manifest = SimpleNamespace(candidates=candidates)
    bank = SimpleNamespace(manifest=manifest, verify_blocks=lambda: iter(()), files=SimpleNamespace(checked=False))
    return SimpleNamespace(bank=bank)


def _clip_out(item: Acquisition | SkippedClip) -> ClipOut:
    used = not isinstance(item, SkippedClip)
    return ClipOut(
        clip=item.position,
        sha256=item.sha256,
        used=used,
        skipped=item.reason.value if isinstance(item, SkippedClip) else None,
        detail=None,
        view="front" if used else None,
        view_probability=1.0 if used else None,
        start_frame=0 if used else None,
    )


def invented_document(
    options: RunOptions, clips: list[ClipOut], provenance: dict[str, str | int | float | bool | None]
) -> ReportDocument:
    value = int(clips[0].sha256[:2], 16) / 255 if clips else None
    size = PhenotypeOut(
        value=value,
        unit="cm",
        kind="continuous",
        p10=value,
        p90=value,
        labelled=options.neighbours,
        k=options.neighbours,
        threshold=None,
        positive=None,
        section="Body",
        reason=None if value is not None else "section_not_assessed",
    )
    section = SectionOut(name="Body", assessed=True, reason=None, text="A body.", sentences=[], views=[], neighbours=[])
    return ReportDocument(
        study_id=options.study_id or "warm-up",
        status="complete",
        draft_notice="A draft.",
        mode=options.mode or "retrieval",
        lang=options.lang or "en",
        created=datetime.now(UTC),
        sections=[section],
        phenotypes={"size": size},
        clips=clips,
        warnings=[WarningOut(code="invented", text="Nobody was examined.")],
        contours=[ContourOut(clip=1, panel=None, frame=0, structure="edge", points=[(1.5, 2.0), (3.0, 4.0)])],
        provenance=provenance,
        stage_seconds={"prepare": 0.001, "write": 0.002},
    )


def invented_workings(pipeline: InventedPipeline) -> Workings:
    def load(_: Settings) -> InventedPipeline:
        return pipeline

    return Workings(load=load, open_study=open_invented, warm_up=lambda: [invented_clip()])
