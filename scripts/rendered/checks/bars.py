"""A quality bar: what was measured, what is demanded, whether it holds. And the rows behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, str | float | int | bool]


@dataclass(frozen=True)
class Bar:
    """One demand. ok is what was decided; value and demand say why."""

    name: str
    value: float
    demand: str
    ok: bool

    @classmethod
    def at_least(cls, name: str, value: float, limit: float) -> "Bar":
        """A bar that the value must reach."""
        return cls(name, round(value, 4), f">= {limit:g}", bool(value >= limit))

    @classmethod
    def at_most(cls, name: str, value: float, limit: float) -> "Bar":
        """A bar that the value must not exceed."""
        return cls(name, round(value, 4), f"<= {limit:g}", bool(value <= limit))


@dataclass
class Findings:
    """What one check brings: bars, tables of raw rows by name, and remarks for the log."""

    bars: list[Bar] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    seconds: float = 0.0

    def add_rows(self, table: str, rows: Iterable[Row]) -> None:
        """Adds rows to a table."""
        self.rows.setdefault(table, []).extend(rows)


def write_rows(folder: Path, findings: Iterable[Findings]) -> list[str]:
    """Writes every table as Parquet; returns the file names."""
    tables: dict[str, list[Row]] = {}
    for finding in findings:
        for name, rows in finding.rows.items():
            tables.setdefault(name, []).extend(rows)
    return write_tables(folder, tables)


def write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Writes each table as Parquet; returns the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), folder / f"{name}.parquet")
    return sorted(f"{name}.parquet" for name in tables)
