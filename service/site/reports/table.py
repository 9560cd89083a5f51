"""The CSV of reports, row by row; a row that cannot be trusted is told with its line and never stops the others."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from service.site.errors import MappingError, TableError

# Unicode's line separators (UAX 14, class BK and NL) end a line as "\n" does; soft hyphens and characters without width
# (UAX 14, SHY, ZW, WJ) say where a word may be broken and are no part of it.
_LINE_ENDS = dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
_NO_CHARACTERS = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_SPACES = dict.fromkeys(map(ord, "\xa0\u2007\u2009\u202f"), " ")
_CONTROLS = _LINE_ENDS | _NO_CHARACTERS | _SPACES
_BROKEN_WORD = re.compile(r"\xad(?:[ \t]*\r?\n[ \t]*)?")
_MAX_FIELD_CHARACTERS = 1 << 22  # a report of 4 million characters is a broken quotation mark


@dataclass(frozen=True)
class TableRow:
    """One row by column name. line: its first line in the file. fault: why it cannot be used, None where it can."""

    line: int
    values: Mapping[str, str]
    fault: str | None = None


class WantedColumns(Protocol):
    """What is asked of a CSV: `ColumnMapping` is one."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that must be there."""

    @property
    def encoding(self) -> str:
        """Of the file."""

    @property
    def delimiter(self) -> str:
        """Between two cells."""


@dataclass(frozen=True)
class Columns:
    """The plainest columns to ask for."""

    columns: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","


def read_table(path: Path, mapping: WantedColumns) -> Iterator[TableRow]:
    """Every row of the file, in order.

    Raises TableError for a file that is no such CSV, MappingError for a column that is mapped and not there.
    """
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    try:
        with path.open(encoding=_codec(path, mapping), errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=mapping.delimiter, strict=False)
            header = next(reader, None)
            if not header:
                raise TableError(f"{path}: is empty")
            _check_header(path, header, mapping)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield _row(line, header, cells)
                line = reader.line_num + 1
    except (OSError, csv.Error) as error:
        raise TableError(f"{path}: cannot be read as CSV ({error})") from error


def _codec(path: Path, mapping: WantedColumns) -> str:
    """The stated encoding; UTF-8 with or without a byte order mark unless stated otherwise."""
    try:
        name = codecs.lookup(mapping.encoding).name
    except LookupError as error:
        raise MappingError(f"encoding: {mapping.encoding!r} is not known") from error
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and not name.startswith("utf-16"):
            raise TableError(f"{path}: is UTF-16, not {name}: save it as UTF-8, or set `encoding: utf-16` in a mapping")
    return "utf-8-sig" if name == "utf-8" else name


def _check_header(path: Path, header: list[str], mapping: WantedColumns) -> None:
    twice = sorted({name for name in header if header.count(name) > 1} & set(mapping.columns))
    if twice:
        raise TableError(f"{path}: has the column {twice[0]!r} twice")
    missing = sorted(set(mapping.columns) - set(header))
    if missing:
        raise MappingError(f"{path}: has no column {missing[0]!r}, only: {', '.join(header)}")


def _row(line: int, header: list[str], cells: list[str]) -> TableRow:
    if len(cells) != len(header):
        return TableRow(line, {}, "wrong_number_of_columns")
    values = dict(zip(header, map(plain_lines, cells), strict=True))
    return TableRow(line, values, "broken_encoding" if any(map(_is_broken, cells)) else None)


def plain_lines(text: str) -> str:
    """Text whose lines end in a line feed, or return and feed, without soft hyphens and invisible characters."""
    return text if text.isascii() and text.isprintable() else _BROKEN_WORD.sub("", text.translate(_CONTROLS))


def _is_broken(text: str) -> bool:
    """Bytes of another encoding, the mark that one was lost, or UTF-8 that was read as Windows-1252 ("MÃ¼ller")."""
    if text.isascii():
        return "\0" in text
    if "\ufffd" in text or any("\ud800" <= character <= "\udfff" for character in text):
        return True
    try:
        text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return True
