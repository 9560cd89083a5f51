"""Decoding side by side keeps the order, the faults and a bound on what is under way."""

import threading
from collections.abc import Iterator

import pytest

from service.ingest.decoding_threads import in_threads


@pytest.mark.parametrize("threads", [1, 2, 5, None])
def test_results_come_in_order(threads: int | None) -> None:
    assert list(in_threads(lambda number: number * number, range(50), threads)) == [n * n for n in range(50)]


def test_decoding_happens_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=20)
    assert list(in_threads(lambda _: meeting.wait() >= 0, range(2), 2)) == [True, True]


def test_only_a_few_items_are_taken_before_they_are_asked_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = in_threads(str, items(), 3)
    assert next(results) == "0"
    assert len(taken) <= 5
    results.close()
    assert len(taken) <= 5


def test_a_fault_is_raised_where_its_item_would_come() -> None:
    def decode(number: int) -> int:
        if number == 2:
            raise ValueError("damaged")
        return number

    results = in_threads(decode, range(9), 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="damaged"):
        next(results)
