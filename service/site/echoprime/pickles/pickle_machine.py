"""The state of a pickle that is being read: position, stack, marks and memo."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.site.echoprime.errors import PickleRefused
from service.site.echoprime.pickles.allowed_globals import PendingArray
from service.site.echoprime.pickles.memo_scan import Buffer, fetched_memo_keys, line_end


@dataclass(eq=False)
class Sink:
    """Stands for a container whose elements are handed on instead of being kept.

    take: called with a list of elements, or of alternating keys and values. key: under which it lies in its parent.
    """

    take: Callable[[list[Any]], None]
    key: object = None


@dataclass(eq=False)
class PickleMachine:
    """Everything an opcode can touch. `pickle_opcodes` moves it, `restricted_unpickler` runs it.

    outer_list, outer_dict: called when a list or dict is created on an empty stack; inner_dict: when one is created as
    a value of the outer dict, with its key. Each returns the Sink to use in its place, or None for an ordinary one.
    """

    data: Buffer
    outer_list: Callable[[], Sink | None] = lambda: None
    outer_dict: Callable[[], Sink | None] = lambda: None
    inner_dict: Callable[[object], Sink | None] = lambda _: None
    position: int = 0
    stack: list[Any] = field(default_factory=list)
    marks: list[list[Any]] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    memoized: int = 0

    def __post_init__(self) -> None:
        self.fetched = fetched_memo_keys(self.data)
        self.uses_put = False

    # Arguments

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise IndexError(f"{count} bytes wanted, {len(self.data) - self.position} left")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def unsigned(self, size: int) -> int:
        """The next unsigned little-endian integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def line(self) -> str:
        """The next line, which protocol 0 uses for arguments."""
        end = line_end(self.data, self.position)
        return self.take(end - self.position)[:-1].decode("latin-1")

    # Stack

    def pop_mark(self) -> list[Any]:
        """The elements above the topmost mark."""
        above, self.stack = self.stack, self.marks.pop()
        return above

    def new_list(self) -> list[Any] | Sink:
        """An empty list, or the sink that takes its place at the bottom of the stack."""
        at_bottom = not self.stack and not self.marks
        return (self.outer_list() if at_bottom else None) or []

    def new_dict(self) -> dict[Any, Any] | Sink:
        """An empty dict, or the sink that takes its place."""
        if not self.stack and not self.marks:
            return self.outer_dict() or {}
        below = self.marks[0] if self.marks else self.stack[:1]
        is_value = len(self.stack) % 2 == (1 if self.marks else 0)
        if len(self.marks) <= 1 and len(below) == 1 and isinstance(below[0], Sink) and is_value:
            return self.inner_dict(self.stack[-1]) or {}
        return {}

    # Memo

    def remember(self, key: int) -> None:
        """Keeps the topmost object under `key` if it is ever fetched."""
        if key in self.fetched:
            self.memo[key] = self.stack[-1]

    def recall(self, key: int) -> None:
        """Pushes a remembered object."""
        found = self.memo[key]
        if isinstance(found, PendingArray):
            found = found.array if found.array is not None else refuse("an array that holds itself")
        if isinstance(found, Sink):
            refuse("a container that is streamed appears a second time")
        self.stack.append(found)


def refuse(what: str) -> Any:
    """Raises PickleRefused: `what` is not allowed."""
    raise PickleRefused(f"{what} is not allowed")
