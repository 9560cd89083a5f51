"""Which rows a step reads, and what is changed in each, drawn from (seed, step) alone for all processes together."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.site.bank_training.rows.finding_columns import FindingColumns
from service.site.bank_training.rows.row_store import Rows
from service.site.bank_training.rows.wording_table import WordingTable
from service.site.decoder_training.rows import Recipe

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]
POOL = 32  # batches drawn together and sorted by length: rows of like length share a batch and waste little padding
_CONTRAST_EVERY = 8  # rows that are also read with another study's vectors: each costs a second pass
_TRIES = 4  # studies looked at for one whose section differs; most sections differ in most pairs
_OFTENEST = 3.0  # as `service.site.decoder_training.batches`, whose rule of rarer oftener this is
OWN, NONE, CORRUPTED, OTHER = range(4)


@dataclass(frozen=True, eq=False)
class Drawn:
    """B rows of one step. contrast: int64 (B,) a row of the same section from a study that differs, -1 for none.

    kind: int64 (B,). other: int64 (B,) whose evidence stands in for a row's own. number: int64 (B,) for drawing more.
    """

    row: Ids
    kind: Ids
    other: Ids
    contrast: Ids
    identical: Flags
    unestimated: Flags
    unseen: Flags
    invented: Flags
    number: Ids

    def part(self, places: Ids) -> "Drawn":
        """Some of the rows."""
        return Drawn(**{name: column[places] for name, column in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Drawing:
    """Draws rows of a table. size: rows of a step, of all processes together."""

    rows: Rows
    table: WordingTable
    columns: FindingColumns
    recipe: Recipe
    size: int
    seed: int
    _pool: dict[int, tuple[Drawn, Ids]] = field(default_factory=dict, init=False)

    def at(self, step: int) -> Drawn:
        """The rows of a step."""
        number, place = divmod(step, POOL)
        if number not in self._pool:
            drawn = self._draw(number)
            by_length = np.argsort(self.lengths(drawn), kind="stable").reshape(POOL, self.size)
            order = np.random.default_rng([self.seed, number, 1]).permutation(POOL)
            self._pool.clear()
            self._pool[number] = drawn, by_length[order]
        drawn, places = self._pool[number]
        return drawn.part(places[place])

    def _draw(self, number: int) -> Drawn:
        rng, count, recipe = np.random.default_rng([self.seed, number]), POOL * self.size, self.recipe
        row = np.minimum(np.searchsorted(self._chances, rng.random(count)), len(self.rows) - 1)
        shares = [recipe.own, recipe.none, recipe.corrupted, recipe.other]
        others = np.stack([self._other(row, rng) for _ in range(_TRIES)], axis=1)
        differs = self._truth[others] != self._truth[row][:, None]
        first = np.take_along_axis(others, differs.argmax(axis=1)[:, None], axis=1)[:, 0]
        unestimated, unseen = rng.random(count) < recipe.without_phenotypes, rng.random(count) < recipe.without_vectors
        compared = (rng.random(count) * _CONTRAST_EVERY < 1) & differs.any(axis=1) & ~(unestimated & unseen)
        return Drawn(
            row=row,
            kind=rng.choice(4, size=count, p=shares),
            other=others[:, 0],
            contrast=np.where(compared, first, -1),
            identical=rng.random(count) < recipe.without_identical,
            unestimated=unestimated,
            unseen=unseen,
            invented=rng.random(count) < recipe.invented,
            number=number * count + np.arange(count),
        )

    def _other(self, row: Ids, rng: np.random.Generator) -> Ids:
        """A row of the same section for each, of another study wherever there is one."""
        section = self.rows.section[row]
        first, count = self._first[section], self._count[section]
        place = first + (rng.random(len(row)) * count).astype(np.int64)
        other = self._by_section[place]
        following = self._by_section[first + (place - first + 1) % count]
        return np.where(other == row, following, other)

    def lengths(self, drawn: Drawn) -> Ids:
        """int64 (B,): about how many tokens each row has."""
        lengths = np.r_[self.table.lengths, 0]  # of text -1: none
        target = lengths[self.rows.targets[drawn.row]].sum(axis=1)
        shown = np.where(drawn.kind == OTHER, drawn.other, drawn.row)
        evidence = lengths[self.rows.evidence[shown, drawn.identical.astype(np.int64)]].sum(axis=1)
        return np.asarray(target + np.where(drawn.kind == NONE, 0, evidence))

    @cached_property
    def _chances(self) -> NDArray[np.float64]:
        """Cumulated: how often each row is drawn, by the rarest thing that it states, at most _OFTENEST times."""
        shares, sizes = self.columns.shares(self.rows), np.ones(len(self.rows))
        for start in range(0, len(sizes), 65_536):
            stated = self.columns.stated(self.rows.targets[start : start + 65_536])
            sizes[start : start + len(stated)] = np.where(stated, shares, 1.0).min(axis=1, initial=1.0)
        weights = np.minimum(_OFTENEST, (0.5 / np.maximum(sizes, 1e-9)) ** 0.5).clip(1.0)
        cumulated = np.cumsum(weights)
        return np.asarray(cumulated / cumulated[-1])

    @cached_property
    def _truth(self) -> NDArray[np.uint64]:
        """uint64 (R,): equal for rows that state the same findings, or the same sentences where there are none."""
        rng = np.random.default_rng(1)
        of_columns = rng.integers(1, 1 << 62, len(self.columns.names), np.uint64)
        of_texts = np.r_[rng.integers(1, 1 << 62, len(self.table.texts), np.uint64), np.uint64(0)]
        found = np.zeros(len(self.rows), np.uint64)
        for start in range(0, len(found), 65_536):
            targets = self.rows.targets[start : start + 65_536]
            stated = self.columns.stated(targets)
            by_finding = np.where(stated, of_columns, np.uint64(0)).sum(axis=1, dtype=np.uint64)
            by_text = of_texts[targets].sum(axis=1, dtype=np.uint64)
            found[start : start + len(targets)] = np.where(stated.any(axis=1), by_finding, by_text)
        return found

    @cached_property
    def of_studies(self) -> tuple[Flags, Flags]:
        """Bool (studies, F) each: what the report of each study states, and the columns of its sections that have rows.

        The finding head reads all sections of a study at once, so that it can be asked for all of them.
        """
        stated = np.zeros((self.rows.studies, len(self.columns.names)), np.bool_)
        asked = np.zeros_like(stated)
        for start in range(0, len(self.rows), 65_536):
            part = slice(start, start + 65_536)
            np.logical_or.at(stated, self.rows.study[part], self.columns.stated(self.rows.targets[part]))
            np.logical_or.at(asked, self.rows.study[part], self.columns.of_section[self.rows.section[part]])
        return stated, asked

    @cached_property
    def _by_section(self) -> Ids:
        return np.argsort(self.rows.section, kind="stable")

    @cached_property
    def _count(self) -> Ids:
        return np.bincount(self.rows.section, minlength=len(self.columns.sections)).astype(np.int64)

    @cached_property
    def _first(self) -> Ids:
        return np.asarray(np.cumsum(self._count) - self._count)
