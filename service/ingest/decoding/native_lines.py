"""What libraries written in C print while they read files: counted by library and logged, never quoted.

A line may hold what the file says of its patient. The decoders' output is a pipe; whoever prints without end is read
without end, and costs a line of the log a second.
"""

import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from service.telemetry import DECODER_EVENTS, log_event

# How lines of each library begin or what only it says. FFmpeg: component, then its address (libavutil/log.c); OpenCV:
# level and thread (modules/core/src/logger.cpp); libjpeg: jerror.h; OpenJPEG: marker and tile names of its messages.
_LIBRARIES: Final = (
    ("ffmpeg", re.compile(rb"^\[[\w, .-]+ @ 0x|^\[?libav")),
    ("opencv", re.compile(rb"^\[ ?(?:ERROR|WARN|INFO|DEBUG| )[:@\w ]*@|^OpenCV")),
    ("libjpeg", re.compile(rb"JPEG|Huffman|SOF|DQT|DHT|restart marker|bogus", re.IGNORECASE)),
    ("openjpeg", re.compile(rb"opj|tile|codestream|code-block|J2K|jp2|SIZ|QCD|COD|packet|\[(?:ERROR|WARNING|INFO)\]")),
)
_LINE_BYTES: Final = 1 << 12  # of the beginning of a line that are looked at
_SECONDS_BETWEEN: Final = 1.0  # of events of one library


class NativeLines:
    """Reads a pipe to its end in a thread of its own. counted: what is told of each line's library."""

    def __init__(self, counted: Callable[[str], None] | None = None) -> None:
        self._counted = counted
        self._lines: Counter[str] = Counter()
        self._logged_seconds: dict[str, float] = {}

    def listen(self) -> int:
        """The end that a process is to print into; the caller closes it once the process has it."""
        ours, its = os.pipe()
        threading.Thread(target=self._read, args=(ours,), name="native lines", daemon=True).start()
        return its

    def _read(self, ours: int) -> None:
        rest = b""
        with os.fdopen(ours, "rb", buffering=0) as pipe:
            while data := pipe.read(1 << 16):
                *lines, rest = (rest + data).split(b"\n")
                rest = rest[:_LINE_BYTES]
                for line in lines:
                    self._take(line[:_LINE_BYTES])
        self._log()

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        library = library_of(line)
        self._lines[library] += 1
        if self._counted is not None:
            self._counted(library)
        if time.monotonic() - self._logged_seconds.get(library, -_SECONDS_BETWEEN) >= _SECONDS_BETWEEN:
            self._logged_seconds[library] = time.monotonic()
            self._log()

    def _log(self) -> None:
        lines, self._lines = self._lines, Counter()
        for library, count in lines.items():
            log_event("native_library", library=library, lines=count)
            DECODER_EVENTS.labels(f"{library}_line").inc(count)


def library_of(line: bytes) -> str:
    """Which library printed a line; `unknown` where nothing tells."""
    return next((name for name, begins in _LIBRARIES if begins.search(line)), "unknown")
