"""What a decoder found, as plain values with its arrays in shared memory, and back.

An acquisition is a dataclass of plain values, tuples, arrays and such dataclasses. Coming back, only dataclasses are
made that the modules of the modality's formats know by that name, and the classes that those modules name in turn.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# A dataclass and an array, among plain values; no plain value is a dict.
_CLASS, _VALUES, _ARRAY = "class", "values", "array"
_KINDS: Final = "biufc"  # of numbers; an array of Python objects would be one of pointers


class Unbelievable(Exception):
    """A decoder says what no decoder says."""


Put = Callable[[NDArray[Any]], tuple[int, int]]  # array → (block, offset) of its bytes
Get = Callable[[int, int, int], memoryview]  # (block, offset, bytes) → those bytes


def packed(value: Any, put: Put) -> Any:
    """A value for JSON; its arrays are put into shared memory."""
    if isinstance(value, np.ndarray):
        block, offset = put(value)
        return {_ARRAY: [block, offset, value.dtype.str, list(value.shape)]}
    if is_dataclass(value) and not isinstance(value, type):
        values = {each.name: packed(getattr(value, each.name), put) for each in fields(value) if each.init}
        return {_CLASS: type(value).__qualname__, _VALUES: values}
    if isinstance(value, tuple | list):
        return [packed(each, put) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be handed over by a decoder")


def unpacked(value: Any, modules: Sequence[str], get: Get) -> Any:
    """The value again; what was a list is a tuple. Raises Unbelievable for what `packed` never gives."""
    try:
        return _unpacked(value, modules, get)
    except (TypeError, ValueError, KeyError, OverflowError) as fault:  # also what a dataclass says of its values
        raise Unbelievable(type(fault).__name__) from None


def _unpacked(value: Any, modules: Sequence[str], get: Get) -> Any:
    if isinstance(value, list):
        return tuple(_unpacked(each, modules, get) for each in value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {_ARRAY}:
        block, offset, dtype, shape = value[_ARRAY]
        return _array(get, block, offset, dtype, shape)
    if value.keys() != {_CLASS, _VALUES}:
        raise Unbelievable("no value of a decoder")
    kind = _class(value[_CLASS], modules)
    inner = (kind.__module__,)
    return kind(**{name: _unpacked(each, inner, get) for name, each in value[_VALUES].items()})


def _array(get: Get, block: int, offset: int, dtype: str, shape: list[int]) -> NDArray[Any]:
    kind = np.dtype(dtype)
    if kind.kind not in _KINDS or any(size < 0 for size in shape) or offset < 0 or offset % max(1, kind.alignment):
        raise Unbelievable("no array of a decoder")
    count = prod(shape)
    if count == 0:
        return np.empty(shape, kind)
    return np.frombuffer(get(block, offset, count * kind.itemsize), kind).reshape(shape)


def _class(name: str, modules: Iterable[str]) -> Any:
    for module in modules:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and is_dataclass(kind):
            return kind
    raise Unbelievable("a class that no format names")
