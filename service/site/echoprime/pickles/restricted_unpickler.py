"""Plain data out of pickles, without executing them: whole, or streamed in memory that does not grow with the file.

A pickle is a program. This reader has a machine of its own (`pickle_machine`, `pickle_opcodes`) that knows containers,
numbers, strings and numpy arrays, looks no name up in any module, and refuses everything else by name.
"""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from service.site.echoprime.errors import PickleRefused
from service.site.echoprime.pickles.memo_scan import OPCODE_NAMES, Buffer, give_back
from service.site.echoprime.pickles.pickle_machine import PickleMachine, Sink
from service.site.echoprime.pickles.pickle_opcodes import HANDLERS

_STOP = ord(".")
_PAUSE_BYTES = 1 << 16


def loads(data: Buffer) -> Any:
    """The object that a pickle holds; OrderedDict and defaultdict come back as dict. Raises PickleRefused."""
    machine = PickleMachine(data)
    for _ in _run(machine):
        pass
    return machine.stack[0]


def load(path: Path) -> Any:
    """The object in a pickle file. Raises PickleRefused naming the file."""
    with _open(path) as data:
        return loads(data)


def stream_list(path: Path) -> Iterator[list[Any]]:
    """Elements of the pickled list, in batches, each let go before the next is read. Raises PickleRefused."""
    with _open(path) as data:
        batch: list[Any] = []
        sink = Sink(batch.extend)
        machine = PickleMachine(data, outer_list=lambda: sink)
        for _ in _run(machine):
            if batch:
                yield batch.copy()
                batch.clear()
        if machine.stack[0] is not sink:
            batch.extend(_elements(machine.stack[0]))
        if batch:
            yield batch


def stream_tables(path: Path) -> Iterator[tuple[Any, list[Any]]]:
    """Batches of a pickled dict of dicts: outer key and alternating inner keys and values. Raises PickleRefused.

    Batches of one outer key follow each other; a key may come with an empty batch.
    """
    with _open(path) as data:
        batches: list[tuple[Any, list[Any]]] = []

        def inner(key: object) -> Sink:
            batches.append((key, []))
            return Sink(lambda pairs: batches.append((key, pairs)), key)

        machine = PickleMachine(data, outer_dict=lambda: Sink(_expect_streamed), inner_dict=inner)
        for _ in _run(machine):
            yield from batches
            batches.clear()
        yield from batches
        if not isinstance(machine.stack[0], Sink):
            raise PickleRefused(f"holds a {type(machine.stack[0]).__name__}, a dict of dicts is expected")


def _expect_streamed(pairs: list[Any]) -> None:
    """Accepts the inner tables that were streamed already, under the keys they were streamed as."""
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if not isinstance(value, Sink) or value.key is not key:
            raise PickleRefused(f"{key!r} holds a {type(value).__name__}, a dict is expected")


def _elements(found: object) -> list[Any]:
    if isinstance(found, list | tuple):
        return list(found)
    if isinstance(found, np.ndarray) and found.ndim == 1:
        return list(found)
    raise PickleRefused(f"holds a {type(found).__name__}, a list is expected")


def _run(machine: PickleMachine) -> Iterator[None]:
    """Runs a machine to its STOP, pausing about every 64 KB."""
    data, pause, start, given = machine.data, _PAUSE_BYTES, 0, 0
    try:
        while True:
            start = machine.position
            code = data[start]
            machine.position = start + 1
            HANDLERS[code](machine)
            if code == _STOP:
                return
            if start > pause:
                pause = start + _PAUSE_BYTES
                given = give_back(data, start, given)
                yield
    except (LookupError, TypeError, ValueError, OverflowError, struct.error) as error:
        name = OPCODE_NAMES.get(data[start], "?") if start < len(data) else "the end"
        raise PickleRefused(f"damaged at byte {start} ({name}): {error!r}") from error


@contextmanager
def _open(path: Path) -> Iterator[mmap.mmap]:
    """A pickle file, memory-mapped. Names the file in what is raised."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
    except PickleRefused as error:
        raise PickleRefused(f"{path}: {error}") from error
    except ValueError as error:
        raise PickleRefused(f"{path}: {error}") from error
