"""What the evaluation found: figures by name, bars, and rows for the raw tables."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.rendered.checks.bars import Bar


@dataclass
class Results:
    """Filled part by part. figures: nested tables for the JSON and EVAL.md. rows: table name → rows (Parquet)."""

    figures: dict[str, Any] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)
    rows: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def at_least(self, name: str, value: float, limit: float) -> None:
        """A bar that the value must reach; what could not be measured fails."""
        self.bars.append(Bar.at_least(name, value, limit))

    def at_most(self, name: str, value: float, limit: float) -> None:
        """A bar that the value must not exceed; what could not be measured fails."""
        self.bars.append(Bar.at_most(name, value, limit))

    def not_measured(self, names: Iterable[str], why: str) -> None:
        """Bars that fail because there is nothing to measure."""
        for name in names:
            self.bars.append(Bar(name, math.nan, f"measured ({why})", False))
        self.remarks.append(why)

    def document(self) -> dict[str, Any]:
        """Everything but the rows, as JSON takes it."""
        return {
            "ok": all(bar.ok for bar in self.bars),
            "failed": [bar.name for bar in self.bars if not bar.ok],
            "bars": {bar.name: {"value": plain(bar.value), "demand": bar.demand, "ok": bar.ok} for bar in self.bars},
            "figures": plain(self.figures),
            "remarks": self.remarks,
        }


def plain(value: Any) -> Any:
    """The value with NaN as None and numbers rounded to six places."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value
