"""Studies are read one after the other, in their order; one that is slow lets the next begin."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import Abandoned
from service.study.reading_turns import ReadingTurns
from tests.service.conftest import wait_until


def wanted() -> None:
    """Somebody waits."""


def test_one_at_a_time_in_order_until_one_passes_on() -> None:
    turns, begun, may_end, may_pass = ReadingTurns(), [], threading.Event(), threading.Event()

    def read(number: int) -> None:
        with turns.one(wanted) as pass_on:
            begun.append(number)
            if number == 0:
                may_pass.wait(20)
                pass_on()
                pass_on()
            may_end.wait(20)

    with ThreadPoolExecutor(3) as pool:
        reading = []
        for number in range(3):
            reading.append(pool.submit(read, number))
            wait_until(lambda number=number: len(turns._queue) == number + 1)  # type: ignore[misc]  # bound at once
        assert begun == [0]
        may_pass.set()
        wait_until(lambda: begun == [0, 1])
        assert begun == [0, 1], "the third waits for the second"
        may_end.set()
        for each in reading:
            each.result(20)
    assert begun == [0, 1, 2]


def test_who_is_not_wanted_any_more_leaves_the_queue() -> None:
    turns, dropped = ReadingTurns(), threading.Event()

    def cancelled() -> None:
        if dropped.is_set():
            raise Abandoned

    def wait() -> None:
        with turns.one(cancelled):
            pytest.fail("it was never its turn")

    with turns.one(wanted), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        wait_until(lambda: len(turns._queue) == 2)
        dropped.set()
        with pytest.raises(Abandoned):
            waiting.result(20)
    with turns.one(wanted):
        assert len(turns._queue) == 1
