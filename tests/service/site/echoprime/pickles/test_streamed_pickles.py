"""Lists and tables read row by row equal the whole, in bounded memory; other forms are refused."""

import collections
import gc
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.site.echoprime.errors import PickleRefused
from service.site.echoprime.pickles.restricted_unpickler import load, loads, stream_list, stream_tables
from tests.service.site.echoprime.pickles.test_restricted_unpickler import PROTOCOLS, same


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
    ("value", "reported"),
    [
        ({"a": {}, "b": [1]}, "'b' holds a list"),
        ([1], "holds a list"),
        ({"a": ({},)}, "'a' holds a tuple"),
        ({"a": SHARED, "b": SHARED}, "second time"),
    ],
)
def test_tables_of_another_form_are_refused(tmp_path: Path, value: Any, reported: str) -> None:
    path = tmp_path / "labels.pkl"
    path.write_bytes(pickle.dumps(value))
    with pytest.raises(PickleRefused, match=reported):
        list(stream_tables(path))


def test_lists_of_another_form(tmp_path: Path) -> None:
    path = tmp_path / "reports.pkl"
    for value in ((1, 2), np.array([1, None], dtype=object)):
        path.write_bytes(pickle.dumps(value))
        assert [e for batch in stream_list(path) for e in batch] == list(value)
    for content, reported in ((pickle.dumps({}), "a list is expected"), (b"", "empty"), (b"]", "ends before")):
        path.write_bytes(content)
        with pytest.raises(PickleRefused, match=f"reports.pkl.*{reported}"):
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
