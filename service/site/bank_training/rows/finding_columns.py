"""Every finding that a bank's wordings can state, section by section, as columns; and which of them each row states."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.report.decoder.decoder_config import HeadFinding
from model.report.language.language import Finding
from service.site.bank_training.rows.row_store import Rows
from service.site.bank_training.rows.wording_table import Text

Flags = NDArray[np.bool_]
_ROWS_AT_ONCE = 65_536  # bounds memory, changes nothing


@dataclass(frozen=True, eq=False)
class FindingColumns:
    """Columns are (section, finding) in the order of first use. sections: names by code."""

    texts: Sequence[Text]
    sections: tuple[str, ...]

    @cached_property
    def names(self) -> tuple[tuple[str, Finding], ...]:
        """Section and finding of each column."""
        return tuple(dict.fromkeys((text.section, finding) for text in self.texts for finding in text.findings))

    @cached_property
    def of_text(self) -> Flags:
        """Bool (texts + 1, F): what each text states; the last row states nothing and stands for text -1."""
        place = {name: column for column, name in enumerate(self.names)}
        table = np.zeros((len(self.texts) + 1, len(self.names)), np.bool_)
        for number, text in enumerate(self.texts):
            table[number, [place[text.section, finding] for finding in text.findings]] = True
        return table

    @cached_property
    def of_section(self) -> Flags:
        """Bool (S, F): the columns of each section."""
        return np.array([[section == of for of, _ in self.names] for section in self.sections], np.bool_)

    def stated(self, targets: NDArray[np.integer]) -> Flags:
        """Bool (R, F) of rows of texts (R, n), -1 for none."""
        found = np.zeros((len(targets), len(self.names)), np.bool_)
        for start in range(0, len(targets), _ROWS_AT_ONCE):
            part = targets[start : start + _ROWS_AT_ONCE]
            for column in part.T:
                found[start : start + len(part)] |= self.of_text[column]
        return found

    def shares(self, rows: Rows) -> NDArray[np.float64]:
        """float64 (F,): how often rows of a column's section state it."""
        stated = np.zeros(len(self.names))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            stated += self.stated(rows.targets[start : start + _ROWS_AT_ONCE]).sum(axis=0)
        of = np.bincount(rows.section, minlength=len(self.sections)) @ self.of_section
        return np.asarray(stated / np.maximum(of, 1))

    def outputs(self, rows: Rows) -> tuple[HeadFinding, ...]:
        """The columns as outputs of a finding head."""
        shares = self.shares(rows).tolist()
        return tuple(
            HeadFinding(section=section, name=finding.name, value=finding.value, share=round(share, 5))
            for (section, finding), share in zip(self.names, shares, strict=True)
        )
