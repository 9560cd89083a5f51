"""What an impression may say and which of it is worse: data of a modality, not code.

tiers       names, worst first
scales      name → {value: tier}, for findings that are graded alike
topics      topic → {finding: {value: tier}, or the name of a scale}; of equal tiers the earlier topic is worse
normal      values that are no abnormality
incidental  names of findings that never are one by themselves
numbers     finding → slot whose number stands in its statement
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from model.report.language.language import Finding


@dataclass(frozen=True)
class Topic:
    """Findings that are told in one statement. tiers: abnormal finding → how bad it is, 0 the worst; worst first."""

    name: str
    tiers: Mapping[Finding, int]

    def worst(self, stated: Iterable[Finding]) -> Finding | None:
        """The worst of some findings, the first listed of equals; None where none is of this topic."""
        order = list(self.tiers)
        found = [finding for finding in set(stated) if finding in self.tiers]
        return min(found, key=lambda finding: (self.tiers[finding], order.index(finding)), default=None)


@dataclass(frozen=True)
class ImpressionTopics:
    """The topics of a modality. Raises KeyError for a tier or a scale that is not listed."""

    topics: tuple[Topic, ...]
    normal: frozenset[str]
    incidental: frozenset[str]
    numbers: Mapping[str, str]

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The topics that a parsed file states."""
        place = {name: number for number, name in enumerate(fields["tiers"])}
        scales = fields["scales"]

        def tiers(findings: Mapping[str, Any]) -> dict[Finding, int]:
            return {
                Finding(name, value): place[tier]
                for name, values in findings.items()
                for value, tier in (scales[values] if isinstance(values, str) else values).items()
            }

        return cls(
            topics=tuple(Topic(name, tiers(findings)) for name, findings in fields["topics"].items()),
            normal=frozenset(fields["normal"]),
            incidental=frozenset(fields["incidental"]),
            numbers=dict(fields["numbers"]),
        )

    def is_abnormal(self, finding: Finding) -> bool:
        """Whether a study that states the finding is not normal."""
        return finding.name not in self.incidental and finding.value not in self.normal
