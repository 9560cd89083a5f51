"""What the commands `report` and `phenotypes` print and write: one answer, or one for each study below a folder."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import typer

from service.cli.answering import Asked, LocalAnswer, answer_each, answer_study, local_text
from service.cli.output import print_mistake, stderr
from service.errors import InvalidField, StudyError
from service.problem import Problem
from service.renderings.local_names import name_of, printable
from service.schemas import ReportDocument


@dataclass(frozen=True)
class Shown:
    """How a command shows an answer. text: prints it for reading. document: the same as JSON with that indent."""

    text: Callable[[LocalAnswer], None]
    document: Callable[[ReportDocument, int | None], str]


@dataclass
class JsonOutput:
    """Where answers go as JSON: nowhere, to the output ('-'), into a file, or with `each` into a folder as files."""

    path: Path | None
    each: bool = False
    _written: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Raises InvalidField when nothing could be written there: told now, not after minutes of work."""
        if self.path is None or self.printed:
            return
        refused = self.path.is_dir() and not self.each
        if refused or not os.access(self.path if self.path.exists() else self.path.parent, os.W_OK):
            raise InvalidField(f"--json: {self.path} cannot be written; is its folder there?", field="--json")

    @property
    def printed(self) -> bool:
        """Whether JSON is printed instead of the text."""
        return str(self.path) == "-"

    def write(self, text: str) -> None:
        """Writes the only answer."""
        if self.printed:
            typer.echo(text)
        elif self.path is not None:
            self.path.write_text(text + "\n", encoding="utf-8")

    def add(self, name: str, line: str) -> None:
        """Writes the answer of one of several studies: a line, or a file of the folder."""
        if self.printed:
            typer.echo(line)
        elif self.path is not None and self.path.is_dir():
            (self.path / self._file_name(name)).write_text(line + "\n", encoding="utf-8")
        elif self.path is not None:
            with self.path.open("a" if self._written else "w", encoding="utf-8") as file:
                file.write(line + "\n")
            self._written.add(name)

    def _file_name(self, name: str) -> str:
        plain = stem = re.sub(r"[^\w.-]+", "_", name).strip("._") or "study"
        number = 1
        while plain.casefold() in self._written:
            number += 1
            plain = f"{stem}-{number}"
        self._written.add(plain.casefold())
        return plain + ".json"


def show_study(paths: list[Path], asked: Asked, shown: Shown, output: JsonOutput) -> None:
    """Prints and writes the answer of one study; exit status 1 when no file of it could be used."""
    answer = answer_study(paths, asked)
    if not output.printed:
        shown.text(answer)
    else:
        for position in answer.names:  # JSON names positions; local names stay on this terminal
            stderr.print(f"clip {position}: {name_of(position, answer.names)}", markup=False, soft_wrap=True)
    output.write(shown.document(answer.document, 1))
    if answer.document.status == "unusable":
        raise typer.Exit(1)


def show_each(paths: list[Path], asked: Asked, shown: Shown, output: JsonOutput) -> None:
    """Prints and writes the answer of each study below a folder; exit status 1 when one of them has none."""
    all_usable = True
    for study, answer in answer_each(paths, asked):
        name = printable(study.name)
        typer.echo(f"{name}\n{'#' * len(name)}\n", err=output.printed)
        if isinstance(answer, StudyError):
            all_usable = False
            print_mistake(f"{name}: {local_text(answer)}")
            output.add(name, json.dumps(Problem.of(answer).model_dump(mode="json", exclude_none=True)))
            continue
        all_usable = all_usable and answer.document.status != "unusable"
        if not output.printed:
            shown.text(answer)
        output.add(name, shown.document(answer.document, None))
    if not all_usable:
        raise typer.Exit(1)
