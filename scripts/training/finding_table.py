"""Every finding that a language can state, section by section, as columns; and which of them a text states."""

from collections.abc import Iterable, Sequence

import torch

from model.report.language import Finding, Language


class FindingTable:
    """Columns are (section, finding), in the language's order."""

    def __init__(self, language: Language) -> None:
        self._columns: dict[tuple[str, Finding], int] = {}
        self._stated: dict[tuple[str, str], tuple[Finding, ...]] = {}
        for phrase in language.phrases:
            for template in (phrase.template, phrase.numberless):
                self._stated.setdefault((phrase.section, template), phrase.findings)
            for finding in phrase.findings:
                self._columns.setdefault((phrase.section, finding), len(self._columns))

    def __len__(self) -> int:
        return len(self._columns)

    def findings(self, section: str, templates: Iterable[str]) -> frozenset[Finding]:
        """What some sentences of a section state; a wording that the language lacks states nothing."""
        return frozenset(finding for template in templates for finding in self._stated.get((section, template), ()))

    def of_section(self, section: str) -> torch.Tensor:
        """Bool (F,): the columns of a section."""
        return torch.tensor([name == section for name, _ in self._columns], dtype=torch.bool)

    def stated(self, section: str, templates: Sequence[str]) -> torch.Tensor:
        """Bool (F,): the columns that some sentences of a section state."""
        columns = torch.zeros(len(self), dtype=torch.bool)
        for finding in self.findings(section, templates):
            columns[self._columns[section, finding]] = True
        return columns
