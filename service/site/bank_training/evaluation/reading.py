"""What a text says, read back sentence by sentence: findings, numbers, and the labels that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.report.language.language import Finding, FindingReader, Language
from model.report.language.phrase_reader import PhraseReader

Text = Mapping[str, Sequence[str]]  # section → sentences
# Values that are no abnormality in any language; beside them the value that most reports give a finding is none.
_NORMAL = frozenset({"normal", "none", "absent", "trace"})


@dataclass(frozen=True)
class Read:
    """findings: (section, finding) as stated. labels: phenotype → value, NaN where the text does not tell."""

    findings: frozenset[tuple[str, Finding]]
    labels: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class TextReader:
    """Reads texts of a language. read: what a sentence states where it is no phrase."""

    language: Language
    read: FindingReader
    _known: dict[tuple[str, str], tuple[tuple[Finding, ...], Mapping[str, float]]] = field(
        default_factory=dict, init=False
    )

    def of(self, text: Text) -> Read:
        """What a text says."""
        findings: set[tuple[str, Finding]] = set()
        numbers: dict[str, set[float]] = {}
        for section, sentences in text.items():
            for sentence in sentences:
                stated, slots = self._sentence(section, sentence)
                findings.update((section, finding) for finding in stated)
                for slot, number in slots.items():
                    numbers.setdefault(slot, set()).add(number)
        slots = {slot: values.pop() for slot, values in numbers.items() if len(values) == 1}
        labels = self._reader.labels_from([finding for _, finding in findings], slots)
        return Read(frozenset(findings), {n: float("nan") if v is None else v for n, v in labels.items()})

    @cached_property
    def _reader(self) -> PhraseReader:
        return PhraseReader(self.language)

    def _sentence(self, section: str, sentence: str) -> tuple[tuple[Finding, ...], Mapping[str, float]]:
        place = section, sentence
        if place not in self._known:
            reading = self._reader.read_sentence(section, sentence)
            stated = reading.findings if reading.phrase is not None else tuple(self.read(section, sentence))
            self._known[place] = stated, reading.slots
        return self._known[place]


def abnormal_findings(reports: Sequence[Read], least: int) -> tuple[tuple[str, Finding], ...]:
    """Findings that at least so many reports state and that are no usual value, by section and name."""
    counts: dict[tuple[str, Finding], int] = {}
    for report in reports:
        for finding in report.findings:
            counts[finding] = counts.get(finding, 0) + 1
    spoken: dict[tuple[str, str], int] = {}
    values: dict[tuple[str, str], set[str]] = {}
    for (section, stated), count in counts.items():
        spoken[section, stated.name] = spoken.get((section, stated.name), 0) + count
        values.setdefault((section, stated.name), set()).add(stated.value)

    def usual(section: str, finding: Finding) -> bool:
        name = section, finding.name
        return len(values[name]) > 1 and 2 * counts[section, finding] > spoken[name]

    kept = [f for f, n in counts.items() if n >= least and f[1].value not in _NORMAL and not usual(*f)]
    return tuple(sorted(kept, key=lambda f: (f[0], f[1].name, f[1].value)))


def finding_table(reports: Sequence[Read], findings: Sequence[tuple[str, Finding]]) -> NDArray[np.bool_]:
    """The findings that each report states, bool (reports, findings)."""
    table = [[finding in report.findings for finding in findings] for report in reports]
    return np.array(table, np.bool_).reshape(len(reports), len(findings))


def label_columns(reports: Sequence[Read], names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Phenotype → float64 (reports,), NaN where a text does not tell."""
    return {name: np.array([report.labels.get(name, np.nan) for report in reports], np.float64) for name in names}
