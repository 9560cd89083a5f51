"""What `echoscribe report --format … --out FILE` does: one study's report in another format than text or JSON."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from service.cli.answering import Asked, answer_study
from service.cli.output import stderr
from service.errors import InvalidField
from service.renderings.negotiation import FORMATS, Rendering, rendering_named
from service.renderings.page_words import words_of
from service.renderings.standing import marks_of


@dataclass(frozen=True)
class FormatOutput:
    """A format and where it goes: a file, or '-' for the output."""

    rendering: Rendering
    path: Path

    @classmethod
    def of(cls, name: str | None, path: Path | None) -> "FormatOutput | None":
        """The output that both options name, None without either. Raises InvalidField: told now, not after the work."""
        if name is None and path is None:
            return None
        if name is None or path is None:
            raise InvalidField("--format and --out belong together: what is written, and where", field="--format")
        if name not in FORMATS:
            raise InvalidField(f"--format: {name!r} is none of {', '.join(FORMATS)}", field="--format")
        is_output = str(path) == "-"
        if not is_output and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
            raise InvalidField(f"--out: {path} cannot be written; is its folder there?", field="--out")
        return cls(rendering_named(name), path)

    def write(self, body: bytes) -> None:
        """Writes the report: whole, or not at all."""
        if str(self.path) == "-":
            sys.stdout.buffer.write(body)
            sys.stdout.buffer.flush()
            return
        part = self.path.with_name(f".{self.path.name}.part")
        part.write_bytes(body)
        part.replace(self.path)


def write_study(paths: list[Path], asked: Asked, output: FormatOutput) -> None:
    """Writes the report of one study; exit status 1 when no file of it could be used."""
    document = answer_study(paths, asked).document
    output.write(output.rendering.render(document))
    for mark in marks_of(document, words_of(document.lang)):
        stderr.print(mark, style="yellow", markup=False, soft_wrap=True)
    if document.status == "unusable":
        raise typer.Exit(1)
