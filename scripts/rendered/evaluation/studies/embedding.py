"""Renders, reads and encodes the studies that are not in the cache yet, in worker processes."""

import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import torch

from model.device import choose_placement
from model.echo.prepared_clip import PreparedClip
from model.echo.preprocessing.preprocessing_config import EchoPreprocessing
from scripts.rendered.evaluation.studies.embedding_cache import cache_folder, cached_of, write_study
from scripts.rendered.evaluation.studies.rendering import clips_of, files_of, read_files
from scripts.rendered.evaluation.studies.study_sets import StudySet
from scripts.rendered.evaluation.studies.variants import encoders
from scripts.rendered.study_writer.study_folder import form_of
from service.answer.encoded_study import EncodedStudy
from service.artifacts import ArtifactPaths, load_pipeline
from service.pipeline import ReportPipeline

Job = tuple[StudySet, int, Path]


@dataclass(frozen=True, eq=False)
class StudyEmbedder:
    """Embeds one study of a set, with its variants."""

    pipeline: ReportPipeline

    def run(self, job: Job) -> float:
        """Writes the study of a job; returns the seconds it took."""
        started = time.monotonic()
        chosen, study, path = job
        embedded = self._embed(chosen, study)
        known = encoders(self.pipeline) if chosen.variants else {}
        cached = cached_of(study, embedded, truth_of_clips(chosen, study))
        clips = [clip for clip in embedded.used if isinstance(clip, PreparedClip)]
        variants = {name: known[name](clips) for name in chosen.variants if name in known and clips}
        seconds = time.monotonic() - started
        write_study(path, replace(cached, embeddings={**cached.embeddings, **variants}, seconds=seconds))
        return seconds

    def _embed(self, chosen: StudySet, study: int) -> EncodedStudy:
        config = EchoPreprocessing.model_validate(self.pipeline.bundle.preprocessing)
        if not chosen.as_files:
            return self.pipeline.embed(clips_of(chosen, study, config))
        with (
            tempfile.TemporaryDirectory() as folder,
            files_of(chosen, study, config, Path(folder)) as paths,
            read_files(paths) as clips,
        ):
            return self.pipeline.embed(clips)


def truth_of_clips(chosen: StudySet, study: int) -> dict[int, dict[str, Any]]:
    """Upload position → what was planned there."""
    return {
        position: {
            "view": planned.view,
            "subview": planned.acquisition.subview,
            "look": planned.acquisition.look,
            "quality": planned.quality,
            "form": form_of("mixed", position - 1, planned) if chosen.as_files else "memory",
        }
        for position, planned in enumerate(chosen.planned(study), start=1)
    }


def embed_sets(
    pipeline: ReportPipeline, paths: ArtifactPaths, root: Path, sets: Iterable[StudySet], workers: int
) -> int:
    """Embeds what the cache lacks; returns how many studies that were. workers 0: in this process."""
    jobs = [job for chosen in sets for job in _missing(pipeline, root, chosen)]
    if not workers:
        embedder = StudyEmbedder(pipeline)
        for number, job in enumerate(jobs, start=1):
            _tell(number, len(jobs), job, embedder.run(job))
        return len(jobs)
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_load, initargs=(paths,)) as pool:
        for number, (job, seconds) in enumerate(zip(jobs, pool.map(_run, jobs), strict=True), start=1):
            _tell(number, len(jobs), job, seconds)
    return len(jobs)


def _missing(pipeline: ReportPipeline, root: Path, chosen: StudySet) -> list[Job]:
    folder = cache_folder(root, pipeline, chosen)
    folder.mkdir(parents=True, exist_ok=True)
    files = [(study, folder / f"{study}.npz") for study in range(chosen.studies)]
    return [(chosen, study, path) for study, path in files if not path.is_file()]


def _tell(number: int, total: int, job: Job, seconds: float) -> None:
    if number % 25 == 0 or number == total:
        print(f"embedded {number}/{total} ({job[0].name} {job[1]}, {seconds:.1f} s)", flush=True)


_worker: dict[str, StudyEmbedder] = {}  # one embedder per worker process, loaded once


def _load(paths: ArtifactPaths) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    _worker["embedder"] = StudyEmbedder(load_pipeline(paths, choose_placement("cpu")))


def _run(job: Job) -> float:
    return _worker["embedder"].run(job)
