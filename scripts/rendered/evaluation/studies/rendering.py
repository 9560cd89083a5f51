"""Test patients as clips: in memory at the frames that preprocessing reads, or as files through ingest."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from model.study import Clip, SkippedClip, SkipReason
from scripts.rendered.evaluation.studies.study_sets import StudySet
from scripts.rendered.phantom.anatomy.tissues import Tissue
from scripts.rendered.phantom.patient.prior import state_of
from scripts.rendered.phantom.patient.state import HeartState
from scripts.rendered.phantom.scan.acquisition import Acquisition
from scripts.rendered.phantom.scan.overlay import Screen, draw_screen
from scripts.rendered.phantom.scan.render import BeamClip, coloured, heart_of, render_beams
from scripts.rendered.phantom.scan.scanner import ScanConverter
from scripts.rendered.phantom.scan.study import PlannedClip
from scripts.rendered.phantom.scan.tensors import sampled_frames
from scripts.rendered.study_writer.study_folder import ClipOrder, StudyOrder, form_of, write_clip
from service.ingest.limits import IngestLimits
from service.modalities.echo.files import open_study

_SCREEN_SHARE = 2  # half the rows and columns: LOG 2026-11-22, 0.25 instead of 0.50 CPU seconds a clip
_LEFT_VENTRICLE = (int(Tissue.LV_WALL), int(Tissue.LV_CAVITY), int(Tissue.PAPILLARY_MUSCLE))


def clips_of(chosen: StudySet, study: int, config: EchoPreprocessing) -> Iterator[Clip | SkippedClip]:
    """The clips of a study in memory, in upload order; repeated ones are skipped as ingest skips them."""
    state = state_of(chosen.seed, study, chosen.prior)
    for position, planned in enumerate(chosen.planned(study), start=1):
        number = position - 1 if planned.duplicate_of is None else planned.duplicate_of
        sha256 = hashlib.sha256(f"{chosen.seed}/{study}/{number}".encode()).hexdigest()
        if planned.duplicate_of is not None:
            yield SkippedClip(position, sha256, SkipReason.DUPLICATE, "the same clip was already read")
            continue
        clip = clip_in_memory(state, planned, position, sha256, config, masked=chosen.shift == "organ_masked")
        yield _as_dicom(clip, planned) if form_of("mixed", number, planned) != "mp4" else clip


def clip_in_memory(
    state: HeartState, planned: PlannedClip, position: int, sha256: str, config: EchoPreprocessing, *, masked: bool
) -> Clip:
    """The clip as a scanner exports it, on a small screen and without the frames that nothing reads.

    Its frames are those of the first window; a lower stated frame rate says so, and preprocessing samples all of them.
    """
    acquisition = on_small_screen(one_window(planned.acquisition, config))
    numbers = np.unique(sampled_frames(acquisition, config))
    beams = render_beams(state, acquisition, planned.noise_seed, numbers)
    if masked:
        beams = replace(beams, grey=np.where(np.isin(beams.labels, _LEFT_VENTRICLE), np.uint8(0), beams.grey))
    frames = _on_screen(state, acquisition, beams, numbers, planned.noise_seed)
    sampled_hz = (config.target_frame_rate_hz or acquisition.frame_rate_hz) / config.stride
    return Clip(position, sha256, "video", frames, min(sampled_hz, acquisition.frame_rate_hz), len(frames))


def _as_dicom(clip: Clip, planned: PlannedClip) -> Clip:
    """The clip with the region that a DICOM header states, which preprocessing looks for the sector in."""
    x0, y0, x1, y1 = Screen.of(on_small_screen(planned.acquisition)).sector_box
    rows, columns = clip.frames_rgb.shape[1:3]
    return replace(clip, source="dicom", sector_box=(max(0, x0), max(0, y0), min(columns, x1), min(rows, y1)))


def one_window(acquisition: Acquisition, config: EchoPreprocessing) -> Acquisition:
    """The acquisition stopped after the first window: every way to read it reads the same frames."""
    last = int(sampled_frames(acquisition, config)[-1])
    return replace(acquisition, frames=max(2, last + 1))


def on_small_screen(acquisition: Acquisition) -> Acquisition:
    """The acquisition on a screen of half the size, which shows the sector at twice the model's resolution still."""
    rows, columns = acquisition.screen
    return replace(acquisition, screen=(rows // _SCREEN_SHARE, columns // _SCREEN_SHARE))


def _on_screen(
    state: HeartState, acquisition: Acquisition, beams: BeamClip, numbers: NDArray[np.integer], seed: int
) -> NDArray[np.uint8]:
    """uint8 (T, H, W, 3): sector, text and ECG as `scripts.rendered.phantom.scan.render.render_clip` draws them."""
    screen = Screen.of(acquisition)
    converter = ScanConverter.of(beams.grid, screen.apex, screen.pixel_mm, acquisition.screen)
    frames = np.stack([converter.convert(coloured(beams, frame, acquisition)) for frame in range(len(numbers))])
    draw_screen(frames, screen, acquisition, heart_of(state, acquisition, numbers), seed)
    return frames


@contextmanager
def files_of(chosen: StudySet, study: int, config: EchoPreprocessing, folder: Path) -> Iterator[list[Path]]:
    """The paths of a study written as a mix of DICOM and MP4, in upload order; removed afterwards."""
    order = StudyOrder(chosen.seed, study, "mixed", chosen.prior)
    state = state_of(chosen.seed, study, chosen.prior)
    paths = []
    for number, planned in enumerate(chosen.planned(study)):
        source = number if planned.duplicate_of is None else planned.duplicate_of
        cut = replace(planned, acquisition=one_window(planned.acquisition, config))
        form = form_of("mixed", source, cut)
        path = folder / f"clip_{number + 1:03d}.{'mp4' if form == 'mp4' else 'dcm'}"
        write_clip(ClipOrder(order, state, cut, source, form, path))
        paths.append(path)
    yield paths
    for path in paths:
        path.unlink()


@contextmanager
def read_files(paths: list[Path]) -> Iterator[Iterator[Clip | SkippedClip]]:
    """The clips of some files through ingest."""
    with open_study(paths, IngestLimits()) as study:
        yield study.read()
