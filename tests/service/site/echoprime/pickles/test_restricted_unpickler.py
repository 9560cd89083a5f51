"""Plain data of every protocol comes back; nothing else does, and nothing is executed on the way."""

import array
import builtins
import collections
import contextlib
import copyreg
import datetime
import io
import os
import pickle
import pickletools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.site.echoprime.errors import PickleRefused
from service.site.echoprime.pickles.restricted_unpickler import loads

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
    | st.binary()
    | st.builds(bytearray, st.binary())
)
HASHABLE = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.tuples(st.integers(0, 70_000), st.integers(-3, 300), st.floats(allow_nan=False) | st.none())
        | st.tuples(inner, inner, inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=5)
        | st.builds(collections.OrderedDict, st.dictionaries(HASHABLE, inner, max_size=3))
        | st.sets(HASHABLE, max_size=5)
        | st.frozensets(HASHABLE, max_size=5)
    ),
    max_leaves=30,
)


def same(found: Any, expected: Any) -> bool:
    """Equal, and of equal types at every level; OrderedDict and defaultdict count as dict."""
    if isinstance(expected, dict):
        return type(found) is dict and list(found) == list(expected) and all(same(found[k], expected[k]) for k in found)
    if isinstance(expected, list | tuple):
        return type(found) is type(expected) and len(found) == len(expected) and all(map(same, found, expected))
    return type(found) is type(expected) and bool(found == expected)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PLAIN, st.sampled_from(PROTOCOLS))
def test_plain_data_comes_back_equal(data: Any, protocol: int) -> None:
    assert same(loads(pickle.dumps(data, protocol)), data)
    assert same(loads(pickletools.optimize(pickle.dumps(data, protocol))), data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickles_of_the_pure_python_pickler_come_back_equal(protocol: int) -> None:
    data = [(1, 2, 3.5), {"a": [1, {2}]}, "x" * 70_000, b"y" * 300, 2**80, -5, None, True]
    buffer = io.BytesIO()
    pickle._Pickler(buffer, protocol).dump(data)
    assert same(loads(buffer.getvalue()), data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_shared_and_recursive_objects_keep_their_identity(protocol: int) -> None:
    row, loop = [1.5, "name"], []  # type: list[Any], list[Any]
    loop.append((loop, row, row))
    found = loads(pickle.dumps([loop, row, {"name": row}], protocol))
    assert found[0][0][0] is found[0]
    assert found[0][0][1] is found[0][0][2] is found[1] is found[2]["name"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        np.float64(1.5),
        np.float32(-0.25),
        np.int64(-7),
        np.uint8(255),
        np.bool_(True),
        np.str_("abc"),
        np.float64("nan"),
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array(["ab", "c"]),
        np.array([], np.float16),
        np.array([1, "a", None, (1, 2)], dtype=object),
    ],
    ids=lambda value: f"{type(value).__name__}-{value.dtype}",
)
def test_numpy_scalars_and_arrays_come_back(value: Any, protocol: int) -> None:
    for found in loads(pickle.dumps([value, value], protocol)):
        assert found.dtype == value.dtype
        assert type(found) is type(value)
        assert np.array_equal(found, value, equal_nan=value.dtype.kind == "f")


def test_numpy_names_of_before_version_2_are_known() -> None:
    old = pickle.dumps(np.float64(2.5), 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert loads(old) == 2.5


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_default_dicts_come_back_as_dicts(protocol: int) -> None:
    data = collections.defaultdict(list, {"a": [1]})
    found = loads(pickle.dumps(data, protocol))
    assert type(found) is dict
    assert found == {"a": [1]}
    assert loads(pickle.dumps(collections.defaultdict(float), protocol)) == {}


class Calls:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


class Subclass(list[int]):
    """A list that is more than a list."""


MARKER = "/nonexistent/echoscribe"
MALICIOUS = {
    "os.system": Calls(os.system, f"touch {MARKER}"),
    "eval": Calls(builtins.eval, "__import__('os').system('true')"),
    "exec": Calls(builtins.exec, "__import__('os').system('true')"),
    "getattr": Calls(getattr, [], "append"),
    "import": Calls(builtins.__import__, "os"),
    "nested": [1, {"a": (Calls(os.system, "true"),)}],
    "as a key": {Calls(os.system, "true"): 1},
    "subclass": Subclass([1]),
    "partial": Calls(__import__("functools").partial, print),
    "attrgetter": __import__("operator").attrgetter("system"),
    "numpy load": Calls(np.load, "file"),
    "date": datetime.date(2026, 1, 1),
    "array": array.array("d", [1.0]),
    "a class": int,
    "complex": 1 + 2j,
    "slice": slice(1, 2),
    "many bytes": Calls(bytes, 10**12),
    "a long bytearray": Calls(bytearray, 10**12),
    "range": range(3),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", MALICIOUS)
def test_everything_else_is_refused_and_not_executed(name: str, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(MALICIOUS[name], protocol)
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("it was executed"))
    if name == "a class":
        assert not callable(loads(data))  # a bare name that may be a factory stays a name
        return
    with pytest.raises(PickleRefused, match="not allowed"):
        loads(data)


GLOBAL_SYSTEM = b"cos\nsystem\n"
WRITTEN_BY_HAND = {
    "global": GLOBAL_SYSTEM + b".",
    "reduce": GLOBAL_SYSTEM + b"(S'true'\ntR.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "inst": b"(S'true'\nios\nsystem\n.",
    "obj": b"(" + GLOBAL_SYSTEM + b"S'true'\no.",
    "newobj": b"\x80\x02cbuiltins\nlist\n)\x81.",
    "newobj_ex": b"\x80\x04cbuiltins\nlist\n)}\x92.",
    "ext1": b"\x82\x01.",
    "ext2": b"\x83\x01\x00.",
    "ext4": b"\x84\x01\x00\x00\x00.",
    "persid": b"Pname\n.",
    "binpersid": b"K\x01Q.",
    "next buffer": b"\x80\x05\x97.",
    "readonly buffer": b"\x80\x05]\x98.",
    "protocol 6": b"\x80\x06N.",
    "dotted global": b"\x80\x04\x8c\x08builtins\x8c\x0elist.__class__\x93.",
    "build on a dict": b"}}b.",
    "build on a name": b"cbuiltins\nlist\n}b.",
    "call of a factory": b"cbuiltins\nint\n(S'1'\ntR.",
    "call of a list": b"](tR.",
    "dtype with fields": b"cnumpy\ndtype\n(S'V8'\ntR.",
    "dtype by code": b"cnumpy\ndtype\n(S'i4,(2,3)f8'\ntR.",
    "object scalar": b"cnumpy\ndtype\n(S'O'\ntRp0\n0cnumpy.core.multiarray\nscalar\n(g0\nS'x'\ntR.",
    "encode to another codec": b"c_codecs\nencode\n(Vabc\nS'rot13'\ntR.",
}


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_opcodes_that_could_do_harm_are_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "system", lambda *_: pytest.fail("it was executed"))
    # Types: not in the stubs.
    monkeypatch.setitem(copyreg._inverted_registry, 1, ("os", "system"))  # type: ignore[attr-defined]  # not in the stubs
    with pytest.raises(PickleRefused, match="not allowed"):
        loads(WRITTEN_BY_HAND[name])


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_are_refused_or_plain(data: bytes) -> None:
    with contextlib.suppress(PickleRefused):
        loads(b"\x80\x04" + data + b".")


@settings(deadline=None)
@given(PLAIN, st.sampled_from(PROTOCOLS), st.data())
def test_a_pickle_cut_short_is_refused(value: Any, protocol: int, draw: st.DataObject) -> None:
    data = pickle.dumps(value, protocol)
    cut = draw.draw(st.integers(0, len(data) - 1))
    with pytest.raises(PickleRefused):
        loads(data[:cut])


def test_pandas_is_refused_with_a_hint() -> None:
    with pytest.raises(PickleRefused, match=r"pandas\.core\.frame\.DataFrame is not allowed; pandas objects"):
        loads(b"\x80\x04\x8c\x11pandas.core.frame\x8c\x09DataFrame\x93.")
