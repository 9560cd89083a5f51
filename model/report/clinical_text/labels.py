"""Findings → labels by written definitions: yes, no, a number, or nothing where the text does not tell.

A YAML file, one entry per label:

    entities   names of the findings that decide it, each with `positive` and `negative` lists of values; a value in
               neither lies across the threshold, and so does a doubted finding; `section`: where only one counts
    number     entity: its number is the label itself
    threshold  entity, unit, above: a number above it is yes, at or below it no; `below` the other way round.
               It counts only where no word decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import yaml

from model.report.clinical_text.numbers import SCALE
from model.report.clinical_text.stated import StatedFinding, StatedNumber

Label = str | StatedNumber | None
_UNGRADED = "present"  # a word that leaves the degree open; a number beside it decides
_SAME_NUMBER = 5.0  # one step of visual estimation (Lang et al. 2015)
Said = Literal["yes", "no", "across"]


@dataclass(frozen=True)
class Threshold:
    """A number that decides a label: yes above, from (the limit itself is yes), or below it, in `unit`."""

    entity: str
    unit: str | None
    above: float | None = None
    from_: float | None = None
    below: float | None = None

    def says(self, finding: StatedFinding) -> Said | None:
        """What the finding's number says; None for another entity or unit."""
        if finding.entity != self.entity or finding.number is None or finding.time == "prior":
            return None
        if finding.certainty == "hedged":
            return "across"
        factor = 1.0 if finding.unit == self.unit else SCALE.get((finding.unit or "", self.unit or ""))
        if factor is None:
            return None
        ends = finding.number if isinstance(finding.number, tuple) else (finding.number, finding.number)
        if None in ends:
            return "across"
        told = {self._holds(round(end * factor, 6)) for end in ends if end is not None}
        return ("yes" if told.pop() else "no") if len(told) == 1 else "across"

    def _holds(self, value: float) -> bool:
        if self.above is not None:
            return value > self.above
        if self.from_ is not None:
            return value >= self.from_
        assert self.below is not None
        return value < self.below


@dataclass(frozen=True)
class LabelDefinition:
    """One label. words: entity → (values of yes, values of no). any_yes: one yes outweighs every no."""

    name: str
    words: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    number: str | None
    thresholds: tuple[Threshold, ...]
    any_yes: bool = False
    sections: Mapping[str, str] = field(default_factory=dict)  # entity → the only section in which it counts

    @cached_property
    def entities(self) -> frozenset[str]:
        """Every entity that it looks at."""
        return frozenset((*self.words, *(limit.entity for limit in self.thresholds), *filter(None, (self.number,))))

    def label(self, findings: Iterable[StatedFinding]) -> tuple[Label, bool]:
        """The label, and whether it is stated but across the threshold."""
        current = [finding for finding in findings if finding.time == "current"]
        if self.number is not None:
            return self._number(current)
        said = {self._word(finding) for finding in current} - {None}
        if not said:
            said = {limit.says(finding) for limit in self.thresholds for finding in current} - {None}
        if "yes" in said and (self.any_yes or said == {"yes"}):
            return "yes", False
        if said == {"no"}:
            return "no", False
        if said == {"yes", "across"}:
            return "yes", False
        return None, bool(said)

    def _word(self, finding: StatedFinding) -> Said | None:
        values = self.words.get(finding.entity)
        if values is None or finding.polarity in ("measured", "unknown") or finding.value is None:
            return None
        if self.sections.get(finding.entity, finding.section) != finding.section:
            return None
        if finding.certainty == "hedged":
            return "across"
        yes, no = values
        if finding.value == _UNGRADED and finding.number is not None:
            by_number = {limit.says(finding) for limit in self.thresholds} - {None}
            if len(by_number) == 1:
                return by_number.pop()
        told: Said = "yes" if finding.value in yes else "no" if finding.value in no else "across"
        return None if told == "across" and finding.value == "absent" else told

    def _number(self, findings: Iterable[StatedFinding]) -> tuple[Label, bool]:
        numbers = [f for f in findings if f.entity == self.number and f.number is not None]
        sure = [f.number for f in numbers if f.certainty == "stated" and f.number is not None]
        stated = [number for number in sure if not isinstance(number, tuple) or None not in number]
        distinct = list(dict.fromkeys(stated))
        if distinct and _spread(distinct) <= _SAME_NUMBER:  # "EF 55-60 %" above, "58 %" below: the first counts
            return distinct[0], False
        return None, bool(numbers)


def _spread(stated: Iterable[StatedNumber]) -> float:
    """How far the middles of the numbers lie apart."""
    middles = [
        number if isinstance(number, float) else sum(n for n in number if n is not None) / 2 for number in stated
    ]
    return max(middles) - min(middles)


@dataclass(frozen=True)
class LabelDefinitions:
    """All labels of a modality, in order."""

    definitions: tuple[LabelDefinition, ...]

    @cached_property
    def _by_entity(self) -> Mapping[str, tuple[int, ...]]:
        """Entity → the places of the definitions that look at it."""
        names = frozenset().union(*(definition.entities for definition in self.definitions))
        return {name: tuple(at for at, d in enumerate(self.definitions) if name in d.entities) for name in names}

    @classmethod
    def read(cls, path: Path) -> Self:
        """The definitions of a file."""
        data: dict[str, dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return cls(tuple(_definition(name, fields) for name, fields in data.items()))

    def labels(self, findings: Iterable[StatedFinding]) -> tuple[dict[str, Label], tuple[str, ...]]:
        """Label by name, and the names of those that are stated across their threshold."""
        known = tuple(findings)
        labels: dict[str, Label] = dict.fromkeys(definition.name for definition in self.definitions)
        straddling = []
        for at in sorted({at for finding in known for at in self._by_entity.get(finding.entity, ())}):
            definition = self.definitions[at]
            labels[definition.name], across = definition.label(known)
            if across:
                straddling.append(definition.name)
        return labels, tuple(straddling)


def _definition(name: str, fields: Mapping[str, Any]) -> LabelDefinition:
    words = {
        entity: (frozenset(values.get("positive", ())), frozenset(values.get("negative", ())))
        for entity, values in fields.get("entities", {}).items()
    }
    thresholds = tuple(
        Threshold(limit["entity"], limit["unit"], limit.get("above"), limit.get("from"), limit.get("below"))
        for limit in fields.get("thresholds", ())
    )
    sections = {name: values["section"] for name, values in fields.get("entities", {}).items() if "section" in values}
    return LabelDefinition(name, words, fields.get("number"), thresholds, fields.get("any_yes", False), sections)
