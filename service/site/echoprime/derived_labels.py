"""Labels that a release does not give, read off its reports as `per_section.json` says.

A source is looked for in each sentence of the phenotype's sections, ignoring case. A source that begins with a full
stop must begin a sentence there (". MODERATE X" is not in "Mild to moderate x."). ``<#>`` stands for the number that is
the label. A candidate that has none of the sections is not labelled; one with a section and no source is negative.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from index.phrase_table import PhraseTable
from index.report_columns import ReportColumns
from model.taxonomy import Taxonomy
from service.site.echoprime.errors import ReleaseMismatch

_NUMBER = r"\s*(\d{1,3}(?:\.\d+)?)"
_CACHED = 200_000  # (phrase, value) pairs whose reading is remembered
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class LabelSource:
    """How one phenotype is read off text. low, high: a number outside is no label."""

    phenotype: str
    sections: tuple[str, ...]
    mode: Literal["binary", "regression"]
    patterns: tuple[re.Pattern[str], ...]
    low: float
    high: float

    def read(self, sentence: str) -> tuple[int, float] | None:
        """Rank of the first source that the sentence holds, and the label it gives; None without any."""
        spoken = _spoken(sentence)
        for rank, pattern in enumerate(self.patterns):
            if found := pattern.search(spoken):
                label = 1.0 if self.mode == "binary" else float(found[1])
                return (rank, label) if self.low <= label <= self.high else None
        return None


def read_label_sources(path: Path | None, taxonomy: Taxonomy) -> dict[str, LabelSource]:
    """Phenotype → its source, for the phenotypes of the taxonomy. Raises ReleaseMismatch naming the entry."""
    if path is None:
        return {}
    try:
        stated: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {name: _source(name, stated[name]) for name in taxonomy.phenotype_names if name in stated}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseMismatch(f"{path}: cannot be read as label sources ({error!r})") from error


def _source(phenotype: str, entry: Mapping[str, Any]) -> LabelSource:
    sections = [entry["section"]] if isinstance(entry["section"], str) else entry["section"]
    mode = entry["mode"]
    if mode not in ("binary", "regression"):
        raise ValueError(f"{phenotype}: mode {mode!r} is neither 'binary' nor 'regression'")
    low, high = entry.get("range", (0.0, np.inf))
    return LabelSource(
        phenotype=phenotype,
        sections=tuple(name.removeprefix("FNDG_").replace("_", " ") for name in sections),
        mode=mode,
        patterns=tuple(_pattern(source, numbered=mode == "regression") for source in entry["label_sources"]),
        low=float(low),
        high=float(high),
    )


def _pattern(source: str, *, numbered: bool) -> re.Pattern[str]:
    """What a source looks like in a sentence as `_spoken` returns it."""
    text = source.partition("<#>")[0]
    text = _SPACES.sub(" ", text).casefold().rstrip()
    return re.compile(re.escape(text) + (_NUMBER if numbered else ""))


def _spoken(sentence: str) -> str:
    """A sentence in lower case, with a full stop before it and one behind it."""
    text = _SPACES.sub(" ", sentence).casefold().strip()
    return f". {text}" if text.endswith(".") else f". {text}."


@dataclass(eq=False)
class DerivedLabels:
    """Collects the labels of one phenotype, block by block."""

    source: LabelSource
    phrases: PhraseTable
    _blocks: list[NDArray[np.float32]] = field(default_factory=list, init=False)
    _read: dict[tuple[int, float | str | None], tuple[int, float] | None] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._concerned = np.array([row.section in self.source.sections for row in self.phrases], dtype=bool)
        self._fixed = np.zeros(len(self.phrases), dtype=bool)  # sentences that say nothing whatever their value
        for row in self.phrases:
            self._fixed[row.phrase_id] = row.slot is None and self.source.read(row.template) is None

    def add(self, block: ReportColumns) -> None:
        """Reads the labels of the next candidates."""
        owner = np.repeat(np.arange(len(block.counts)), block.counts)
        concerned = self._concerned[block.phrase_ids]
        labels = np.full(len(block.counts), np.nan, np.float32)
        if self.source.mode == "binary":
            labels[owner[concerned]] = 0.0
        ranks = np.full(len(block.counts), len(self.source.patterns))
        for at in np.flatnonzero(concerned & ~self._fixed[block.phrase_ids]).tolist():
            found = self._sentence(block, at)
            if found is not None and found[0] < ranks[owner[at]]:
                ranks[owner[at]], labels[owner[at]] = found
        self._blocks.append(labels)

    def column(self) -> NDArray[np.float32]:
        """Labels of all candidates so far, NaN where there is none."""
        return np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.float32)

    def _sentence(self, block: ReportColumns, at: int) -> tuple[int, float] | None:
        phrase_id, number = int(block.phrase_ids[at]), float(block.values[at])
        value = block.texts.get(at, None if np.isnan(number) else number)
        key = (phrase_id, value)
        if key not in self._read:
            if len(self._read) >= _CACHED:
                self._read.clear()
            self._read[key] = self.source.read(self.phrases.text(phrase_id, value))
        return self._read[key]


def derivations(names: Sequence[str], sources: Mapping[str, LabelSource], phrases: PhraseTable) -> list[DerivedLabels]:
    """One collector for each named phenotype that has a source."""
    return [DerivedLabels(sources[name], phrases) for name in names if name in sources]
