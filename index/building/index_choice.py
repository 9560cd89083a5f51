"""Which index a bank gets: ever larger codes are built and measured, the cheapest that finds enough is taken."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.building.queries import QuerySet
from index.faiss_search import FaissSearch, build_index
from index.search import Search
from index.usual_search import DEPTH

SECTIONS = 15  # EchoPrime's: so many searches a study asks for
# Principal directions that are kept, one 4-bit code each (Andre et al. 2015, fast scan): the codes of a million
# candidates are scanned in tens of milliseconds. They confuse near candidates; re-ranking puts these in order.
_WIDTHS = (64, 96, 128, 192, 256, 384, 512)
_FETCHES = (400, 800, 1600, 3200, 6400)  # candidates re-ranked; beyond, re-ranking costs more than longer codes
_LISTS_FROM = 100_000  # candidates; fewer are scanned faster than their lists are compared
_LARGEST_LISTS = 4096
_VISITED = (16, 8, 4)  # one in so many lists; visiting more adds less recall than larger codes (LOG 2026-11-22)
_TRAIN_ROWS_PER_LIST = 64  # FAISS asks for 39 at least
_LEAST_TRAIN_ROWS = 32_768  # 64 for each of 512 principal directions; a code has 16 values only
_TIMED = 7
_PATIENCE = 2  # sizes in a row that cost more: candidates re-ranked halve by steps, so the cost falls by steps as well
# The share of the misses that a target allows which may be seen when choosing. A margin of two standard errors was too
# little: for a target of 0.99 an index of recall 0.9935 was chosen, and other queries then gave 0.9899 (LOG L-033).
_CHOSEN_MISSES = 0.5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tried:
    """One index with one number of candidates re-ranked.

    recall: by kind of query. reaches: with room to spare. cpu_seconds: of 15 queries × top 200, all threads together.
    """

    index: str
    nprobe: int | None
    fetch: int
    recall: Mapping[str, float]
    cpu_seconds: float
    reaches: bool

    @property
    def parameters(self) -> dict[str, Any]:
        """As `bank.json` names them."""
        visited = {} if self.nprobe is None else {"nprobe": self.nprobe}
        return {"index": self.index, **visited, "fetch": self.fetch}

    def line(self) -> str:
        """For a person."""
        shares = ", ".join(f"{kind} {share:.4f}" for kind, share in self.recall.items())
        named = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        return f"{named}: {1e3 * self.cpu_seconds:.1f} CPU ms, {shares}{'' if self.reaches else ' UNDER'}"

    def json(self) -> dict[str, Any]:
        """For `bank.json`."""
        shares = {kind: round(share, 5) for kind, share in self.recall.items()}
        return {**self.parameters, "recall": shares, "cpu_ms": round(1e3 * self.cpu_seconds, 2)}


def lists_of(candidates: int) -> int | None:
    """How many lists an inverted file has: about the square root, a power of two; None for a small bank."""
    if candidates < _LISTS_FROM:
        return None
    return min(_LARGEST_LISTS, 1 << round(math.log2(candidates) / 2))


def train_rows(candidates: int) -> int:
    """How many random candidates an index is trained on."""
    return max(_LEAST_TRAIN_ROWS, _TRAIN_ROWS_PER_LIST * (lists_of(candidates) or 0))


def recipes(candidates: int, dimension: int) -> list[str]:
    """FAISS factory strings from the smallest code to the largest."""
    lists = lists_of(candidates)
    inverted = "" if lists is None else f"IVF{lists},"
    return [f"PCAR{width},{inverted}PQ{width}x4fs" for width in [*(w for w in _WIDTHS if w < dimension), dimension]]


def cpu_seconds(search: Search, queries: NDArray[np.float32], repeats: int = _TIMED) -> float:
    """CPU seconds of the cheapest of some searches for 15 queries × top 200: a busy machine only adds to them."""
    some, taken = np.resize(queries, (SECTIONS, queries.shape[1])), []
    for _ in range(repeats):
        started = time.process_time()
        search.search(some, DEPTH)
        taken.append(time.process_time() - started)
    return min(taken)


@dataclass(frozen=True, eq=False)
class Chosen:
    """An index, and what was measured of it."""

    index: Any
    measured: Tried

    def search(self, embeddings: NDArray[Any]) -> FaissSearch:
        """The search that will be recorded."""
        return FaissSearch(self.index, embeddings, self.measured.nprobe, fetch=self.measured.fetch)


@dataclass(frozen=True, eq=False)
class Chooser:
    """Builds and measures. sets: queries to choose by, others than those that the choice is then judged by."""

    embeddings: NDArray[Any]
    sets: Sequence[QuerySet]
    targets: Mapping[str, float]
    seed: int
    say: Say

    def choose(self) -> tuple[Chosen | None, list[Tried]]:
        """The cheapest that reaches the targets, None where nothing does, and all that was tried.

        Codes grow until some sizes in a row reach the targets and cost more than the cheapest.
        """
        tried: list[Tried] = []
        best: Chosen | None = None
        dearer = 0
        candidates, dimension = self.embeddings.shape
        for recipe in recipes(candidates, dimension):
            self.say(f"building {recipe}")
            index = build_index(self.embeddings, recipe, train_rows=train_rows(candidates), seed=self.seed)
            found = self._measured(index, recipe)
            tried += found
            reaching = [each for each in found if each.reaches]
            if not reaching:
                continue
            cheapest = min(reaching, key=lambda each: each.cpu_seconds)
            if best is None or cheapest.cpu_seconds < best.measured.cpu_seconds:
                best, dearer = Chosen(index, cheapest), 0
            else:
                dearer += 1
            if dearer == _PATIENCE:
                break
        return best, tried

    def _measured(self, index: Any, recipe: str) -> list[Tried]:
        """Each number of lists visited, with the fewest candidates re-ranked that reach the targets, else the most."""
        lists = lists_of(len(self.embeddings))
        found = []
        for nprobe in [None] if lists is None else [lists // share for share in _VISITED]:
            for each in self._fetches(index, recipe, nprobe):
                self.say(each.line())
                found.append(each)
                if each.reaches:
                    break
        return found

    def _fetches(self, index: Any, recipe: str, nprobe: int | None) -> Iterator[Tried]:
        candidates = len(self.embeddings)
        fetches = [fetch for fetch in _FETCHES if fetch < candidates] or [candidates]
        search = FaissSearch(index, self.embeddings, nprobe)
        fetched = {queries.kind: search.fetched(queries.vectors, fetches[-1]) for queries in self.sets}
        for fetch in fetches:
            # Re-ranking is exact, so what was fetched of the nearest is what will be returned of them.
            shares = {queries.kind: queries.recall(fetched[queries.kind][:, :fetch]) for queries in self.sets}
            recall = {kind: float(share.mean()) for kind, share in shares.items()}
            surely = all(1 - share <= _CHOSEN_MISSES * (1 - self.targets[kind]) for kind, share in recall.items())
            if surely or fetch == fetches[-1]:  # only what may be chosen, and what came nearest, is timed
                search = FaissSearch(index, self.embeddings, nprobe, fetch=fetch)
                yield Tried(recipe, nprobe, fetch, recall, cpu_seconds(search, self.sets[0].vectors), surely)
