"""The device and its queue: one worker thread, as many studies at once as there are permits, no study lost.

The first studies that wait are read and prepared meanwhile, so that the device does not wait for them. It takes the
first that is prepared: a study whose files take long keeps no other from being read, nor from the device.

A study in whose company a process ended before is a suspect: it waits until it is alone, so that it is known what ends
the process if one ends again.

A permit is taken when the body of a request is in: a slow upload keeps nobody's place. Clients take turns. A study that
nobody waits for stops at its next step.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import torch

from index.errors import BankError
from model.errors import ModelError
from service.errors import (
    Abandoned,
    DeviceLost,
    DeviceOutOfMemory,
    Draining,
    InternalFault,
    Interrupted,
    NotReady,
    ServiceError,
    Unavailable,
)
from service.study.durable.job_record import note_beginning
from service.study.durable.settling import Observer, Settling
from service.study.job import Permit, StudyAnswer, StudyJob
from service.study.pressure.fair_order import FairOrder
from service.study.pressure.pace import Pace
from service.study.pressure.places import Places
from service.study.reading_ahead import to_be_begun
from service.telemetry import log_event

_REST_LOOK_SECONDS: Final = 0.5  # between two looks whether a study has rested


class Phase(StrEnum):
    """Where the worker is in its life. Only `ready` takes studies."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"  # could not load
    LOST = "lost"  # the device or the thread died
    STOPPED = "stopped"


_RUNNING: Final = frozenset({Phase.READY, Phase.DRAINING})  # phases in which studies are worked on


class StudyRunner(Protocol):
    """What the worker's thread loads, and then runs one study at a time."""

    def begin(self, job: StudyJob) -> None:
        """Begins with what needs no device, in another thread; returns at once, and may be called again."""

    def run(self, job: StudyJob) -> StudyAnswer:
        """The answer to one study; reports its steps to `job.step`."""


class DeviceWorker:
    """Owns the device: loads in its thread, then runs accepted studies. share: the largest part of permits for one."""

    def __init__(
        self, load: Callable[[], StudyRunner], *, permits: int, observer: Observer, share: float = 1.0
    ) -> None:
        self.phase = Phase.LOADING
        self.reason: str | None = "bundle and bank are loading"
        self._load, self._settling = load, Settling(observer)
        self._places, self._uploading = Places(permits, share), 0
        self._waiting = FairOrder()
        self._running: StudyJob | None = None
        self._runner: StudyRunner | None = None
        self._pace = Pace()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._main, name="device", daemon=True)

    @property
    def waiting(self) -> int:
        """Studies that wait for the device."""
        return len(self._waiting)

    @property
    def unkept(self) -> int:
        """Outcomes that the store could not take yet."""
        return len(self._settling.unkept)

    @property
    def in_flight(self) -> int:
        """Studies uploading, waiting or running."""
        return self._places.held + self._uploading

    def start(self) -> None:
        """Starts to load."""
        self._thread.start()

    def unavailable(self) -> Unavailable | None:
        """Why no study is taken now, None when one is."""
        match self.phase:
            case Phase.READY:
                return None
            case Phase.LOADING:
                return NotReady(self.reason or "", retry_after_seconds=self._pace.restart_seconds())
            case Phase.FAILED:
                return NotReady(self.reason or "")
            case Phase.LOST:
                return DeviceLost(self.reason or "", retry_after_seconds=self._pace.restart_seconds())
        later = self._pace.restart_seconds(self._places.held)
        return Draining("the service is shutting down; post to another instance", retry_after_seconds=later)

    @contextmanager
    def uploading(self, client: str | None = None) -> Iterator[None]:
        """While a study comes in: it holds no place, and the process does not end. Raises Unavailable or QueueFull.

        Full is told before the body is sent, and again when it is in.
        """
        with self._changed:
            self._require_place(client, begun=False)
            self._uploading += 1
        try:
            yield
        finally:
            with self._changed:
                self._uploading -= 1
                self._changed.notify_all()

    def readmit(self, client: str | None) -> Permit:
        """A permit for a study that was accepted before, by a process that ended; it is never refused."""
        with self._changed:
            self._places.take(client)
        return Permit(partial(self._give_back, client))

    def admit(self, client: str | None = None, *, begun: bool = False) -> Permit:
        """A permit to have one study run. begun: it came in while studies were taken. Raises Unavailable, QueueFull."""
        with self._changed:
            self._require_place(client, begun=begun)
            self._places.take(client)
        return Permit(partial(self._give_back, client))

    def _require_place(self, client: str | None, *, begun: bool) -> None:
        refusal = self.unavailable()
        if refusal is not None and not (begun and self.phase is Phase.DRAINING):
            raise refusal
        self._places.require_one(client, self.seconds_of_queue())

    def seconds_of_queue(self) -> int:
        """About how long the studies take that wait or run now, by the pace of the last ones; at least a second."""
        return self._pace.seconds_of(len(self._waiting) + (self._running is not None))

    def _give_back(self, client: str | None) -> None:
        with self._changed:
            self._places.give_back(client)
            self._changed.notify_all()

    def submit(self, job: StudyJob) -> None:
        """Puts a study with its permit in the queue; a draining worker still takes those that were admitted before."""
        with self._changed:
            if self.phase in _RUNNING | {Phase.LOADING}:
                job.changed = self._look_again
                self._waiting.add(job)
                self._begin_next()
                self._changed.notify_all()
                return
        self._settling.leave(job, self.unavailable() or Interrupted("the service has stopped"))

    def _begin_next(self) -> None:
        """Has the first waiting studies read, beside those that take long; call it holding the lock."""
        if self._runner is None or self.phase not in _RUNNING:
            return
        for job in to_be_begun(self._waiting, self._running):
            job.is_begun = True
            note_beginning(job.upload.folder)
            self._runner.begin(job)

    def _look_again(self) -> None:
        """A study was prepared, or takes long."""
        with self._changed:
            self._begin_next()
            self._changed.notify_all()

    def _first_prepared(self) -> StudyJob | None:
        return next((job for job in self._waiting if job.may_run), None)

    def drop(self, job: StudyJob) -> None:
        """Gives up a study: at once when it waits, at its next step when it runs."""
        job.drop()
        with self._changed:
            if job not in self._waiting:
                return
            self._waiting.remove(job)
        self._settling.settle(job, Abandoned("nobody waits for this study any more"))

    def drain(self) -> None:
        """Takes no new study from now on; those already taken go on."""
        with self._changed:
            if self.phase in {Phase.LOADING, Phase.READY}:
                self._enter(Phase.DRAINING, "the service is shutting down")

    def stop(self, outcome: ServiceError, *, phase: Phase = Phase.STOPPED) -> None:
        """Tells everybody who waits `outcome`; the thread ends after its current step.

        The studies stay on disk, for the next process to take up.
        """
        with self._changed:
            self._enter(phase, str(outcome))
            left = [*self._waiting, *([self._running] if self._running else [])]
            self._waiting.clear()
        for job in left:
            job.drop()
            self._settling.leave(job, outcome)

    def join(self, seconds: float) -> None:
        """Waits for the thread to end; it is a daemon, so that a hanging kernel cannot keep the process."""
        self._settling.unkept.stop(seconds)
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _enter(self, phase: Phase, reason: str | None) -> None:
        """Changes the phase; call it holding the lock."""
        self.phase, self.reason = phase, reason
        self._changed.notify_all()

    def _main(self) -> None:
        try:
            runner = self._loaded()
            while runner and (job := self._next()):
                self._run(runner, job)
        finally:
            if self.phase in _RUNNING:  # an exception of our own: readiness must see it
                self.stop(DeviceLost("the thread of the device ended"), phase=Phase.LOST)

    def _loaded(self) -> StudyRunner | None:
        started = time.monotonic()
        try:
            runner = self._load()
        except BaseException as error:  # the thread's outermost frame: readiness and the log must see what it was
            # The messages of our own errors name files and hashes of bundle and bank, which were not sent by anybody.
            known = isinstance(error, ServiceError | ModelError | BankError)  # frames say nothing of a file at fault
            log_event("loading_failed", level=40, message=str(error), fault=None if known else error)
            with self._changed:
                said = str(error) if known else f"{type(error).__name__}, see the log"
                self._enter(Phase.FAILED, f"loading failed: {said}")
            return None
        with self._changed:
            self._runner, self._pace.load_seconds = runner, time.monotonic() - started
            if self.phase is Phase.LOADING:
                self._enter(Phase.READY, None)
        log_event("ready")
        return runner

    def _next(self) -> StudyJob | None:
        """The next study, None when the worker has stopped."""
        with self._changed:
            self._running = None
            self._begin_next()
            while not (self._first_prepared() or self.phase not in _RUNNING):
                self._changed.wait(_REST_LOOK_SECONDS if any(each.is_resting for each in self._waiting) else None)
                self._begin_next()
            job = self._first_prepared()
            if job is None or self.phase not in _RUNNING:
                return None
            self._waiting.begin(job)
            self._running = job
            self._begin_next()
            return job

    def _run(self, runner: StudyRunner, job: StudyJob) -> None:
        job.started_seconds = time.monotonic()
        try:
            document = runner.run(job)
        except ServiceError as error:
            self._settling.settle(job, error)
        except torch.OutOfMemoryError as error:
            log_event("device_out_of_memory", level=40, fault=error, study_id=job.study_id)
            self._settling.settle(job, DeviceOutOfMemory("the study does not fit into the device's memory"))
        except (torch.AcceleratorError, SystemExit, KeyboardInterrupt) as error:
            # After a CUDA fault every later call in this process fails too.
            log_event("device_lost", level=50, fault=error, study_id=job.study_id)
            self.stop(DeviceLost(f"the device was lost ({type(error).__name__})"), phase=Phase.LOST)
        except Exception as error:  # one study's fault, whatever it is, must not end the worker
            log_event("study_failed", level=40, fault=error, study_id=job.study_id, request_id=job.request_id)
            self._settling.settle(job, InternalFault())
        else:
            self._pace.study_ended(job.accepted_seconds)
            self._settling.settle(job, document)
