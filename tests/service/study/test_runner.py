"""Studies are read ahead, two at once, in the threads of the runner; the device's thread takes what they found."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from model.study import Acquisition, AcquisitionReader, SkippedClip
from service.errors import Abandoned, MixedStudies
from service.ingest.limits import IngestLimits
from service.run_options import ProgressSink, RunOptions
from service.schemas import ClipOut
from service.study.job import Permit, StudyJob
from service.study.report_form import ReportForm
from service.study.runner import PipelineRunner
from service.study.upload import Upload
from tests.service.conftest import wait_until
from tests.service.invented import InventedPipeline, open_invented


class Slow(InventedPipeline):
    """Counts how many studies are prepared at the same time, and holds them until `opened`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.opened, self.under_way, self.lock = threading.Event(), 0, threading.Lock()

    def prepare(
        self, items: Iterable[Acquisition | SkippedClip | AcquisitionReader], progress: ProgressSink
    ) -> list[ClipOut]:
        with self.lock:
            self.under_way += 1
        self.opened.wait(5)
        return super().prepare(items, progress)


def job(folder: Path, name: str, content: bytes = b"clip") -> StudyJob:
    path = folder / name
    path.write_bytes(content)
    upload = Upload(folder, (path,), ReportForm(), "0" * 64)
    return StudyJob(upload, RunOptions(study_id=name, neighbours=1), Permit(lambda: None))


def runner(pipeline: InventedPipeline) -> PipelineRunner:
    return PipelineRunner(lambda: pipeline, open_invented, IngestLimits())


def test_one_is_read_before_its_turn_and_answered_as_without_reading_ahead(tmp_path: Path) -> None:
    pipeline = Slow()
    ahead, jobs = runner(pipeline), [job(tmp_path, name, name.encode()) for name in "abc"]
    for each in jobs:
        ahead.begin(each)
        ahead.begin(each)
    wait_until(lambda: pipeline.under_way == 1)
    assert pipeline.runs == 0, "the device has seen none"
    pipeline.opened.set()
    found = [ahead.run(each).clips for each in jobs]
    assert pipeline.runs == pipeline.under_way == 3
    assert found == [runner(InventedPipeline()).run(job(tmp_path, name, name.encode())).clips for name in "abc"]


def test_what_reading_raises_is_raised_when_its_turn_comes(tmp_path: Path) -> None:
    ahead, mixed = runner(InventedPipeline()), job(tmp_path, "a", b"mixed")
    ahead.begin(mixed)
    with pytest.raises(MixedStudies):
        ahead.run(mixed)


def test_a_dropped_study_is_not_begun(tmp_path: Path) -> None:
    pipeline = Slow()
    ahead, jobs = runner(pipeline), [job(tmp_path, name) for name in "abc"]
    for each in jobs:
        ahead.begin(each)
    wait_until(lambda: pipeline.under_way == 1)
    jobs[2].drop()
    pipeline.opened.set()
    with pytest.raises(Abandoned):
        ahead.run(jobs[2])
    assert ahead.run(jobs[1])
    assert pipeline.under_way == 2
