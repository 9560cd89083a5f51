"""Work side by side keeps the order, the faults and a bound on what is under way."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.threads import batched, in_threads


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(3) as threads:
        yield threads


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_results_come_in_order(pool: ThreadPoolExecutor, threads: int, count: int) -> None:
    found = in_threads(lambda number: number * number, range(count), pool, threads)
    assert list(found) == [n * n for n in range(count)]


def test_the_work_is_done_side_by_side(pool: ThreadPoolExecutor) -> None:
    meeting = threading.Barrier(2, timeout=20)
    assert list(in_threads(lambda _: meeting.wait() >= 0, range(2), pool, 2)) == [True, True]


def test_only_a_few_items_are_taken_before_they_are_asked_for(pool: ThreadPoolExecutor) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_threads(str, items(), pool, 3)
    assert next(results) == "0"
    assert len(taken) <= 5
    results.close()
    assert len(taken) <= 5


def test_a_fault_is_raised_where_its_item_would_come(pool: ThreadPoolExecutor) -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("damaged")
        return number

    results = in_threads(work, range(9), pool, 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="damaged"):
        next(results)


def test_closing_waits_for_what_has_begun_and_begins_nothing_more(pool: ThreadPoolExecutor) -> None:
    begun, ended, go_on = [], [], threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            go_on.wait(20)
        ended.append(number)
        return number

    results = in_threads(work, range(100), pool, 3)
    assert next(results) == 0
    threading.Timer(0.05, go_on.set).start()
    results.close()
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 4


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (4, [4]), (9, [4, 4, 1])])
def test_batches_are_full_but_the_last(count: int, sizes: list[int]) -> None:
    found = list(batched(range(count), 4))
    assert [len(batch) for batch in found] == sizes
    assert [number for batch in found for number in batch] == list(range(count))
