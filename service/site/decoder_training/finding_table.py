"""Every finding that a language can state, section by section, as columns; and which of them a text states."""

from collections.abc import Collection, Iterable, Sequence

import torch

from model.report.decoder.decoder_config import DecoderConfig, HeadFinding
from model.report.language.language import Finding, Language
from service.site.decoder_training.rows import TrainingRow


class FindingTable:
    """Columns are (section, finding), in the language's order. sections: whose findings have one; all where None."""

    def __init__(self, language: Language, sections: Collection[str] | None = None) -> None:
        self._columns: dict[tuple[str, Finding], int] = {}
        self._stated: dict[tuple[str, str], tuple[Finding, ...]] = {}
        for phrase in language.phrases:
            for template in (phrase.template, phrase.numberless):
                self._stated.setdefault((phrase.section, template), phrase.findings)
            for finding in phrase.findings if sections is None or phrase.section in sections else ():
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
        stated = (self._columns.get((section, finding)) for finding in self.findings(section, templates))
        columns[[column for column in stated if column is not None]] = True
        return columns

    def outputs(self, rows: Iterable[TrainingRow]) -> tuple[HeadFinding, ...]:
        """The columns as outputs of a finding head, each with how often rows of its section state it."""
        count = torch.zeros(len(self))
        of = torch.zeros(len(self))
        for row in rows:
            count += self.stated(row.section, row.targets)
            of += self.of_section(row.section)
        shares = (count / of.clamp_min(1)).tolist()
        return tuple(
            HeadFinding(section=section, name=finding.name, value=finding.value, share=round(share, 5))
            for (section, finding), share in zip(self._columns, shares, strict=True)
        )


def with_findings(config: DecoderConfig, language: Language, rows: Iterable[TrainingRow]) -> DecoderConfig:
    """The configuration with a head for all that the language can state in the decoder's sections."""
    return config.model_copy(update={"findings": FindingTable(language, config.sections).outputs(rows)})
