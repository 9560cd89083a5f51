"""Small files that cost gigabytes, posted to a service that may take three of them: it answers whoever is beside."""

import json
import resource
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from scripts.local_service import ServiceProcess, local_service
from service.client import EchoScribeClient
from tests.reference import REFERENCE

LIMIT_BYTES = 3 << 30
ATTACKS = sorted((REFERENCE / "attacks").glob("*_*"))
GOOD = [REFERENCE / "faults" / name for name in ("00_control.dcm", "07_display_matrix_mirror.mp4")]

pytestmark = pytest.mark.shared


class MemoryWatch:
    """The largest memory of a process and all it started, shared pages counted once."""

    def __init__(self, process: int) -> None:
        self.peak_bytes = 0
        self._process, self._over = process, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(20)

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.peak_bytes = max(self.peak_bytes, sum(map(proportional_bytes, family_of(self._process))))


def family_of(process: int) -> Iterator[int]:
    """The process, and those it started, and those that they started."""
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family_of(int(child))


def proportional_bytes(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    with local_service(tmp_path_factory.mktemp("service")) as running:
        resource.prlimit(running.process.pid, resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))
        yield running


def answer(service: ServiceProcess, files: list[Path]) -> dict[str, Any]:
    """The answer, without what differs from study to study."""
    with EchoScribeClient(service.url) as client:
        document = client.report(files)
    found = json.loads(document.model_dump_json())
    return {name: value for name, value in found.items() if name not in {"study_id", "created", "stage_seconds"}}


def test_no_attack_takes_three_gigabytes_or_changes_the_answer_beside_it(service: ServiceProcess) -> None:
    assert len(ATTACKS) >= 8
    alone = answer(service, GOOD)
    assert any(clip["used"] for clip in alone["clips"])
    watch = MemoryWatch(service.process.pid)
    with ThreadPoolExecutor(2) as pool:
        for attack in ATTACKS:
            attacked, beside = pool.submit(answer, service, [attack]), pool.submit(answer, service, GOOD)
            assert beside.result() == alone, attack.name
            assert len(attacked.result()["clips"]) == 1, attack.name
    watch.stop()
    assert 0 < watch.peak_bytes < LIMIT_BYTES, f"{watch.peak_bytes >> 20} MiB"
    assert service.process.poll() is None
