"""A format whose files order what happens to the decoder that reads them.

A file is `UNRULY <stage> <order> [<number>]`; stage is recognise or read. Before an order is obeyed, a file with the
ending `.begun` appears beside it.
"""

import ctypes
import json
import os
import resource
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ClipRejected
from model.study import SkipReason
from service.ingest.clip_memory import ClipMemory
from service.ingest.decoding.decoder_pool import decoder_pool
from service.ingest.formats import AcquisitionFile, FileFormats, Recognised
from service.ingest.limits import IngestLimits
from service.ingest.study import open_files
from service.ingest.untrusted import third_party


@dataclass(frozen=True, eq=False)
class Said:
    """What came of an order."""

    position: int
    sha256: str
    said: str
    frames: NDArray[np.uint8]
    facts: None = None


class UnrulyFiles:
    """The format."""

    def recognise(self, path: Path, head: bytes, _limits: IngestLimits) -> Recognised[Said] | None:
        if not head.startswith(b"UNRULY "):
            return None
        _, stage, order, *number = head.decode().split()
        obey = partial(_obey, path, order, float(number[0]) if number else 0.0)
        if stage == "recognise":
            obey(None)
        return Recognised(partial(_read, obey if stage == "read" else _nothing))


UNRULY_FILES: FileFormats[Said] = FileFormats((UnrulyFiles(),), "an order")
open_unruly = partial(open_files, formats=UNRULY_FILES)


def _nothing(_plan: Any) -> str:
    return "nothing"


def _read(obey: Callable[[Any], str], files: Sequence[AcquisitionFile], _limits: IngestLimits, plan: Any) -> Said:
    (file,) = files
    frames = np.full((2, 3, 4, 3), file.position, np.uint8)
    return Said(file.position, file.sha256, obey(plan), frames)


def _obey(path: Path, order: str, number: float, plan: Any) -> str:
    path.with_name(path.name + ".begun").touch()
    return ORDERS[order](number, plan)


def _hang(_number: float, _plan: Any) -> str:
    while True:
        time.sleep(1)


def _sleep(seconds: float, _plan: Any) -> str:
    time.sleep(seconds)
    return "slept"


def _spin(_number: float, _plan: Any) -> str:
    while True:
        pass


def _abort(_number: float, _plan: Any) -> str:
    os.abort()


def _fault(_number: float, _plan: Any) -> str:
    raise KeyError("MARIA^MUSTER")


def _exit(_number: float, _plan: Any) -> str:
    os._exit(3)


def _take(mebibytes: float, _plan: Any) -> str:
    with third_party("damaged"):
        return str(len(np.ones(int(mebibytes) << 20, np.uint8)))


def _take_bit_by_bit(_number: float, _plan: Any) -> str:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def _start_threads(_number: float, _plan: Any) -> str:
    with third_party("damaged"):
        while True:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def _frames(mebibytes: float, _plan: Any) -> str:
    memory = ClipMemory(int(mebibytes))
    memory.put(0, np.zeros((512, 2048, 1), np.uint8))
    return "put"


def _plan(_number: float, plan: Any) -> str:
    return json.dumps([plan] if not callable(plan) else plan(7, 30.5, "video"))


def _reject(_number: float, _plan: Any) -> str:
    raise ClipRejected(SkipReason.STATIC, "Nothing moves.")


def _look_around(_number: float, _plan: Any) -> str:
    """What a decoder can see and do."""
    tried = {}
    attempts: dict[str, Callable[[], object]] = {
        "socket": lambda: socket.socket(socket.AF_INET),
        "program": lambda: os.execv(sys.executable, ["python", "-c", "0"]),
        "kill": lambda: os.kill(os.getppid(), 0),
        "memory of others": lambda: ctypes.CDLL(None).process_vm_readv(os.getppid(), 0, 0, 0, 0, 0),
    }
    for name, attempt in attempts.items():
        tried[name] = "permitted"
        with suppress(OSError):
            if attempt() == -1:  # a bare call of the C library
                tried[name] = "refused"
            continue
        tried[name] = "refused"
    return json.dumps(
        {
            "environment": dict(os.environ),
            "at_start": Path("/proc/self/environ").read_bytes().decode() if os.access("/proc/self/environ", 4) else "",
            "open": [*_kinds_of_descriptors()],
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "data": resource.getrlimit(resource.RLIMIT_DATA),
            "network": [line.split(":")[0].strip() for line in _lines("/proc/self/net/dev")[2:]],
            "tried": tried,
        }
    )


def _kinds_of_descriptors() -> Iterator[str]:
    for number in range(256):
        with suppress(OSError):
            mode = os.fstat(number).st_mode
            yield "socket" if stat.S_ISSOCK(mode) else "device" if stat.S_ISCHR(mode) else "other"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


ORDERS: dict[str, Callable[[float, Any], str]] = {
    "hang": _hang,
    "sleep": _sleep,
    "spin": _spin,
    "abort": _abort,
    "fault": _fault,
    "exit": _exit,
    "take": _take,
    "take_bit_by_bit": _take_bit_by_bit,
    "start_threads": _start_threads,
    "frames": _frames,
    "plan": _plan,
    "reject": _reject,
    "look_around": _look_around,
    "nothing": lambda *_: "nothing",
}


def order(folder: Path, text: str, name: str = "1") -> Path:
    """A file of that order."""
    (folder / name).write_text(f"UNRULY {text} ")
    return folder / name


def has_begun(path: Path) -> bool:
    """Whether the order is being obeyed."""
    return path.with_name(path.name + ".begun").exists()


def decoders() -> list[int]:
    """Numbers of the running decoders of this process."""
    server = decoder_pool().server_number
    if server is None:
        return []
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    return []
