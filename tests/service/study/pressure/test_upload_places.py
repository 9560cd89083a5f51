"""Places of uploads: the slowest goes for another, a fast one never, and a trickle ends by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.errors import QueueFull, UploadTimeout
from service.study.durable.upload_folders import UploadFolders
from service.study.multipart import UploadLimits
from service.study.pressure.pace import Pace
from service.study.pressure.upload_places import UploadPlace, UploadPlaces
from service.study.report_form import ReportForm
from service.study.upload import UploadDesk, UploadPace

HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


def accept(_: ReportForm) -> None:
    return


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("service.study.pressure.upload_places.time.monotonic", lambda: now[0])
    return now


def test_the_slowest_goes_for_another_and_fast_or_young_ones_stay(clock: list[float]) -> None:
    places = UploadPlaces(total=3, of_one=3, bytes_per_second=1000)
    with ExitStack() as stack:
        slow, slower, fast = (stack.enter_context(places.place(None)) for _ in range(3))
        stopped: list[str] = []
        for name, place in (("slow", slow), ("slower", slower), ("fast", fast)):
            place.stop = lambda name=name: stopped.append(name)  # type: ignore[misc]  # mypy does not infer the default
            place.wait()
        with pytest.raises(QueueFull) as full, places.place(None):
            pass
        assert (full.value.limit, full.value.retry_after_seconds) == (3, 1)
        clock[0] += 2
        for place, size in ((slow, 9_000), (slower, 10), (fast, 5_000_000)):
            place.take(size)
            place.wait()
        with places.place(None), places.place(None):
            assert stopped == ["slower", "slow"]
            assert slower.is_stopped
            with pytest.raises(QueueFull), places.place(None):
                pass


def test_a_client_makes_room_among_its_own(clock: list[float]) -> None:
    places = UploadPlaces(total=3, of_one=1, bytes_per_second=1000)
    with places.place("a") as first, places.place("b") as other:
        first.wait()
        other.wait()
        clock[0] += 5
        with places.place("a"):
            assert (first.is_stopped, other.is_stopped) == (True, False)
    assert len(places) == 0


def test_time_that_we_take_to_write_does_not_count(clock: list[float]) -> None:
    place = UploadPlace(None, 1000.0)
    place.wait()
    place.take(100)
    clock[0] += 1000
    assert place.patience_seconds(30) == 30
    place.wait()
    clock[0] += 25
    place.take(1)
    assert place.patience_seconds(30) == 5


def test_an_upload_slower_than_the_least_rate_is_ended_though_it_never_pauses(tmp_path: Path) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield HEAD
        while True:
            yield b"y"
            await asyncio.sleep(0.05)

    limits = UploadLimits(max_body_bytes=1 << 20, max_files=3, max_file_bytes=1 << 20)
    with UploadFolders(tmp_path) as folders:
        places = UploadPlaces(bytes_per_second=10_000)
        desk = UploadDesk(folders=folders, limits=limits, pace=UploadPace(0.3, 60), check=accept, places=places)
        started = time.monotonic()
        with pytest.raises(UploadTimeout, match="10000 bytes a second"):
            asyncio.run(desk.receive(b"x", trickle()))
        assert time.monotonic() - started < 10


def test_an_upload_that_is_ended_for_another_is_told_so(tmp_path: Path) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield HEAD
        await asyncio.sleep(60)

    async def quick() -> AsyncIterator[bytes]:
        yield HEAD + b"clip\r\n--x--\r\n"

    async def both(desk: UploadDesk) -> None:
        first = asyncio.create_task(desk.receive(b"x", stalled()))
        await asyncio.sleep(1.2)
        second = await desk.receive(b"x", quick())
        assert len(second.files) == 1
        with pytest.raises(UploadTimeout, match="the slowest"):
            await first

    limits = UploadLimits(max_body_bytes=1 << 20, max_files=3, max_file_bytes=1 << 20)
    with UploadFolders(tmp_path) as folders:
        places = UploadPlaces(total=1, of_one=1, bytes_per_second=1000)
        asyncio.run(
            both(UploadDesk(folders=folders, limits=limits, pace=UploadPace(30, 60), check=accept, places=places))
        )


def test_retry_after_is_made_of_what_the_last_studies_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("service.study.pressure.pace.time.monotonic", lambda: now[0])
    pace = Pace()
    assert pace.seconds_of(2) == 10
    for _ in range(40):
        begun, now[0] = now[0], now[0] + 2.0
        pace.study_ended(begun)
    assert pace.seconds_of(0) == 1
    assert 16 <= pace.seconds_of(8) <= 17
    pace.load_seconds = 7.2
    assert pace.restart_seconds() == 8
    assert pace.restart_seconds(4) == 8 + pace.seconds_of(4)
