"""What a process that ended left in the upload folder: studies are taken up again, everything else is removed."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from service.errors import TriesExhausted
from service.problem import Problem
from service.store.results import ResultStore, interrupted
from service.study.durable.job_record import JobRecord, RecordDamaged, beginnings
from service.study.durable.upload_folders import UploadFolders
from service.study.job import StudyJob
from service.study.worker import DeviceWorker
from service.telemetry import log_event

# A study that ends the process does so each time. The first beginning is not counted as a try: others were worked on
# beside it. Each later one is alone. Between tries it rests for so long after the start, so that a process that is
# killed for other reasons again and again costs no study its tries, and one that ends it lets others be answered.
REST_SECONDS: Final = (0.0, 30.0, 60.0)
MOST_TRIES: Final = len(REST_SECONDS)


@dataclass(frozen=True)
class _Left:
    """A study in the upload folder, and how many processes began with it."""

    folder: Path
    record: JobRecord
    begun: int


def resume(store: ResultStore, folders: UploadFolders, worker: DeviceWorker, live: dict[str, StudyJob]) -> None:
    """Puts the studies that were accepted and not settled into the queue; call it before new ones can come.

    Suspects come last, and one that used up its tries fails by name. Raises StoreUnavailable.
    """
    left = sorted(_accepted(folders), key=lambda each: (each.begun > 0, each.record.accepted))
    for each in left:
        if not store.take_up(each.record.study_id) or each.record.run_options.answer == "vectors":
            _drop(store, each)
        elif each.begun > MOST_TRIES:
            _give_up(store, each)
        else:
            _submit(each, worker, live)
    for study_id in store.open_studies() - live.keys():
        store.fail(study_id, Problem.of(interrupted(), study_id))
        log_event("study_interrupted", level=40, study_id=study_id)


def _accepted(folders: UploadFolders) -> Iterator[_Left]:
    """What has a record; uploads that were never accepted are removed, and damaged records, whose row tells of them."""
    for folder in folders.studies():
        try:
            record = JobRecord.read(folder)
            if record is not None:
                _ = record.run_options  # raises where they are damaged
                yield _Left(folder, record, beginnings(folder))
                continue
        except RecordDamaged as error:
            log_event("record_damaged", level=40, fault=error)
        shutil.rmtree(folder, ignore_errors=True)


def _drop(store: ResultStore, left: _Left) -> None:
    """Removes the files of a study that is settled, was erased or never accepted, or whose reader is gone."""
    if left.record.run_options.answer == "vectors":
        store.forget(left.record.study_id)
    shutil.rmtree(left.folder, ignore_errors=True)


def _give_up(store: ResultStore, left: _Left) -> None:
    study_id = left.record.study_id
    error = TriesExhausted(f"the service ended {left.begun} times while it worked on the study", limit=MOST_TRIES)
    store.fail(study_id, Problem.of(error, study_id))
    log_event("study_given_up", level=50, study_id=study_id, begun=left.begun)
    shutil.rmtree(left.folder, ignore_errors=True)


def _submit(left: _Left, worker: DeviceWorker, live: dict[str, StudyJob]) -> None:
    record = left.record
    upload = record.upload(left.folder)
    upload.remove_scratch()
    job = StudyJob(upload, record.run_options, worker.readmit(record.client), record.tenant)
    job.client, job.request_id, job.is_suspect = record.client, record.request_id, left.begun > 0
    if job.is_suspect:
        job.rests_until_seconds = time.monotonic() + REST_SECONDS[left.begun - 1]
    live[job.study_id] = job
    log_event("study_resumed", study_id=job.study_id, request_id=job.request_id, begun=left.begun)
    worker.submit(job)
