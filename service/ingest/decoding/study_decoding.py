"""How the files of one study are read: in decoders, within the limits of a study, or in this process.

Both give the same; the second is the slow twin that says what is meant, for tests and small tools.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, Protocol

from model.errors import ClipRejected
from model.study import SkipReason
from service import errors
from service.ingest import archive
from service.ingest.decoding.decoder_pool import Loan, decoder_pool
from service.ingest.decoding.decoder_process import (
    DecoderGone,
    DecoderProcess,
    DecoderTooSlow,
    Usage,
    Watch,
    describe,
)
from service.ingest.decoding.messages import Unbelievable, unpacked
from service.ingest.decoding.tasks import Read, Recognise, Task, Unpack
from service.ingest.file_list import StoredFile
from service.ingest.formats import A_co, AcquisitionFile, FileFormats, Recognised
from service.ingest.identity import Identity
from service.ingest.limits import DecoderLimits, IngestLimits
from service.ingest.recognition import content_of
from service.telemetry import DECODER_EVENTS, log_event

_SLOW_SECONDS: Final = 1.0  # reading a usual clip takes 0.06 to 1 s; after that others need not wait for it
_TRIES: Final = 3  # where a decoder ended before it had taken the task, which costs the file nothing
_BYTES_PER_PIXEL: Final = 3
_FRAMES_BESIDE: Final = 256 << 20  # bytes of blocks that a decoder keeps beside the frames of a clip


def never() -> None:
    """Somebody waits: nothing is raised."""


@dataclass(frozen=True)
class ReadingScope:
    """What a study that is read is told and asked. cancelled: raises where nobody waits for the study any more.

    slow: called, perhaps several times and in any thread, where a file takes so long that others should not wait.
    """

    cancelled: Callable[[], None] = never
    slow: Callable[[], None] = never


_scope: ContextVar[ReadingScope | None] = ContextVar("reading_scope", default=None)


@contextmanager
def reading_scope(scope: ReadingScope) -> Iterator[None]:
    """Studies that are opened inside the block are read in this scope, whichever threads then read them."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


class StudyDecoding(Protocol[A_co]):
    """Reads the files of one study."""

    def recognise(self, file: StoredFile) -> Recognised[A_co]:
        """What a file is, and how the acquisition is read that it begins. Raises ClipRejected."""

    def unpack(self, packed: Path, folder: Path) -> list[StoredFile]:
        """The files of a zip, written into the folder. Raises ArchiveRefused or EmptyStudy."""


@dataclass(frozen=True)
class InThisProcess(Generic[A_co]):
    """Reads here, without limits on memory and time."""

    limits: IngestLimits
    formats: FileFormats[A_co]

    def recognise(self, file: StoredFile) -> Recognised[A_co]:
        """See `StudyDecoding`."""
        return content_of(file, self.limits, self.formats)

    def unpack(self, packed: Path, folder: Path) -> list[StoredFile]:
        """See `StudyDecoding`."""
        return archive.unpack(packed, folder, self.limits)


@dataclass
class _Spent:
    """What the files of a study have taken so far."""

    cpu_seconds: float = 0.0
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, usage: Usage) -> None:
        with self.lock:
            self.cpu_seconds += usage.cpu_seconds
            self.seconds += usage.seconds


@dataclass(frozen=True)
class InDecoders(Generic[A_co]):
    """Reads in processes that may be killed. A file that crashes one, or takes too much, is skipped with its reason."""

    limits: IngestLimits
    decoders: DecoderLimits
    formats: FileFormats[A_co]
    scope: ReadingScope
    _spent: _Spent = field(default_factory=_Spent)

    def recognise(self, file: StoredFile) -> Recognised[A_co]:
        """See `StudyDecoding`."""
        identity, group = self._ask(Recognise(file, self.limits, self.formats), None)
        return Recognised(partial(self._read, file), identity, group)

    def unpack(self, packed: Path, folder: Path) -> list[StoredFile]:
        """See `StudyDecoding`."""
        try:
            found = self._ask(Unpack(packed, folder, self.limits), None)
        except ClipRejected as rejected:
            raise errors.ArchiveRefused(f"The archive cannot be unpacked. {rejected.text}") from None
        return [
            StoredFile(folder / Path(str(place)).name, bool(is_system), fault, name=name, folder=folder_name)
            for place, is_system, fault, name, folder_name in found
        ]

    def _read(self, first: StoredFile, files: Sequence[AcquisitionFile], _limits: IngestLimits, plan: Any) -> A_co:
        found: A_co = self._ask(Read(first, files, self.limits, self.formats), plan)
        return found

    def _ask(self, task: Task, plan: Any) -> Any:
        """What a decoder finds. Raises ClipRejected, and StudyError as unpacking does."""
        for _ in range(_TRIES):
            try:
                return self._ask_one(task, plan)
            except DecoderGone as gone:
                if gone.had_begun:
                    text = f"The process that read this file crashed or was ended ({describe(gone.status)})."
                    raise self._rejected(SkipReason.DECODER_KILLED, text) from None
        raise errors.NotReady("decoders end before they read anything")

    def _ask_one(self, task: Task, plan: Any) -> Any:
        """What one decoder finds. Raises DecoderGone too."""
        with decoder_pool().lent(self.decoders.memory_bytes, self.scope.cancelled) as loan:
            assert loan.decoder is not None
            watch = self._watch(task, partial(self._pass, loan))
            frame_bytes = _BYTES_PER_PIXEL * self.limits.max_pixels_read + _FRAMES_BESIDE
            try:
                answer, usage = loan.decoder.ask(task, plan, frame_bytes, watch)
                self._spent.add(usage)
                return self._found(answer, loan.decoder)
            except DecoderTooSlow as slow:
                self._spent.add(Usage(watch.cpu_seconds if str(slow) == "cpu_seconds" else 0.0, watch.seconds))
                raise self._rejected(SkipReason.TOO_SLOW, self._slow_text(str(slow), watch)) from None
            except Unbelievable:
                loan.decoder.kill()
                text = "The process that read this file gave an answer that makes no sense."
                raise self._rejected(SkipReason.DECODER_KILLED, text) from None

    def _pass(self, loan: Loan) -> None:
        """Lets others begin although this file is not read yet."""
        if loan.let_others_pass():
            self.scope.slow()

    def _watch(self, task: Task, slow: Callable[[], None]) -> Watch:
        """What is left for a file. Raises ClipRejected where the study has used up its time."""
        limits, spent = self.decoders, self._spent
        cpu_left, left = limits.study_cpu_seconds - spent.cpu_seconds, limits.study_seconds - spent.seconds
        if cpu_left <= 0 or left <= 0:
            raise self._rejected(SkipReason.TOO_SLOW, self._study_text())
        if not isinstance(task, Unpack):
            cpu_left, left = min(cpu_left, limits.file_cpu_seconds), min(left, limits.file_seconds)
        return Watch(cpu_left, left, self.scope.cancelled, _SLOW_SECONDS, slow)

    def _found(self, answer: dict[str, Any], decoder: DecoderProcess) -> Any:
        """What an answer says. Raises Unbelievable, ClipRejected, or the StudyError that it names."""
        if "found" in answer:
            modules = (Identity.__module__, *(type(one).__module__ for one in self.formats.formats))
            return unpacked(answer["found"], modules, decoder.memory)
        if "rejected" in answer:
            reason, text = answer["rejected"]
            if reason == SkipReason.TOO_MUCH_MEMORY:
                raise self._rejected(SkipReason.TOO_MUCH_MEMORY, self._memory_text())
            raise ClipRejected(_reason(reason), str(text))
        if "refused" in answer:
            raise _study_error(answer["refused"])
        if "no_memory" in answer:
            raise self._rejected(SkipReason.TOO_MUCH_MEMORY, self._memory_text())
        if "fault" not in answer:
            raise Unbelievable
        log_event("decoder_fault", level=40, fault_class=str(answer["fault"]), frames=str(answer.get("frames")))
        text = f"The reader of this file failed ({answer['fault']}), a fault of the service; its log says where."
        raise self._rejected(SkipReason.DECODER_KILLED, text)

    def _rejected(self, reason: SkipReason, text: str) -> ClipRejected:
        """Why a file is skipped that a decoder could not read; the log is told too."""
        log_event("file_given_up", level=30, reason=reason.value, message=text)
        DECODER_EVENTS.labels(reason.value).inc()
        return ClipRejected(reason, text)

    def _memory_text(self) -> str:
        return f"Reading this file needs more than the {self.decoders.memory_bytes >> 20} MiB that one file may take."

    def _slow_text(self, what: str, watch: Watch) -> str:
        limits = self.decoders
        if what == "cpu_seconds" and watch.cpu_seconds == limits.file_cpu_seconds:
            return f"Reading this file took more than {limits.file_cpu_seconds:g} s of processors."
        if what == "seconds" and watch.seconds == limits.file_seconds:
            return f"Reading this file took longer than {limits.file_seconds:g} s."
        return self._study_text()

    def _study_text(self) -> str:
        limits = self.decoders
        return (
            "Reading the files of this study took too long, and this one was not read to its end: the limit is "
            f"{limits.study_cpu_seconds:g} s of processors and {limits.study_seconds:g} s on the clock."
        )


def decoding_of(limits: IngestLimits, formats: FileFormats[A_co]) -> StudyDecoding[A_co]:
    """How the files of a study are read under these limits, in the scope that is open now."""
    if limits.decoders is None:
        return InThisProcess(limits, formats)
    return InDecoders(limits, limits.decoders, formats, _scope.get() or ReadingScope())


def _reason(code: Any) -> SkipReason:
    try:
        return SkipReason(code)
    except ValueError:
        raise Unbelievable from None


def _study_error(said: Any) -> errors.StudyError:
    """The refusal of an archive that a decoder names. Raises Unbelievable for another class."""
    kind = {"ArchiveRefused": errors.ArchiveRefused, "EmptyStudy": errors.EmptyStudy}.get(said.get("class"))
    if kind is None:
        raise Unbelievable
    names = {int(position): str(name) for position, name in said["names"]}
    return kind(str(said["text"]), limit=said["limit"], positions=said["positions"], names=names)
