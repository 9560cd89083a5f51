"""What each opcode of plain data does to the machine; every other opcode is refused by name. Protocols 0 to 5."""

import codecs
import struct
from collections.abc import Callable, Mapping
from typing import Any

from service.site.echoprime.errors import PickleRefused
from service.site.echoprime.pickles.allowed_globals import AllowedGlobal, allowed, set_state
from service.site.echoprime.pickles.memo_scan import OPCODE_NAMES
from service.site.echoprime.pickles.pickle_machine import PickleMachine, Sink, refuse
from service.site.echoprime.pickles.tuple_runs import read_tuple_run

_HIGHEST_PROTOCOL = 5


def _push(value: Any) -> Callable[[PickleMachine], None]:
    return lambda machine: machine.stack.append(value)


def _integer(size: int, *, signed: bool) -> Callable[[PickleMachine], None]:
    return lambda m: m.stack.append(int.from_bytes(m.take(size), "little", signed=signed))


def _text(size: int) -> Callable[[PickleMachine], None]:
    return lambda m: m.stack.append(m.take(m.unsigned(size)).decode("utf-8", "surrogatepass"))


def _bytes(size: int) -> Callable[[PickleMachine], None]:
    return lambda m: m.stack.append(m.take(m.unsigned(size)))


def _old_text(size: int) -> Callable[[PickleMachine], None]:
    return lambda m: m.stack.append(m.take(m.unsigned(size)).decode("ascii"))


def _long(size: int) -> Callable[[PickleMachine], None]:
    return lambda m: m.stack.append(int.from_bytes(m.take(m.unsigned(size)), "little", signed=True))


def _int_line(m: PickleMachine) -> None:
    text = m.line()
    m.stack.append({"00": False, "01": True}[text] if text in ("00", "01") else int(text))


def _string_line(m: PickleMachine) -> None:
    text = m.line().strip()
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        raise ValueError("a STRING must be quoted")
    m.stack.append(codecs.escape_decode(text[1:-1])[0].decode("ascii"))


def _unicode_line(m: PickleMachine) -> None:
    m.stack.append(m.line().encode("latin-1").decode("raw-unicode-escape"))


def _proto(m: PickleMachine) -> None:
    if (protocol := m.unsigned(1)) > _HIGHEST_PROTOCOL:
        refuse(f"protocol {protocol}")


def _frame(m: PickleMachine) -> None:
    m.unsigned(8)  # frames only tell a reader how much to buffer


def _mark(m: PickleMachine) -> None:
    m.marks.append(m.stack)
    m.stack = []
    read_tuple_run(m)


def _pop(m: PickleMachine) -> None:
    if m.stack:
        m.stack.pop()
    else:
        m.pop_mark()


def _tuple(count: int) -> Callable[[PickleMachine], None]:
    def build(m: PickleMachine) -> None:
        if len(m.stack) < count:
            raise IndexError("the stack holds too little")
        m.stack[-count:] = [tuple(m.stack[-count:])]

    return build


def _marked_tuple(m: PickleMachine) -> None:
    above = m.pop_mark()
    m.stack.append(tuple(above))


def _list(m: PickleMachine) -> None:
    above = m.pop_mark()
    m.stack.append(m.new_list())
    _extend(m.stack[-1], above)


def _dict(m: PickleMachine) -> None:
    above = m.pop_mark()
    m.stack.append(m.new_dict())
    _set_items(m.stack[-1], above)


def _append(m: PickleMachine) -> None:
    value = m.stack.pop()
    _extend(m.stack[-1], [value])


def _appends(m: PickleMachine) -> None:
    above = m.pop_mark()
    _extend(m.stack[-1], above)


def _extend(target: object, values: list[Any]) -> None:
    if type(target) is list:
        target.extend(values)
    elif isinstance(target, Sink):
        target.take(values)
    else:
        raise TypeError(f"elements are appended to {type(target).__name__}")


def _set_item(m: PickleMachine) -> None:
    value, key = m.stack.pop(), m.stack.pop()
    _set_items(m.stack[-1], [key, value])


def _marked_set_items(m: PickleMachine) -> None:
    above = m.pop_mark()
    _set_items(m.stack[-1], above)


def _set_items(target: object, pairs: list[Any]) -> None:
    if type(target) is dict:
        target.update(zip(pairs[::2], pairs[1::2], strict=True))
    elif isinstance(target, Sink):
        target.take(pairs)
    else:
        raise TypeError(f"items are set on {type(target).__name__}")


def _add_items(m: PickleMachine) -> None:
    above = m.pop_mark()
    if type(m.stack[-1]) is not set:
        raise TypeError("ADDITEMS on something that is no set")
    m.stack[-1].update(above)


def _frozen_set(m: PickleMachine) -> None:
    above = m.pop_mark()
    m.stack.append(frozenset(above))


def _global_line(m: PickleMachine) -> None:
    module = m.line()
    m.stack.append(allowed(module, m.line()))


def _stack_global(m: PickleMachine) -> None:
    name, module = m.stack.pop(), m.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise TypeError("a global must be named by two strings")
    m.stack.append(allowed(module, name))


def _reduce(m: PickleMachine) -> None:
    arguments, function = m.stack.pop(), m.stack.pop()
    if not isinstance(function, AllowedGlobal) or function.build is None or type(arguments) is not tuple:
        name = function.name if isinstance(function, AllowedGlobal) else type(function).__name__
        raise PickleRefused(f"calling {name} is not allowed")
    built = function.build(*arguments)
    if type(built) is dict and not built:
        built = m.new_dict()
    elif type(built) is list and not built:
        built = m.new_list()
    m.stack.append(built)


def _build(m: PickleMachine) -> None:
    state = m.stack.pop()
    m.stack[-1] = set_state(m.stack[-1], state)


def _put(m: PickleMachine, key: int) -> None:
    m.uses_put = True
    m.remember(key)


def _memoize(m: PickleMachine) -> None:
    if m.uses_put:
        refuse("MEMOIZE after PUT")
    key = m.memoized
    m.memoized = key + 1
    if key in m.fetched:
        m.memo[key] = m.stack[-1]
    if type(m.stack[-1]) is tuple:
        read_tuple_run(m)


def _stop(m: PickleMachine) -> None:
    if len(m.stack) != 1 or m.marks:
        raise ValueError("the stack does not hold one object at STOP")


_BY_NAME: Mapping[str, Callable[[PickleMachine], None]] = {
    "PROTO": _proto,
    "FRAME": _frame,
    "STOP": _stop,
    "MARK": _mark,
    "POP": _pop,
    "POP_MARK": lambda m: m.pop_mark().clear(),
    "DUP": lambda m: m.stack.append(m.stack[-1]),
    "NONE": _push(None),
    "NEWTRUE": _push(True),
    "NEWFALSE": _push(False),
    "INT": _int_line,
    "LONG": lambda m: m.stack.append(int(m.line().removesuffix("L"))),
    "LONG1": _long(1),
    "LONG4": _long(4),
    "BININT": _integer(4, signed=True),
    "BININT1": _integer(1, signed=False),
    "BININT2": _integer(2, signed=False),
    "FLOAT": lambda m: m.stack.append(float(m.line())),
    "BINFLOAT": lambda m: m.stack.append(struct.unpack(">d", m.take(8))[0]),
    "STRING": _string_line,
    "BINSTRING": _old_text(4),
    "SHORT_BINSTRING": _old_text(1),
    "UNICODE": _unicode_line,
    "SHORT_BINUNICODE": _text(1),
    "BINUNICODE": _text(4),
    "BINUNICODE8": _text(8),
    "SHORT_BINBYTES": _bytes(1),
    "BINBYTES": _bytes(4),
    "BINBYTES8": _bytes(8),
    "BYTEARRAY8": lambda m: m.stack.append(bytearray(m.take(m.unsigned(8)))),
    "EMPTY_TUPLE": _push(()),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "TUPLE": _marked_tuple,
    "EMPTY_LIST": lambda m: m.stack.append(m.new_list()),
    "LIST": _list,
    "APPEND": _append,
    "APPENDS": _appends,
    "EMPTY_DICT": lambda m: m.stack.append(m.new_dict()),
    "DICT": _dict,
    "SETITEM": _set_item,
    "SETITEMS": _marked_set_items,
    "EMPTY_SET": lambda m: m.stack.append(set()),
    "ADDITEMS": _add_items,
    "FROZENSET": _frozen_set,
    "GLOBAL": _global_line,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BUILD": _build,
    "PUT": lambda m: _put(m, int(m.line())),
    "BINPUT": lambda m: _put(m, m.unsigned(1)),
    "LONG_BINPUT": lambda m: _put(m, m.unsigned(4)),
    "MEMOIZE": _memoize,
    "GET": lambda m: m.recall(int(m.line())),
    "BINGET": lambda m: m.recall(m.unsigned(1)),
    "LONG_BINGET": lambda m: m.recall(m.unsigned(4)),
}


def _refused(name: str) -> Callable[[PickleMachine], None]:
    return lambda _: refuse(f"opcode {name}")


HANDLERS = tuple(_BY_NAME.get(name, _refused(name)) for name in (OPCODE_NAMES.get(c, f"{c:#04x}") for c in range(256)))
"""What each opcode does, by its byte."""
