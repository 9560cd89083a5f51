"""Plain data of every protocol comes back; nothing else does, and nothing is executed on the way."""

import array
import builtins
import collections
import contextlib
import copyreg
import datetime
import gc
import io
import math
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.echoprime.errors import PickleRefused
from scripts.echoprime.restricted_unpickler import load, loads, stream_list, stream_tables

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
    monkeypatch.setitem(copyreg._inverted_registry, 1, ("os", "system"))  # type: ignore[attr-defined]
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


def studies(count: int) -> list[list[tuple[int, int, Any]]]:
    rng = np.random.default_rng(0)
    values: list[Any] = [None, math.inf, 3, 55.5, "mid wall", -2.0, 70_000]
    return [
        [(s, int(rng.integers(0, 400)), values[rng.integers(0, 7)]) for s in range(int(rng.integers(0, 16)))]
        for _ in range(count)
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_streamed_list_equals_the_whole(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "reports.pkl"
    data = studies(5000)
    path.write_bytes(pickle.dumps(data, protocol))
    batches = list(stream_list(path))
    assert len(batches) > 1
    assert [study for batch in batches for study in batch] == data == load(path)


def test_runs_of_tuples_equal_their_slow_twin(tmp_path: Path) -> None:
    """Protocol 4 takes the fast path, protocol 2 never does."""
    data = [[(s, p, float(s)) for s, p in zip(range(200), range(300, 500), strict=True)] for _ in range(20)]
    data[3][5] = data[0][0]  # fetched from the middle of an earlier run
    fast, slow = (loads(pickle.dumps(data, protocol)) for protocol in (4, 2))
    assert same(fast, data)
    assert same(slow, data)
    assert fast[3][5] is fast[0][0]


@pytest.mark.parametrize("outer", [dict, collections.OrderedDict])
@pytest.mark.parametrize("inner", [dict, collections.OrderedDict, lambda d: collections.defaultdict(float, d)])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_streamed_tables_equal_the_whole(tmp_path: Path, outer: Any, inner: Any, protocol: int) -> None:
    names = [f"S{i}" for i in range(1500)]
    tables = {"ef": {n: i / 7 for i, n in enumerate(names)}, "empty": {}, "one": {names[3]: 1}, "big": {}}
    tables["big"] = {i: np.int64(i) if i % 2 else True for i in range(1200)}
    path = tmp_path / "labels.pkl"
    path.write_bytes(pickle.dumps(outer((name, inner(table)) for name, table in tables.items()), protocol))
    found: dict[str, dict[Any, Any]] = {}
    for name, pairs in stream_tables(path):
        found.setdefault(name, {}).update(zip(pairs[::2], pairs[1::2], strict=True))
    assert found == tables


SHARED = {"x": 1}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": {}, "b": [1]}, "'b' holds a list"),
        ([1], "holds a list"),
        ({"a": ({},)}, "'a' holds a tuple"),
        ({"a": SHARED, "b": SHARED}, "second time"),
    ],
)
def test_tables_of_another_form_are_refused(tmp_path: Path, value: Any, told: str) -> None:
    path = tmp_path / "labels.pkl"
    path.write_bytes(pickle.dumps(value))
    with pytest.raises(PickleRefused, match=told):
        list(stream_tables(path))


def test_lists_of_another_form(tmp_path: Path) -> None:
    path = tmp_path / "reports.pkl"
    for value in ((1, 2), np.array([1, None], dtype=object)):
        path.write_bytes(pickle.dumps(value))
        assert [e for batch in stream_list(path) for e in batch] == list(value)
    for content, told in ((pickle.dumps({}), "a list is expected"), (b"", "empty"), (b"]", "ends before")):
        path.write_bytes(content)
        with pytest.raises(PickleRefused, match=f"reports.pkl.*{told}"):
            list(stream_list(path))


def test_memory_does_not_grow_with_what_was_read(tmp_path: Path) -> None:
    """Elements that were handed on are gone although the pickle numbered every one of them."""
    path = tmp_path / "reports.pkl"
    path.write_bytes(pickle.dumps([[(1, 2, None)] * 3 + [(i, i, 0.5)] for i in range(4000)]))
    before, most = _lists_of_four(), 0
    for batch in stream_list(path):
        del batch
        most = max(most, _lists_of_four() - before)
    assert 0 < most < 2500


def _lists_of_four() -> int:
    """Lists alive that look like an element of the file; other tests of the process may hold some."""
    return sum(1 for thing in gc.get_objects() if type(thing) is list and len(thing) == 4 and type(thing[0]) is tuple)
