"""Evidence of many rows at once, in numbers. Its slow twin is `service.answer.evidence`, of one row's context."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.candidate_bank import CandidateBank
from service.answer.evidence import TOP
from service.site.bank_training.rows.wording_table import WordingTable

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """texts: int32 (R, TOP) wordings by number, most supported first, -1 beyond. support: float16 (R, TOP)."""

    texts: NDArray[np.int32]
    support: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class ContextSentences:
    """The sentences of R rows' contexts, one entry each, row by row, nearest candidate first.

    row, candidate: int64 (T,) candidate counts through all rows' candidates. phrase: int64 (T,). said: int64 (T,) the
    wording with or without its number, -1 for what may not be learned. owner: int64 (K,) row of each candidate.
    """

    rows: int
    row: Ids
    candidate: Ids
    phrase: Ids
    said: Ids
    owner: Ids

    @classmethod
    def read(cls, bank: CandidateBank, table: WordingTable, context: Ids, sections: Ids) -> "ContextSentences":
        """Of the sections that rows are about. context: int64 (R, C), -1 for nobody. sections: int64 (R,) codes."""
        owner, place = np.nonzero(context >= 0)
        columns = bank.report_columns(context[owner, place])
        candidate = np.repeat(np.arange(len(owner)), columns.counts)
        own = table.sections[columns.phrase_ids] == sections[owner[candidate]]
        texts = np.zeros(len(own), np.bool_)
        texts[list(columns.texts)] = True
        phrase = columns.phrase_ids[own].astype(np.int64)
        said = table.said(phrase, columns.values[own], texts[own])
        return cls(len(context), owner[candidate[own]], candidate[own], phrase, said, owner)

    def signatures(self, salts: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """uint64 (K,): equal for candidates whose sections say the same, whatever the order."""
        known = self.said >= 0
        pairs = np.unique(np.stack([self.candidate[known], self.said[known]]), axis=1)
        found = np.zeros(len(self.owner), np.uint64)
        np.add.at(found, pairs[0], salts[pairs[1]])
        return found

    def evidence(self, table: WordingTable, kept: NDArray[np.bool_] | None = None) -> Evidence:
        """The statements of each row by support. kept: bool (K,) candidates that count; all where None."""
        owner, number = self.owner, table.with_number[self.phrase]
        counted = number >= 0
        if kept is not None:
            counted &= kept[self.candidate]
            owner = owner[kept]
        candidates = np.bincount(owner, minlength=self.rows)
        return _ranked(
            self.row[counted], self.candidate[counted], table, number[counted], self.phrase[counted], candidates
        )


def _ranked(row: Ids, candidate: Ids, table: WordingTable, text: Ids, phrase: Ids, candidates: Ids) -> Evidence:
    rows = len(candidates)
    texts = np.full((rows, TOP), -1, np.int32)
    support = np.zeros((rows, TOP), np.float16)
    if not len(row):
        return Evidence(texts, support)
    group = row * (int(table.meanings.max()) + 1) + table.meanings[phrase]
    order = np.argsort(group, kind="stable")
    starts = _starts(group[order])
    new = starts | np.r_[True, candidate[order][1:] != candidate[order][:-1]]
    at = np.flatnonzero(starts)
    users = np.add.reduceat(new.astype(np.int64), at)
    first, of_row = order[at], row[order[at]]
    best = _most_used(group, text)
    ranking = np.lexsort((first, -users, of_row))
    ordered = of_row[ranking]
    begins = np.flatnonzero(_starts(ordered))
    place = np.arange(len(ordered)) - np.repeat(begins, np.diff(np.r_[begins, len(ordered)]))
    top = place < TOP
    texts[ordered[top], place[top]] = best[ranking][top]
    support[ordered[top], place[top]] = users[ranking][top] / candidates[ordered[top]]
    return Evidence(texts, support)


def _most_used(group: Ids, text: Ids) -> Ids:
    """For each group in ascending order its most used text; of equals the one used first."""
    order = np.lexsort((text, group))  # stable: within one text the first use comes first
    starts = _starts(group[order]) | _starts(text[order])
    at = np.flatnonzero(starts)
    uses = np.diff(np.r_[at, len(order)])
    groups, texts, first = group[order[at]], text[order[at]], order[at]
    ranking = np.lexsort((first, -uses, groups))
    return np.asarray(texts[ranking][_starts(groups[ranking])])


def _starts(values: Ids) -> NDArray[np.bool_]:
    """Where a run of equal values begins."""
    return np.asarray(np.r_[True, values[1:] != values[:-1]])
