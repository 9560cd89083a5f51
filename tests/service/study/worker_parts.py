"""A worker's runner and observer, and studies for it."""

import threading
from pathlib import Path

from service.errors import (
    ServiceError,
)
from service.run_options import Progress, RunOptions
from service.schemas import ReportDocument
from service.study.job import StudyAnswer, StudyJob
from service.study.report_form import ReportForm
from service.study.upload import Upload
from service.study.worker import DeviceWorker, Phase
from tests.service.conftest import wait_until
from tests.service.invented import invented_document


class Recorder:
    """An observer that remembers; `fault` is raised instead."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.outcomes: list[tuple[str, object]] = []
        self.fault = fault

    def settled(self, job: StudyJob, outcome: StudyAnswer | ServiceError) -> None:
        if self.fault:
            raise self.fault
        self.outcomes.append((job.study_id, outcome if isinstance(outcome, ServiceError) else None))


class Runner:
    """Answers when the gate is open; remembers the order."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.order: list[str] = []
        self.begun: list[str] = []
        self.together: list[tuple[str, int]] = []  # how many were begun and not over when each ran
        self._over = 0

    def begin(self, job: StudyJob) -> None:
        self.begun.append(job.study_id)

    def run(self, job: StudyJob) -> ReportDocument:
        self.order.append(job.study_id)
        self.together.append((job.study_id, len(self.begun) - self._over))
        self._over += 1
        while not self.gate.wait(0.01):
            job.step(Progress("encode", 0, 1))
        return invented_document(job.options, [], {})


def job(worker: DeviceWorker, name: str, folder: Path, *, is_suspect: bool = False) -> StudyJob:
    upload_folder = folder / name
    upload_folder.mkdir()
    upload = Upload(upload_folder, (), ReportForm(), "0" * 64)
    made = StudyJob(upload, RunOptions(study_id=name), worker.admit())
    made.is_suspect = is_suspect
    return made


def started(runner: Runner, observer: Recorder, permits: int = 3) -> DeviceWorker:
    worker = DeviceWorker(lambda: runner, permits=permits, observer=observer)
    worker.start()
    wait_until(lambda: worker.phase is Phase.READY)
    return worker
