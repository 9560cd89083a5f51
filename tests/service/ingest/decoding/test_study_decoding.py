"""Whatever a file does to its decoder costs that file alone, and the reason that is told is true."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.study import SkippedClip, SkipReason
from service.errors import Abandoned, ArchiveRefused, EmptyStudy
from service.ingest.decoding.decoder_pool import decoder_pool
from service.ingest.decoding.study_decoding import ReadingScope, reading_scope
from service.ingest.limits import DecoderLimits, IngestLimits
from tests.service.conftest import wait_until
from tests.service.ingest.decoding.unruly import Said, decoders, has_begun, open_unruly, order

QUICK = DecoderLimits(memory_bytes=512 << 20, file_cpu_seconds=1, file_seconds=120)
LONG_SECONDS = 60.0  # to wait for a decoder on a loaded machine


@pytest.fixture(autouse=True)
def _nothing_hangs_on() -> Iterator[None]:
    yield
    decoder_pool().close()


def limits(**changes: Any) -> IngestLimits:
    return IngestLimits(decoders=replace(QUICK, **changes))


def outcome(path: Path, given: IngestLimits, plan: object = None) -> Said | SkippedClip:
    with open_unruly([path], given) as study:
        (found,) = study.read(plan)
    return found


def reason(path: Path, given: IngestLimits) -> tuple[SkipReason, str]:
    found = outcome(path, given)
    assert isinstance(found, SkippedClip), found
    return found.reason, found.text


@pytest.mark.parametrize("stage", ["recognise", "read"])
@pytest.mark.parametrize(
    ("ordered", "expected", "said"),
    [
        ("abort", SkipReason.DECODER_KILLED, "SIGABRT"),
        ("exit", SkipReason.DECODER_KILLED, "exit status 3"),
        ("fault", SkipReason.DECODER_KILLED, "KeyError"),
        ("spin", SkipReason.TOO_SLOW, "more than 1 s of processors"),
        ("take 2000", SkipReason.TOO_MUCH_MEMORY, "the 512 MiB"),
        ("take_bit_by_bit", SkipReason.TOO_MUCH_MEMORY, "the 512 MiB"),
        ("start_threads", SkipReason.TOO_MUCH_MEMORY, "the 512 MiB"),
        ("reject", SkipReason.STATIC, "Nothing moves."),
    ],
)
def test_what_a_file_does_costs_it_alone(
    tmp_path: Path, stage: str, ordered: str, expected: SkipReason, said: str
) -> None:
    bad, good = order(tmp_path, f"{stage} {ordered}"), order(tmp_path, "read nothing", "2")
    with open_unruly([bad, good], limits()) as study:
        found = {each.position: each for each in study.read()}
    assert isinstance(found[1], SkippedClip)
    assert found[1].reason is expected
    assert said in found[1].text
    assert "MARIA" not in found[1].text
    assert isinstance(found[2], Said)
    np.testing.assert_array_equal(found[2].frames, 2)


@pytest.mark.parametrize("stage", ["recognise", "read"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_decoder_that_is_killed_at_work_is_replaced(tmp_path: Path, stage: str, number: signal.Signals) -> None:
    path = order(tmp_path, f"{stage} hang")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reason, path, limits())
        wait_until(lambda: has_begun(path), LONG_SECONDS)
        (at_work,) = decoders()
        os.kill(at_work, number)
        found, text = reading.result(LONG_SECONDS)
    assert found is SkipReason.DECODER_KILLED
    assert number.name in text
    assert isinstance(outcome(order(tmp_path, "read nothing", "2"), limits()), Said)
    assert at_work not in decoders()


def test_an_idle_decoder_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    path = order(tmp_path, "read nothing")
    assert isinstance(outcome(path, limits()), Said)
    for idle in decoders():
        os.kill(idle, signal.SIGKILL)
    assert isinstance(outcome(path, limits()), Said)


def test_the_server_of_decoders_is_replaced_too(tmp_path: Path) -> None:
    path = order(tmp_path, "read hang")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reason, path, limits())
        wait_until(lambda: has_begun(path), LONG_SECONDS)
        server = decoder_pool().server_number
        assert server is not None
        os.kill(server, signal.SIGKILL)
        assert reading.result(LONG_SECONDS)[0] is SkipReason.DECODER_KILLED
    assert isinstance(outcome(order(tmp_path, "read nothing", "2"), limits()), Said)
    assert decoder_pool().trouble is None


def test_a_decoder_that_was_stopped_is_given_up_by_the_clock(tmp_path: Path) -> None:
    path = order(tmp_path, "read hang")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reason, path, limits(file_seconds=3))
        wait_until(lambda: has_begun(path) or reading.done(), LONG_SECONDS)
        for each in decoders():
            os.kill(each, signal.SIGSTOP)
        assert reading.result(LONG_SECONDS) == (SkipReason.TOO_SLOW, "Reading this file took longer than 3 s.")
    wait_until(lambda: decoders() == [], LONG_SECONDS)


def test_the_files_of_a_study_share_its_time(tmp_path: Path) -> None:
    paths = [order(tmp_path, "read sleep 4", str(number)) for number in range(1, 4)]
    for number, path in enumerate(paths):  # no two files are the same
        path.write_text(path.read_text() + " " * number)
    with open_unruly(paths, limits(study_seconds=7)) as study:
        found = list(study.read())
    last = found[-1]
    assert isinstance(last, SkippedClip)
    assert last.reason is SkipReason.TOO_SLOW
    assert "7 s on the clock" in last.text


def test_frames_beyond_the_limit_of_pixels_are_too_much_memory(tmp_path: Path) -> None:
    assert isinstance(outcome(order(tmp_path, "read frames 900"), limits()), Said)
    found, _ = reason(order(tmp_path, "read frames 2000"), limits())
    assert found is SkipReason.TOO_MUCH_MEMORY


def test_plans_are_called_here_and_other_plans_are_handed_over(tmp_path: Path) -> None:
    threads = []

    def plan(*of_clip: object) -> list[object]:
        threads.append(threading.current_thread())
        return [*of_clip, 3]

    found = outcome(order(tmp_path, "read plan"), limits(), plan)
    assert isinstance(found, Said)
    assert json.loads(found.said) == [7, 30.5, "video", 3]
    assert threads == [threading.current_thread()]
    found = outcome(order(tmp_path, "read plan", "2"), limits(), 5)
    assert isinstance(found, Said)
    assert json.loads(found.said) == [5]


def test_what_nobody_waits_for_stops_while_it_is_read(tmp_path: Path) -> None:
    path, dropped = order(tmp_path, "read hang"), threading.Event()

    def cancelled() -> None:
        if dropped.is_set():
            raise Abandoned("nobody waits")

    def read() -> Said | SkippedClip:
        with reading_scope(ReadingScope(cancelled)):
            return outcome(path, limits())

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        wait_until(lambda: has_begun(path), LONG_SECONDS)
        dropped.set()
        with pytest.raises(Abandoned):
            reading.result(LONG_SECONDS)
    wait_until(lambda: decoders() == [], LONG_SECONDS)


def test_slow_files_keep_nobody_from_being_read(tmp_path: Path) -> None:
    """More files hang than there are decoders at once."""
    told = threading.Event()
    hanging = [order(tmp_path, "read hang", f"h{number}") for number in range(2)]

    def hang(path: Path) -> tuple[SkipReason, str]:
        with reading_scope(ReadingScope(slow=told.set)):
            return reason(path, limits())

    with ThreadPoolExecutor(len(hanging)) as pool:
        reading = [pool.submit(hang, path) for path in hanging]
        wait_until(lambda: all(map(has_begun, hanging)), LONG_SECONDS)
        assert isinstance(outcome(order(tmp_path, "read nothing"), limits()), Said)
        assert told.is_set()
        assert not any(each.done() for each in reading)
        for each in decoders():
            os.kill(each, signal.SIGKILL)
        assert {each.result(LONG_SECONDS)[0] for each in reading} == {SkipReason.DECODER_KILLED}


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: path.write_bytes(b"PK\x03\x04 and nothing"), ArchiveRefused),
        (lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)), EmptyStudy),
    ],
)
def test_archives_are_refused_as_in_this_process(
    tmp_path: Path, make: Callable[[Path], object], error: type[Exception]
) -> None:
    path = tmp_path / "study.zip"
    make(path)
    said = []
    for given in (IngestLimits(decoders=None), limits()):
        with pytest.raises(error) as refused:
            open_unruly([path], given)
        said.append((str(refused.value), refused.value.__dict__))
    assert said[0] == said[1]
