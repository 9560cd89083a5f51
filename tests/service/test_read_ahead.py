"""Reading ahead keeps the order and the faults, and stops when nobody asks any more."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from service.read_ahead import read_ahead


class Reader:
    """Hands out numbers; says which were taken, and can fail at one."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.count, self.fails_at = count, fails_at
        self.taken: list[int] = []
        self.threads: set[str] = set()

    def __iter__(self) -> Iterator[int | None]:
        for number in range(self.count):
            if number == self.fails_at:
                raise ValueError("unreadable")
            self.taken.append(number)
            self.threads.add(threading.current_thread().name)
            yield number


@pytest.mark.parametrize("count", [0, 1, 2, 17])
@pytest.mark.parametrize("ahead", [1, 3])
def test_items_come_in_order(count: int, ahead: int) -> None:
    reader = Reader(count)
    assert list(read_ahead(reader, ahead)) == list(range(count))
    assert threading.current_thread().name not in reader.threads


def test_the_next_item_is_fetched_meanwhile() -> None:
    fetched = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        fetched.set()
        yield 2

    with closing(read_ahead(items())) as stream:
        assert next(stream) == 1
        assert fetched.wait(20)


def test_a_fault_is_raised_in_its_place() -> None:
    stream = read_ahead(Reader(5, fails_at=2))
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(ValueError, match="unreadable"):
        next(stream)
    assert list(stream) == []


def test_nothing_is_read_after_closing() -> None:
    reader = Reader(1000)
    with closing(read_ahead(reader)) as stream:
        assert next(stream) == 0
    taken = len(reader.taken)
    assert taken <= 3
    assert not any(thread.name.startswith("reader") for thread in threading.enumerate())
