"""The fast path of reading reports: a run of (integer, integer, number) tuples is decoded at once.

A full-size release holds about 50 million of them. The slow twin is the machine itself, opcode by opcode.
"""

import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.site.echoprime.pickles.pickle_machine import PickleMachine

_CACHED = 1 << 16  # distinct numbers remembered; more are decoded again
_INTEGER = rb"(K.|M..|J....)"
_NUMBER = rb"(N|G........|K.|M..|J....)"
_TUPLE = _INTEGER + _INTEGER + _NUMBER + rb"\x87"
_MEMOIZED = re.compile(_TUPLE + rb"\x94", re.DOTALL)
_MEMOIZED_RUN = re.compile(rb"(?:" + _TUPLE.replace(b"(", b"(?:") + rb"\x94){2,65536}+", re.DOTALL)

Number = int | float | None
_DECODE: dict[int, Callable[[bytes], Number]] = {
    ord("N"): lambda _: None,
    ord("K"): lambda token: token[1],
    ord("M"): lambda token: int.from_bytes(token[1:], "little"),
    ord("J"): lambda token: int.from_bytes(token[1:], "little", signed=True),
    ord("G"): lambda token: float(struct.unpack(">d", token[1:])[0]),
}


class _Numbers(dict[bytes, Number]):
    """Opcode with argument → the number it pushes."""

    def __missing__(self, token: bytes) -> Number:
        number = _DECODE[token[0]](token)
        if len(self) < _CACHED:
            self[token] = number
        return number


_NUMBERS = _Numbers()


def read_tuple_run(machine: "PickleMachine") -> None:
    """Pushes the tuples that follow, each remembered as MEMOIZE would, and moves behind them."""
    match = _MEMOIZED_RUN.match(machine.data, machine.position)
    if match is None or machine.uses_put:
        return
    tuples = [
        (_NUMBERS[first], _NUMBERS[second], _NUMBERS[value]) for first, second, value in _MEMOIZED.findall(match[0])
    ]
    machine.stack.extend(tuples)
    machine.position = match.end()
    first_key, machine.memoized = machine.memoized, machine.memoized + len(tuples)
    if machine.fetched:
        for key in machine.fetched.intersection(range(first_key, machine.memoized)):
            machine.memo[key] = tuples[key - first_key]
