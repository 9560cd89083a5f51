"""What a worker does with outcomes that the store cannot take, or that a mistake of ours keeps from it."""

from pathlib import Path

import pytest

from service.errors import (
    InternalFault,
    Interrupted,
    ServiceError,
    StoreUnavailable,
)
from service.study.job import StudyAnswer, StudyJob
from tests.service.conftest import wait_until
from tests.service.study.worker_parts import Recorder, Runner, job, started


def test_an_answer_that_the_store_cannot_take_is_offered_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.study.durable.settling._RETRY_SECONDS", 0.01)
    runner, observer = Runner(), Recorder(StoreUnavailable("locked"))
    runner.gate.set()
    worker = started(runner, observer)
    jobs = [job(worker, name, tmp_path) for name in "ab"]
    for each in jobs:
        worker.submit(each)
    assert [each.outcome.result(5).study_id for each in jobs] == ["a", "b"], "who waits gets the answer at once"
    wait_until(lambda: worker.unkept == 2)
    assert worker.in_flight == 2, "their places stay taken: memory is bounded"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
    observer.fault = None
    wait_until(lambda: worker.in_flight == 0)
    assert sorted(name for name, _ in observer.outcomes) == ["a", "b"]
    assert (worker.unkept, list(tmp_path.iterdir())) == (0, [])
    worker.stop(Interrupted("end"))
    worker.join(5)


def test_a_mistake_in_keeping_the_books_strands_nobody(tmp_path: Path) -> None:
    runner = Runner()
    runner.gate.set()
    worker = started(runner, Recorder(ZeroDivisionError("ours")))
    lost = job(worker, "a", tmp_path)
    worker.submit(lost)
    assert isinstance(lost.outcome.exception(5), InternalFault)
    worker.stop(Interrupted("end"))
    worker.join(5)


class FailsOnce(Recorder):
    """Makes one mistake of ours, and then keeps what it is given."""

    def settled(self, job: StudyJob, outcome: StudyAnswer | ServiceError) -> None:
        fault, self.fault = self.fault, None
        if fault:
            raise fault
        super().settled(job, outcome)


def test_a_mistake_in_keeping_an_outcome_is_kept_in_its_place(tmp_path: Path) -> None:
    runner, observer = Runner(), FailsOnce(ZeroDivisionError("ours"))
    runner.gate.set()
    worker = started(runner, observer)
    lost = job(worker, "a", tmp_path)
    worker.submit(lost)
    assert isinstance(lost.outcome.exception(5), InternalFault)
    assert [(name, type(kept)) for name, kept in observer.outcomes] == [("a", InternalFault)]
    worker.stop(Interrupted("end"))
    worker.join(5)
