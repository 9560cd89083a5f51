"""Rendered clips as the service would trace them, beside their truth: for calibration and for measuring."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.windows import windows_of
from model.echo.tracing.chambers import CLASSES, TRACED_VIEWS
from model.echo.tracing.clip_trace import ClipTrace, TracedPicture
from model.echo.tracing.crop import CropPlace
from model.echo.tracing.tracer import Tracer
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import TRAINING_LOOKS
from scripts.rendered.phantom.scan.study import PlannedClip, planned_clip
from scripts.rendered.phantom.scan.tensors import input_config
from scripts.rendered.tracing.frames import TracedClip, TracedFrames

STUDY_VIEWS = TRACED_VIEWS  # one clip of each
_CROP = 33  # stream of a clip's crop and window
_KNOWN_VIEW = 0.95  # probability of the view: as sure as the classifier is on usual clips


@dataclass(frozen=True, eq=False)
class TracedTruth:
    """A clip as traced, the same with the exact outlines, and the patient. found: uint8 (T, S, S) most probable."""

    trace: ClipTrace
    exact: ClipTrace
    state: HeartState
    quality: float
    chambers: NDArray[np.uint8]
    found: NDArray[np.uint8]
    look: str = ""


@dataclass(frozen=True)
class StudyRenderer:
    """Renders the clips of studies as the tracer reads them. folder: where they are kept; None keeps nothing."""

    seed: int
    looks: tuple[str, ...] = TRAINING_LOOKS
    size: int = 128
    folder: Path | None = None

    def clip(self, study: int, number: int) -> tuple[PlannedClip, TracedPicture, NDArray[np.uint8]]:
        """Clip `number` of a study with its exact chambers, uint8 (T, S, S)."""
        planned = planned_clip(self.seed, study, number, STUDY_VIEWS[number], looks=self.looks)
        rng = np.random.default_rng([self.seed, study, number, _CROP])
        config = input_config(112)
        windows = windows_of(planned.acquisition.frames, planned.acquisition.frame_rate_hz, config)
        numbers = np.array(windows[int(rng.integers(len(windows)))].present)
        right, down, wider = (float(rng.normal(0, 0.008)) for _ in range(3))
        clip = TracedClip(self.state(study), planned.acquisition, planned.noise_seed, offset=(right, down, abs(wider)))
        rendered = self._kept(clip, numbers, f"{self.seed}_{study}_{number}")
        picture = TracedPicture(
            grey=rendered.grey,
            frames=tuple(int(frame) for frame in numbers),
            step_s=config.stride / (config.target_frame_rate_hz or planned.acquisition.frame_rate_hz),
            place=CropPlace((0, 0, self.size, self.size), self.size),
            pixel_cm=rendered.pixel_mm / 10,
        )
        return planned, picture, rendered.chambers

    def state(self, study: int) -> HeartState:
        """The patient; the priors in turn."""
        return state_of(self.seed, study, "clinical" if study % 2 == 0 else "independent")

    def _kept(self, clip: TracedClip, numbers: NDArray[np.int64], name: str) -> TracedFrames:
        if self.folder is None:
            return clip.frames(numbers, self.size)
        path = self.folder / f"{name}.npz"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = clip.frames(numbers, self.size)
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                np.savez_compressed(file, grey=made.grey, chambers=made.chambers, pixel_mm=made.pixel_mm)
            partial.replace(path)
        with np.load(path) as kept:
            return TracedFrames(kept["grey"], kept["chambers"], float(kept["pixel_mm"]))


def traced_study(tracer: Tracer, renderer: StudyRenderer, study: int) -> list[TracedTruth]:
    """The clips of one study, traced."""
    found = []
    for number in range(len(STUDY_VIEWS)):
        planned, picture, chambers = renderer.clip(study, number)
        trace = tracer.trace((number + 1, None), (planned.view, _KNOWN_VIEW), picture)
        most = trace.probabilities.argmax(axis=1).astype(np.uint8)
        state = renderer.state(study)
        found.append(
            TracedTruth(
                trace, _exact(trace, chambers), state, planned.quality, chambers, most, planned.acquisition.look
            )
        )
    return found


def studies_of(tracer: Tracer, renderer: StudyRenderer, studies: range) -> Iterator[list[TracedTruth]]:
    """Studies one after the other."""
    for study in studies:
        yield traced_study(tracer, renderer, study)


def _exact(trace: ClipTrace, chambers: NDArray[np.uint8]) -> ClipTrace:
    """The same clip with the exact outlines."""
    sure = np.moveaxis(np.eye(CLASSES, dtype=np.float32)[chambers], -1, 1)
    return ClipTrace(trace.name, trace.view, 1.0, trace.picture, np.ascontiguousarray(sure))
