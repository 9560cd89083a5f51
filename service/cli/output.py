"""How every command speaks: results and one JSON line on stdout, progress and mistakes on stderr."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from index.errors import BankError
from model.errors import ModelError
from service.client.answers import ClientError
from service.errors import ServiceError
from service.extras import ExtraMissing
from service.site.bank_training.errors import BankTrainingError
from service.site.echoprime.errors import ReleaseError
from service.site.embedding_training.errors import MaterialError
from service.site.errors import OwnReportsError
from service.site.observer import Observer

# What a user can mend. Everything else is a fault of the program and shows its traceback.
USER_MISTAKES = (
    ServiceError,
    ClientError,
    ModelError,
    BankError,
    OwnReportsError,
    ReleaseError,
    MaterialError,
    BankTrainingError,
    ExtraMissing,
    ValueError,
    OSError,
)
_UNCUT = 100_000  # columns: more than any cell has, so that nothing is cut or broken
_SECONDS_BETWEEN_LINES = 10.0
stderr = Console(stderr=True, highlight=False)


def examples(*commands: str) -> str:
    """The end of a command's help: one example on each line."""
    return "\n\n".join(["Examples:", *commands])


def print_table(table: Table) -> None:
    """Prints a table on stdout: as wide as the terminal, and in a file or a pipe as wide as its longest line."""
    Console(width=None if sys.stdout.isatty() else _UNCUT, highlight=False).print(table)


def print_mistake(text: str) -> None:
    """Prints one line on stderr."""
    stderr.print(f"echoscribe: {text}", markup=False, style="red", soft_wrap=True)


def print_summary(summary: Mapping[str, Any]) -> None:
    """Prints the JSON object that a command ends with."""
    typer.echo(json.dumps(summary))


@contextmanager
def observed() -> Iterator[Observer]:
    """Shows long work on stderr: a bar on a terminal, elsewhere a line every ten seconds."""
    if not sys.stderr.isatty():
        lines = _Lines(time.monotonic())
        yield Observer(lines.say, lines.advance)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=total)

        yield Observer(lambda text: bars.console.print(text, markup=False), advance)


class _Lines:
    """Lines of text with the seconds since the start."""

    def __init__(self, started: float) -> None:
        self._started = self._last = started

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._started:7.1f} s  {text}", file=sys.stderr, flush=True)

    def advance(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self.say(f"{what}: {done} of {total}")
