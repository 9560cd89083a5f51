"""Freed memory is given back."""

import subprocess
import sys

import pytest

from service.site.training import heap
from service.site.training.heap import return_freed_memory

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


def test_another_c_library_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap, "_malloc_trim", lambda: None)
    assert not return_freed_memory()
