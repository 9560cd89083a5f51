"""Metrics that are read when they are asked for: of the process, the disks, the versions that run."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

_PREFIX: Final = "echoscribe"
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STARTED: Final = time.time()
BANK_CHECKS: Final = ("waiting", "running", "ok", "failed")


@dataclass(eq=False)
class ObservedMachine(Collector):
    """What the parts of a running service are asked when Prometheus asks.

    folders: what is kept there → its folder; store: the file of results; bank_check: its state; versions: names and
    hashes of bundle and bank, without what may name a site.
    """

    folders: Callable[[], Mapping[str, Path]] = dict
    store: Callable[[], Path | None] = lambda: None
    bank_check: Callable[[], str] = lambda: "waiting"
    versions: Callable[[], Mapping[str, str]] = dict

    def describe(self) -> Iterable[Metric]:
        """None: nothing is looked at before it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All of them as they are now."""
        yield from self._process()
        yield from self._disks()
        check = GaugeMetricFamily(f"{_PREFIX}_bank_check", "1 for the state of the bank's check.", labels=["state"])
        for state in BANK_CHECKS:
            check.add_metric([state], float(self.bank_check() == state))
        yield check
        running = {"echoscribe": version("echoscribe"), "python": sys.version.split()[0], **self.versions()}
        yield InfoMetricFamily(f"{_PREFIX}_build", "Versions and hashes of what runs.", value=running)

    def _process(self) -> Iterator[Metric]:
        own = Path("/proc/self")
        try:
            pages, values = (own / "statm").read_text().split(), (own / "stat").read_text().rpartition(")")[2].split()
            descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path for each would take ten times as long
        except OSError:  # no /proc, or no descriptor left to read it with
            return
        seconds = (int(values[11]) + int(values[12])) / _TICKS
        for name, text, value in (
            (
                "process_resident_bytes",
                "Memory of the service's own process, shared pages included.",
                int(pages[1]) * _PAGE,
            ),
            ("process_cpu_seconds", "Seconds of processors that the service's own process has used.", seconds),
            ("process_open_descriptors", "Files, sockets and pipes that are open.", descriptors),
            ("process_threads", "Threads of the service's own process.", int(values[17])),
            ("process_start_time_seconds", "When it was started, in seconds since 1970.", _STARTED),
        ):
            yield GaugeMetricFamily(f"{_PREFIX}_{name}", text, value=float(value))

    def _disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily(f"{_PREFIX}_disk_free_bytes", "Bytes free where it is kept.", labels=["of"])
        for of, folder in self.folders().items():
            free.add_metric([of], float(_free_bytes(folder)))
        yield free
        store = self.store()
        if store is not None:
            files = [store, *(store.with_name(store.name + end) for end in ("-wal", "-shm"))]
            held = sum(file.stat().st_size for file in files if file.exists())
            yield GaugeMetricFamily(f"{_PREFIX}_store_bytes", "Bytes of the file of results.", value=float(held))


def _free_bytes(folder: Path) -> int:
    """0 where the folder is gone: nothing can be written there."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
