"""How a report is put in order: data of a modality, not code.

order       section → names of findings in the order in which they are told
implied     findings that follow from others and may be said with them: a name, or [name, value]
subjects    finding → the finding that its sentence speaks of without naming it, with the values that allow it
exclusions  findings that no section states beside these lesions: finding [name, value], lesions {name: [values]}
following   phrases that cannot open a section ("These findings suggest ...")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from model.report.language.language import Finding


@dataclass(frozen=True)
class Subject:
    """What an attribute speaks of. values: of the attribute. finding, states: the subject that must be stated."""

    values: frozenset[str]
    finding: str
    states: frozenset[str]


@dataclass(frozen=True)
class Exclusion:
    """A finding that is not stated beside any of these lesions."""

    finding: Finding
    lesions: frozenset[Finding]


@dataclass(frozen=True)
class Derivation:
    """A finding that follows where all of some others are stated."""

    finding: Finding
    premises: frozenset[Finding]


@dataclass(frozen=True)
class EditingRules:
    """The rules of a modality; without any, sentences stay in the order in which they were written."""

    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    implied: frozenset[str | Finding] = frozenset()
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    exclusions: tuple[Exclusion, ...] = ()
    derived: tuple[Derivation, ...] = ()
    following: frozenset[str] = frozenset()

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The rules that a parsed file states. Raises KeyError or TypeError for another form."""
        return cls(
            order={section: tuple(names) for section, names in fields["order"].items()},
            implied=frozenset(Finding(*each) if isinstance(each, list) else str(each) for each in fields["implied"]),
            subjects={
                name: Subject(frozenset(row["values"]), row["finding"], frozenset(row["states"]))
                for name, row in fields["subjects"].items()
            },
            exclusions=tuple(
                Exclusion(Finding(*row["finding"]), _findings(row["lesions"])) for row in fields["exclusions"]
            ),
            derived=tuple(
                Derivation(Finding(*row["finding"]), frozenset(Finding(*each) for each in row["from"].items()))
                for row in fields["derived"]
            ),
            following=frozenset(fields["following"]),
        )

    def own(self, findings: Sequence[Finding]) -> frozenset[Finding]:
        """Those of some findings that a report states once: all that are not implied by others."""
        return frozenset(f for f in findings if f.name not in self.implied and f not in self.implied)

    def rank(self, section: str, findings: Sequence[Finding]) -> int | None:
        """Place in the section of a sentence that states these findings; None where the order names none of them."""
        order = list(self.order.get(section, ()))
        named = self.own(findings) or frozenset(findings)
        return min((order.index(finding.name) for finding in named if finding.name in order), default=None)

    def lacks_subject(self, finding: Finding, stated: frozenset[Finding]) -> bool:
        """Whether a finding is an attribute of something that is not stated."""
        subject = self.subjects.get(finding.name)
        if subject is None or finding.value not in subject.values:
            return False
        return not any(other.name == subject.finding and other.value in subject.states for other in stated)


def _findings(lesions: Mapping[str, Sequence[str]]) -> frozenset[Finding]:
    return frozenset(Finding(name, value) for name, values in lesions.items() for value in values)
