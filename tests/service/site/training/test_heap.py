"""Freed memory is given back."""

import subprocess
import sys

import pytest

from service.site.training import heap
from service.site.training.heap import KeptMemory, return_freed_memory

PROCESS = """
import ctypes
from pathlib import Path
from service.site.training.heap import return_freed_memory

def resident():
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("RssAnon"))
    return int(line.split()[1]) // 1024

c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [c.malloc(100_000) for _ in range(2000)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]:
    c.free(block)
before = resident()
print(return_freed_memory(), before - resident())
"""


@pytest.mark.skipif(heap._malloc_trim() is None, reason="this C library keeps or returns memory by rules of its own")
def test_what_lies_between_used_blocks_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, check=True)
    returned, mebibytes = done.stdout.split()
    assert returned == "True"
    assert int(mebibytes) > 150


LONG = """
import ctypes, random
from service.site.training.heap import KeptMemory, resident_bytes

c = ctypes.CDLL(None)
c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
drawn = random.Random(0)
kept, largest, trims = KeptMemory(most=32 << 20), 0, 0
before = resident_bytes()
for step in range(40):  # each step's tensors are of other sizes, and the last one in memory stays
    blocks = [(c.malloc(size), size) for size in (drawn.randrange(20_000, 100_000) for _ in range(300 + 20 * step))]
    for block, size in blocks:
        ctypes.memset(block, 1, size)
    for block, _ in sorted(blocks)[:-1]:
        c.free(block)
    trims += kept.bound()
    largest = max(largest, resident_bytes())
print(trims, (largest - before) >> 20, (resident_bytes() - before) >> 20)
"""


@pytest.mark.skipif(heap._malloc_trim() is None, reason="this C library keeps or returns memory by rules of its own")
def test_a_long_training_stays_within_what_it_uses_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, text=True, check=True)
    trims, largest, end = map(int, done.stdout.split())
    assert 1 <= trims <= 39
    assert largest < 32 + 75  # MiB: what may be kept, and the last step's own
    assert end < 32 + 8


def test_the_process_is_looked_at_again_only_after_it_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([150, 201, 180, 280, 281, 281])
    monkeypatch.setattr(heap, "resident_bytes", lambda: next(sizes))
    monkeypatch.setattr(heap, "return_freed_memory", lambda: True)
    kept = KeptMemory(100, 100)
    assert [kept.bound() for _ in range(4)] == [False, True, False, True]


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_malloc_trim", lambda: None)
    assert not return_freed_memory()
