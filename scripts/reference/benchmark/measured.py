"""A row of a benchmark: medians of both sides, their ratio, and the bars they must hold."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

Figures = dict[str, float | int | str]


@dataclass(frozen=True)
class Row:
    """What was measured of one stage.

    published_s, ours_s: median seconds, None where there is no such side. figures: everything else that was measured.
    bars: in words, what must hold → whether it does.
    """

    stage: str
    published_s: float | None
    ours_s: float | None
    bars: dict[str, bool]
    figures: Figures = field(default_factory=dict)

    def also(self, bars: dict[str, bool], figures: Figures) -> "Row":
        """The row with more bars and figures."""
        return replace(self, bars={**self.bars, **bars}, figures={**self.figures, **figures})

    @property
    def ratio(self) -> float | None:
        """How many times faster ours is."""
        return None if self.published_s is None or not self.ours_s else self.published_s / self.ours_s

    @property
    def ok(self) -> bool:
        """Every bar holds."""
        return all(self.bars.values())

    def line(self) -> str:
        """The row for a person."""
        seconds = "   ".join(
            f"{name} {value:8.3f} s"
            for name, value in (("published", self.published_s), ("ours", self.ours_s))
            if value is not None
        )
        ratio = "" if self.ratio is None else f"   {self.ratio:6.2f}x"
        held = "; ".join(f"{'ok' if held else 'UNDER'}: {bar}" for bar, held in self.bars.items())
        return f"{self.stage:16} {seconds}{ratio}   {held}"

    def json(self) -> dict[str, object]:
        """The row for the last line."""
        rounded = {name: round(value, 5) if isinstance(value, float) else value for name, value in self.figures.items()}
        sides = {"published_s": self.published_s, "ours_s": self.ours_s, "ratio": self.ratio}
        shown = {name: round(value, 4) for name, value in sides.items() if value is not None}
        return {**shown, **rounded, "bars": self.bars, "ok": self.ok}


def compared(
    stage: str,
    theirs: Callable[[], object],
    ours: Callable[[], object],
    *,
    repeats: int,
    at_least: float,
    per: float = 1,
) -> Row:
    """The row of two sides that do the same work, called in turn so that a busy machine is busy for both.

    per: how many clips or frames one call works on; seconds are given for one. One call of each is not counted.
    """
    slow, fast = [], []
    for _ in range(repeats + 1):
        slow.append(seconds_of(theirs) / per)
        fast.append(seconds_of(ours) / per)
    published, own = statistics.median(slow[1:]), statistics.median(fast[1:])
    return Row(stage, published, own, {f"at least {at_least:g} times as fast": published >= at_least * own})


def cpu_seconds_of(work: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads together: what remains comparable on a machine that others use too."""
    started = time.process_time()
    work()
    return time.process_time() - started


def seconds_of(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
