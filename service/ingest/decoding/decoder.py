"""A decoder: a process that reads one file after the other and says what it found, until it is ended."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.errors import ClipRejected
from service.errors import StudyError
from service.ingest.clip_memory import use_blocks
from service.ingest.decoding import sandbox
from service.ingest.decoding.channel import Channel, ChannelClosed
from service.ingest.decoding.messages import packed
from service.ingest.decoding.named_objects import made
from service.ingest.decoding.shared_frames import FilledBlocks
from service.ingest.decoding.tasks import Task
from service.ingest.untrusted import tell_want_of_memory

_FRAMES: Final = 6  # innermost stack frames of a fault


@dataclass(frozen=True)
class AskPlan:
    """Stands for a plan that only the process that asks can call."""


@dataclass(frozen=True)
class Request:
    """What a decoder is sent. plan: of the frames that are needed. held: blocks that are still read."""

    task: Task
    plan: Any
    held: tuple[int, ...]


class Decoder:
    """The loop of the process."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._blocks = FilledBlocks(self._ask_memory)

    def serve(self, memory_bytes: int) -> None:
        """Gives up what `sandbox` lists, then answers until the other side is gone."""
        sandbox.enter(memory_bytes)
        use_blocks(self._blocks)
        tell_want_of_memory()
        try:
            while True:
                self._channel.send(self._answer(made(self._channel.receive_trusted())))
        except ChannelClosed:
            return

    def _answer(self, request: Request) -> dict[str, Any]:
        """The message that ends a request. It quotes nothing of a fault's message, which may quote the file."""
        self._channel.send({"begun": True})
        self._blocks.hold_only(frozenset(request.held))
        plan = self._ask_plan if isinstance(request.plan, AskPlan) else request.plan
        try:
            found = request.task.run(plan)
            answer = {"found": packed(found, self._blocks.put)}
        except ClipRejected as rejected:
            answer = {"rejected": [rejected.reason.value, rejected.text]}
        except StudyError as refused:
            answer = {"refused": _said(refused)}
        except MemoryError:
            answer = {"no_memory": True}
        except ChannelClosed:
            raise
        except Exception as fault:  # a mistake of a reader of ours must cost this file only, and be seen in the log
            answer = {"fault": type(fault).__name__, "frames": _frames(fault)}
        dropped, self._blocks.dropped = self._blocks.dropped, []
        return {**answer, "dropped": dropped}

    def _ask_memory(self, size: int) -> tuple[int, int] | None:
        dropped, self._blocks.dropped = self._blocks.dropped, []
        self._channel.send({"memory": size, "dropped": dropped})
        number = self._channel.receive_trusted()
        return None if number is None else (number, self._channel.files.pop())

    def _ask_plan(self, *of_clip: Any) -> Any:
        self._channel.send({"plan": list(of_clip)})
        return self._channel.receive_trusted()


def _said(refused: StudyError) -> dict[str, Any]:
    return {
        "class": type(refused).__name__,
        "text": str(refused),
        "limit": refused.limit,
        "positions": list(refused.positions),
        "names": [[position, name] for position, name in refused.names.items()],
    }


def _frames(fault: Exception) -> list[str]:
    """Where it happened, without its message."""
    frames = traceback.extract_tb(fault.__traceback__)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
