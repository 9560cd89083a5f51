"""The device's worker: permits, order, and what happens to studies when it is full, drained, stopped or broken."""

import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from service.errors import (
    Abandoned,
    DeviceLost,
    Draining,
    Interrupted,
    NotReady,
    QueueFull,
)
from service.run_options import RunOptions
from service.schemas import ReportDocument
from service.study.job import Permit, StudyJob
from service.study.worker import DeviceWorker, Phase
from tests.service.conftest import wait_until
from tests.service.study.worker_parts import Recorder, Runner, job, started


def test_the_first_that_wait_are_begun_while_one_runs(tmp_path: Path) -> None:
    runner = Runner()
    worker = started(runner, Recorder(), permits=5)
    jobs = [job(worker, name, tmp_path) for name in "abcd"]
    worker.submit(jobs[0])
    wait_until(lambda: runner.order == ["a"])
    for each in jobs[1:]:
        worker.submit(each)
    assert set(runner.begun) == {"a", "b", "c"}, "d waits until another one has its turn"
    runner.gate.set()
    assert [each.outcome.result(5).study_id for each in jobs] == ["a", "b", "c", "d"]
    assert set(runner.begun) == {"a", "b", "c", "d"}
    worker.stop(Interrupted("over"))


def test_a_study_whose_files_take_long_lets_others_run_first(tmp_path: Path) -> None:
    reading: dict[str, Future[None]] = {name: Future() for name in "abcde"}

    class ReadingRunner(Runner):
        def begin(self, job: StudyJob) -> None:
            super().begin(job)
            job.prepared = reading[job.study_id]
            job.prepared.add_done_callback(lambda _: job.changed())

    runner = ReadingRunner()
    runner.gate.set()
    worker = started(runner, Recorder(), permits=5)
    jobs = {name: job(worker, name, tmp_path) for name in "abcde"}
    for each in jobs.values():
        worker.submit(each)
    assert runner.begun == ["a", "b", "c"]
    jobs["a"].let_others_pass()
    assert runner.begun == ["a", "b", "c", "d"], "one that is slow does not count"
    reading["b"].set_result(None)
    jobs["b"].outcome.result(5)
    wait_until(lambda: runner.begun == ["a", "b", "c", "d", "e"])
    for name in "dcea":
        reading[name].set_result(None)
        jobs[name].outcome.result(5)
    assert runner.order == ["b", "d", "c", "e", "a"]
    worker.stop(Interrupted("over"))


def test_studies_run_in_order_and_permits_bound_them(tmp_path: Path) -> None:
    runner, observer = Runner(), Recorder()
    worker = started(runner, observer)
    jobs = [job(worker, name, tmp_path) for name in "abc"]
    with pytest.raises(QueueFull) as full:
        worker.admit()
    assert full.value.limit == 3
    assert (full.value.retry_after_seconds or 0) >= 1
    for each in jobs:
        worker.submit(each)
    wait_until(lambda: runner.order == ["a"])
    assert (worker.waiting, worker.in_flight) == (2, 3)
    with pytest.raises(QueueFull) as later:
        worker.admit()
    assert later.value.retry_after_seconds == 15  # three studies of the first guess, five seconds each
    runner.gate.set()
    assert [each.outcome.result(5).study_id for each in jobs] == ["a", "b", "c"]
    assert runner.order == ["a", "b", "c"]
    assert worker.in_flight == 0
    assert list(tmp_path.iterdir()) == []
    worker.stop(Interrupted("end"))
    worker.join(5)


def test_a_waiting_study_is_dropped_at_once_and_a_running_one_at_its_next_step(tmp_path: Path) -> None:
    runner, observer = Runner(), Recorder()
    worker = started(runner, observer)
    running, waiting = job(worker, "a", tmp_path), job(worker, "b", tmp_path)
    worker.submit(running)
    worker.submit(waiting)
    wait_until(lambda: runner.order == ["a"])
    worker.drop(waiting)
    assert isinstance(waiting.outcome.exception(0), Abandoned)
    worker.drop(running)
    assert isinstance(running.outcome.exception(5), Abandoned)
    assert (worker.phase, worker.in_flight) == (Phase.READY, 0)
    worker.stop(Interrupted("end"))
    worker.join(5)


def test_draining_keeps_what_was_admitted_and_takes_nothing_new(tmp_path: Path) -> None:
    runner, observer = Runner(), Recorder()
    worker = started(runner, observer)
    running, uploading = job(worker, "a", tmp_path), job(worker, "b", tmp_path)
    worker.submit(running)
    worker.drain()
    with pytest.raises(Draining):
        worker.admit()
    worker.submit(uploading)
    runner.gate.set()
    assert running.outcome.result(5).study_id == "a"
    assert uploading.outcome.result(5).study_id == "b"
    worker.stop(Interrupted("end"))
    late = StudyJob(uploading.upload, RunOptions(study_id="c"), Permit(lambda: None))
    worker.submit(late)
    assert isinstance(late.outcome.exception(0), Draining)
    worker.join(5)


def test_stopping_tells_everybody_and_leaves_the_studies_on_disk(tmp_path: Path) -> None:
    runner, observer = Runner(), Recorder()
    worker = started(runner, observer)
    jobs = [job(worker, name, tmp_path) for name in "ab"]
    for each in jobs:
        worker.submit(each)
    wait_until(lambda: runner.order == ["a"])
    worker.stop(Interrupted("the service stopped"))
    assert [type(each.outcome.exception(0)) for each in jobs] == [Interrupted, Interrupted]
    runner.gate.set()
    worker.join(5)
    assert observer.outcomes == []
    assert worker.in_flight == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_loading_that_fails_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> Runner:
        raise ValueError("no such bundle")

    worker = DeviceWorker(load, permits=1, observer=Recorder())
    assert str(worker.phase) == "loading"
    with pytest.raises(NotReady):
        worker.admit()
    worker.start()
    worker.join(5)
    assert worker.phase is Phase.FAILED
    with pytest.raises(NotReady, match="ValueError"):
        worker.admit()


def test_a_study_that_cannot_be_kept_is_told_so(tmp_path: Path) -> None:
    runner = Runner()
    runner.gate.set()
    worker = started(runner, Recorder(DeviceLost("the store is gone")))
    lost = job(worker, "a", tmp_path)
    worker.submit(lost)
    assert isinstance(lost.outcome.exception(5), DeviceLost)
    assert worker.in_flight == 0
    assert worker.phase is Phase.READY
    worker.stop(Interrupted("end"))
    worker.join(5)


def test_a_suspect_is_alone(tmp_path: Path) -> None:
    runner = Runner()
    worker = started(runner, Recorder(), permits=5)
    names = {name: job(worker, name, tmp_path, is_suspect=name in "cd") for name in "abcde"}
    for each in names.values():
        worker.submit(each)
    wait_until(lambda: runner.order == ["a"])
    assert set(runner.begun) == {"a", "b"}
    runner.gate.set()
    assert [each.outcome.result(5).study_id for each in names.values()] == list("abcde")
    assert runner.begun.index("c") == 2
    assert runner.order == list("abcde")
    assert dict(runner.together)["c"] == dict(runner.together)["d"] == 1, "nothing else is begun while a suspect runs"
    worker.stop(Interrupted("end"))
    worker.join(5)


def test_a_study_that_rests_lets_others_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.study.worker._REST_LOOK_SECONDS", 0.01)
    runner = Runner()
    runner.gate.set()
    worker = started(runner, Recorder())
    resting, other = job(worker, "a", tmp_path, is_suspect=True), job(worker, "b", tmp_path)
    resting.rests_until_seconds = time.monotonic() + 0.3
    for each in (resting, other):
        worker.submit(each)
    assert other.outcome.result(5).study_id == "b"
    assert resting.outcome.result(5).study_id == "a"
    assert runner.order == ["b", "a"]
    worker.stop(Interrupted("end"))
    worker.join(5)


class Unforeseen(BaseException):
    """Ends a thread."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_seen_and_strands_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = Runner()
    worker = started(runner, Recorder())
    jobs = [job(worker, name, tmp_path) for name in "ab"]

    def die(_: StudyJob) -> ReportDocument:
        wait_until(lambda: worker.waiting == 1)
        raise Unforeseen

    monkeypatch.setattr(runner, "run", die)
    for each in jobs:
        worker.submit(each)
    assert [type(each.outcome.exception(5)) for each in jobs] == [DeviceLost, DeviceLost]
    assert worker.phase is Phase.LOST
    with pytest.raises(DeviceLost):
        worker.admit()
    worker.join(5)
