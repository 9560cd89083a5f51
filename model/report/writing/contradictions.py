"""Findings of a report that contradict each other, and which side is to be written again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model.report.language.language import Contradiction, Finding
from model.report.writing.statements import Statement


@dataclass(frozen=True)
class Conflict:
    """A broken rule with the statements on both of its sides."""

    rule: Contradiction
    first: tuple[Statement, ...]
    second: tuple[Statement, ...]

    @property
    def weaker(self) -> tuple[Finding, tuple[Statement, ...]] | None:
        """The side to write again and the finding it must not state; None when both follow from the study's numbers.

        A side is as certain as its most certain sentence (mean log probability of its tokens). Words that follow from a
        number of this study, or from a call, are never written again.
        """
        sides = [(self.rule.first, self.first), (self.rule.second, self.second)]
        loose = [side for side in sides if not any(side[0][0] in statement.fixed for statement in side[1])]
        if not loose:
            return None
        (name, values), statements = min(loose, key=lambda side: max(s.draft.log_probability for s in side[1]))
        said = next(f for s in statements for f in s.findings if f.name == name and f.value in values)
        return said, statements


def find_conflicts(statements: Sequence[Statement], rules: Iterable[Contradiction]) -> tuple[Conflict, ...]:
    """The rules that the statements of one report break."""
    found = []
    for rule in rules:
        first, second = (
            tuple(statement for statement in statements if not side.isdisjoint(statement.findings))
            for side in rule.sides
        )
        if first and second:
            found.append(Conflict(rule, first, second))
    return tuple(found)
