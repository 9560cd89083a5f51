"""First pass over a pickle: which remembered objects are ever fetched again. Builds nothing.

A pickler numbers every tuple, list and string it writes in case it meets the same object again. Keeping them all would
hold a full-size release in memory, 50 million tuples; keeping those that are fetched holds next to nothing.
"""

import mmap
import pickletools
import re
from typing import Final

from service.site.echoprime.errors import PickleRefused

Buffer = bytes | mmap.mmap

_RELEASE_BYTES = 64 << 20  # pages read so far are given back in steps of this
_GET, _BINGET, _LONG_BINGET, _STOP = (ord(code) for code in "ghj.")
_OPCODES = {ord(opcode.code): opcode for opcode in pickletools.opcodes}
OPCODE_NAMES = {code: opcode.name for code, opcode in _OPCODES.items()}
_PREFIX_BYTES: Final = {-2: 1, -3: 4, -4: 4, -5: 8}  # pickletools.TAKEN_FROM_ARGUMENT1, 4, 4U, 8U
_LINES: Final = {"GLOBAL": 2, "INST": 2}  # others that end at a newline hold one line


def _argument_bytes(code: int) -> int:
    """Bytes of a fixed-size argument, or pickletools' negative mark of another kind."""
    argument = _OPCODES[code].arg
    return 0 if argument is None else argument.n


def _is_line(code: int) -> bool:
    """True for an opcode whose argument is one line."""
    return _argument_bytes(code) == pickletools.UP_TO_NEWLINE and _OPCODES[code].name not in _LINES


def _skippable() -> re.Pattern[bytes]:
    """Runs of opcodes with fixed-size arguments, other than those that fetch or stop."""
    by_size: dict[int, list[bytes]] = {}
    for code in _OPCODES:
        size = _argument_bytes(code)
        if size >= 0 and code not in (_BINGET, _LONG_BINGET, _STOP):
            by_size.setdefault(size, []).append(re.escape(bytes([code])))
    parts = [b"[" + b"".join(codes) + b"].{%d}" % size for size, codes in sorted(by_size.items())]
    line = b"[" + b"".join(re.escape(bytes([c])) for c in _OPCODES if _is_line(c) and c != _GET) + b"]"
    parts.append(line + rb"[^\n]*+\n")
    # Possessive: no backtracking, no stack. Bounded: so that pages can be given back in between.
    return re.compile(b"(?:" + b"|".join(parts) + b"){0,100000}+", re.DOTALL)


_SKIPPABLE = _skippable()


def fetched_memo_keys(data: Buffer) -> frozenset[int]:
    """Memo keys that a GET opcode names. Raises PickleRefused for an unknown opcode or a pickle without an end."""
    fetched: set[int] = set()
    position, given, end = 0, 0, len(data)
    while True:
        given = give_back(data, position, given)
        match = _SKIPPABLE.match(data, position)
        position = match.end() if match else position
        if position >= end:
            raise PickleRefused("the pickle ends before its STOP")
        code = data[position]
        if code == _STOP:
            return frozenset(fetched)
        if code not in _OPCODES:
            raise PickleRefused(f"byte {code:#04x} at {position} is no opcode")
        start, position = position + 1, _after(data, position)
        if code in (_BINGET, _LONG_BINGET):
            fetched.add(int.from_bytes(data[start:position], "little"))
        elif code == _GET:
            fetched.add(_number(data, start, position))


def give_back(data: Buffer, position: int, given: int) -> int:
    """Lets the kernel drop a mapped file's pages before `position`, in steps of 64 MB; they count as memory in use.

    given: up to where they were dropped before. Returns up to where they are dropped now.
    """
    if not isinstance(data, mmap.mmap) or position - given < _RELEASE_BYTES:
        return given
    data.madvise(mmap.MADV_DONTNEED, 0, position - position % mmap.PAGESIZE)
    return position


def _after(data: Buffer, position: int) -> int:
    """Position behind the opcode at `position` and its argument."""
    code, start = data[position], position + 1
    size = _argument_bytes(code)
    if size >= 0:
        end = start + size
    elif size in _PREFIX_BYTES:
        prefix = start + _PREFIX_BYTES[size]
        end = prefix + int.from_bytes(data[start:prefix], "little")
    else:
        end = start
        for _ in range(_LINES.get(_OPCODES[code].name, 1)):
            end = line_end(data, end)
    if end > len(data):
        raise PickleRefused(f"the argument of {_OPCODES[code].name} at {position} reaches beyond the end")
    return end


_NEWLINE = re.compile(b"\n")


def line_end(data: Buffer, start: int) -> int:
    """Position behind the newline that ends the line at `start`. Raises PickleRefused when there is none."""
    found = _NEWLINE.search(data, start)
    if found is None:
        raise PickleRefused(f"the line at {start} has no end")
    return found.end()


def _number(data: Buffer, start: int, end: int) -> int:
    text = bytes(data[start:end]).strip()
    if not text.isdigit():
        raise PickleRefused(f"GET {text!r} is no number")
    return int(text)
