"""The commands of `echoscribe` as a tree, and whether words name one of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from service.cli.commands import app

ROOT: Any = typer.main.get_command(app)


def commands(group: Any = ROOT, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(words, command) of every command and group of commands, the whole one first."""
    yield words, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


def named(words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words after it. Raises KeyError where there is no such command."""
    command, rest = ROOT, list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        command = command.commands[rest.pop(0)]
    return command, rest


def options_of(command: Any) -> set[str]:
    """Every option that a command knows, `--help` among them."""
    return {"--help", *(option for parameter in command.params for option in parameter.opts)}
