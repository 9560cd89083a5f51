"""The few names a pickle may mention, and what is done instead of calling them.

A pickle names functions and asks for them to be called. Here no name is ever looked up in a module: each allowed name
stands for a small function of this file, which checks its arguments. Everything else is refused by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.site.echoprime.errors import PickleRefused

_PLAIN_DTYPE = re.compile(r"[<>|=]?(?:[biufc?][0-9]*|[SUO][0-9]*)")


@dataclass(frozen=True)
class AllowedGlobal:
    """A name that a pickle may mention. build None: it may be named as an argument, never called."""

    name: str
    build: Callable[..., Any] | None = None


@dataclass
class PendingArray:
    """An array between its reconstruction and the state that fills it."""

    array: Any = field(default=None)


def allowed(module: str, name: str) -> AllowedGlobal:
    """The stand-in for a global. Raises PickleRefused for any that is not in the table, with a hint for pandas."""
    found = _TABLE.get((module, name))
    if found is None:
        hint = ""
        if module.partition(".")[0] == "pandas":
            hint = "; pandas objects are not plain data: write it again as a list or dict of numbers and strings"
        raise PickleRefused(f"global {module}.{name} is not allowed{hint}")
    return found


def set_state(target: object, state: object) -> Any:
    """What BUILD leaves: a dtype with its byte order, or the array that a pending one becomes."""
    if isinstance(target, np.dtype):
        return _with_byte_order(target, state)
    if isinstance(target, PendingArray) and target.array is None:
        target.array = _fill(state)
        return target.array
    raise PickleRefused(f"BUILD on {type(target).__name__} is not allowed")


def _dtype(description: object, *_flags: object) -> np.dtype[Any]:
    if not isinstance(description, str) or not _PLAIN_DTYPE.fullmatch(description):
        raise PickleRefused(f"numpy.dtype({description!r}) is not allowed: no plain number, string or object type")
    return np.dtype(description, copy=True)  # a copy, because its state is set in place


def _with_byte_order(dtype: np.dtype[Any], state: object) -> np.dtype[Any]:
    if not isinstance(state, tuple) or len(state) < 5 or any(part is not None for part in state[2:5]):
        raise PickleRefused("numpy.dtype with fields or a sub-array is not allowed")
    if state[1] in ("<", ">") and dtype.byteorder != "|":
        plain = (3, state[1], None, None, None, -1, -1, 0)
        if dtype.kind in "US":
            plain = (3, state[1], None, None, None, dtype.itemsize, dtype.alignment, 0)
        dtype.__setstate__(plain)  # type: ignore[attr-defined]  # in place: the memo may hold this very object
    return dtype


def _reconstruct(array_type: object, _shape: object, _kind: object) -> PendingArray:
    if array_type is not _NDARRAY:
        raise PickleRefused("numpy _reconstruct of anything but ndarray is not allowed")
    return PendingArray()


def _fill(state: object) -> Any:
    if not isinstance(state, tuple) or len(state) != 5:
        raise PickleRefused("numpy array with an unknown state")
    _, shape, dtype, fortran, content = state
    return _array(content, dtype, shape, "F" if fortran else "C")


def _array(content: object, dtype: object, shape: object, order: object) -> Any:
    if not isinstance(dtype, np.dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise PickleRefused("numpy array with an unknown state")
    if isinstance(content, list) and dtype.hasobject:
        array = np.empty(len(content), dtype=object)
        array[:] = content
    elif isinstance(content, bytes | bytearray) and not dtype.hasobject:
        array = np.frombuffer(bytes(content), dtype)
    else:
        raise PickleRefused(f"numpy array of {dtype} from {type(content).__name__} is not allowed")
    return array.reshape(shape, order=order)


def _scalar(dtype: object, content: object) -> Any:
    if not isinstance(dtype, np.dtype) or dtype.hasobject or not isinstance(content, bytes):
        raise PickleRefused("numpy scalar of anything but plain bytes is not allowed")
    return np.frombuffer(content, dtype, count=1)[0]


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise PickleRefused(f"_codecs.encode with {encoding!r} is not allowed; bytes travel as latin1")
    return text.encode("latin-1")


def _bytearray(content: object = b"", encoding: object = "latin-1") -> bytearray:
    return bytearray(_encode(content, encoding) if isinstance(content, str) else _bytes(content))


def _bytes(content: object = b"") -> bytes:
    if not isinstance(content, bytes):  # bytes(10 ** 12) would be a request for memory
        raise PickleRefused(f"bytes of {type(content).__name__} are not allowed")
    return content


def _container(kind: type) -> Callable[..., Any]:
    def build(*content: object) -> Any:
        if len(content) > 1 or not all(isinstance(part, list | tuple | set | frozenset) for part in content):
            raise PickleRefused(f"{kind.__name__} of anything but a plain sequence is not allowed")
        return kind(*content)

    return build


def _ordered_dict(content: object = ()) -> dict[Any, Any]:
    if not isinstance(content, list | tuple):
        raise PickleRefused("OrderedDict of anything but pairs is not allowed")
    return {key: value for key, value in content}  # noqa: C416 - a pair of another length must fail here


def _default_dict(factory: object = None) -> dict[Any, Any]:
    if factory is not None and not isinstance(factory, AllowedGlobal):
        raise PickleRefused("defaultdict with an unknown factory is not allowed")
    return {}  # the factory is dropped: a key that is missing stays missing


_NDARRAY = AllowedGlobal("numpy.ndarray")
_BUILTINS: Mapping[str, Callable[..., Any] | None] = {
    "list": _container(list),
    "tuple": _container(tuple),
    "set": _container(set),
    "frozenset": _container(frozenset),
    "dict": _ordered_dict,
    "bytes": _bytes,
    "bytearray": _bytearray,
    "int": None,  # factories of a defaultdict
    "float": None,
    "str": None,
    "bool": None,
    "long": None,  # what protocols 0 to 2 call int and str
    "unicode": None,
}
_TABLE: Mapping[tuple[str, str], AllowedGlobal] = {
    **{
        (module, name): AllowedGlobal(f"{module}.{name}", build)
        for module in ("builtins", "__builtin__")
        for name, build in _BUILTINS.items()
    },
    ("collections", "OrderedDict"): AllowedGlobal("collections.OrderedDict", _ordered_dict),
    ("collections", "defaultdict"): AllowedGlobal("collections.defaultdict", _default_dict),
    ("_codecs", "encode"): AllowedGlobal("_codecs.encode", _encode),
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): AllowedGlobal("numpy.dtype", _dtype),
    **{
        (f"numpy.{core}.{module}", name): AllowedGlobal(f"numpy.{core}.{module}.{name}", build)
        for core in ("core", "_core")
        for module, name, build in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _array),
        )
    },
}
