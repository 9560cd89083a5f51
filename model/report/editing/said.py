"""A sentence of a report while it is edited: what it says, and which written sentences it stands for."""

from dataclasses import dataclass, replace
from typing import Self

from model.report.language.language import Finding


@dataclass(frozen=True)
class Said:
    """A sentence and what it states.

    text: without marks. slot, value: the number it states and whose it is, None without one.
    origins: positions, in the section as it was written, of the sentences it stands for; empty where it was put in.
    candidate_ids: the candidates that state it, where it was put in.
    """

    text: str
    findings: tuple[Finding, ...] = ()
    slot: str | None = None
    value: float | None = None
    origins: tuple[int, ...] = ()
    candidate_ids: tuple[int, ...] = ()

    def worded(self, text: str) -> Self:
        """The same in other words."""
        return replace(self, text=text)


Sections = dict[str, tuple[Said, ...]]


def stated_in(sections: Sections) -> frozenset[Finding]:
    """Everything that a report states."""
    return frozenset(
        finding for sentences in sections.values() for sentence in sentences for finding in sentence.findings
    )
