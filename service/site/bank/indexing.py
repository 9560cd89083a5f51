"""Builds an approximate search index for a bank and publishes it if it finds what an exact search finds.

FAISS indices of growing size are built over the bank's vectors; every search ends in an exact re-ranking against them.
Recall@50 is measured against an exact search with queries drawn where the candidates lie and with queries beside them
(cross-modal), once to choose and again, with other queries, to judge. What is found is recorded in `bank.json`. Under
a target, or where an exact scan costs no more, nothing is published and the files are removed.
A service takes the index up at its next start, or with the bank's next version.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.bank_versions import current_bank
from index.building.index_choice import SECTIONS, Chooser, Chosen, Tried, cpu_seconds
from index.building.queries import KINDS, QuerySet, QuerySource, VectorGenerator
from index.candidate_bank import CandidateBank
from index.exact_search import ExactSearch
from index.faiss_search import FaissSearch, faiss_distribution, write_index
from index.manifest import publish_index
from index.usual_search import DEPTH, NEIGHBOURS
from service.site.bank.bank_folder import lock_folder
from service.site.bank.options import INDEX_QUERIES
from service.site.observer import QUIET, Observer

LEAST_CANDIDATES = 1000  # below, there is nothing to gain and too little to train on


class IndexRefused(Exception):
    """No index is published; the message says which figure is under which target."""


@dataclass(frozen=True)
class IndexOrder:
    """What is to be built. generator: what the bank's vectors were drawn from, None where nobody knows."""

    bank: Path
    targets: dict[str, float]
    queries: int = INDEX_QUERIES
    seed: int = 0
    generator: VectorGenerator | None = None


def add_index(order: IndexOrder, observer: Observer = QUIET) -> dict[str, Any]:
    """Builds, judges and publishes an index. Returns the new `search` field. Raises IndexRefused or BankError."""
    with _alone(order.bank):
        bank = CandidateBank.open(order.bank, None)
        candidates = len(bank.embeddings)
        if candidates < max(LEAST_CANDIDATES, order.queries):
            raise IndexRefused(f"{bank.folder}: {candidates} candidates, an index needs {LEAST_CANDIDATES} at least")
        source = QuerySource(bank.embeddings, order.generator, order.seed)
        rng = np.random.default_rng([order.seed, 8])
        exact = ExactSearch(bank.embeddings)
        observer.say(f"exact answers of {2 * len(KINDS)} × {order.queries} queries")
        to_choose, to_judge = source.sets(order.queries, rng, exact), source.sets(order.queries, rng, exact)
        scan = cpu_seconds(exact, to_choose[0].vectors, repeats=3)
        observer.say(f"exact scan: {1e3 * scan:.1f} CPU ms for {SECTIONS} queries × top {DEPTH}")
        chosen, tried = Chooser(bank.embeddings, to_choose, order.targets, order.seed, observer.say).choose()
        if chosen is None:
            raise IndexRefused(f"{bank.folder}: no index reaches {order.targets}; best: {_best(tried)}")
        measured = chosen.measured
        if measured.cpu_seconds >= scan:
            raise IndexRefused(
                f"{bank.folder}: {measured.line()}; an exact scan takes {1e3 * scan:.1f} CPU ms, so it stays"
            )
        recall = _judged(chosen.search(bank.embeddings), to_judge)
        under = {kind: share for kind, share in recall.items() if share < order.targets[kind]}
        if under:
            raise IndexRefused(f"{bank.folder}: {measured.index}: recall {under} under the targets {order.targets}")
        figures = {
            "recall_at": NEIGHBOURS,
            "recall": {kind: round(share, 5) for kind, share in recall.items()},
            "targets": order.targets,
            "queries": {"of_each_kind": order.queries, "from": source.described, "seed": order.seed},
            "cpu_ms": {"indexed": round(1e3 * measured.cpu_seconds, 2), "exact": round(1e3 * scan, 2)},
            "tried": [each.json() for each in tried],
            "built_with": faiss_distribution(),
        }
        return _publish(bank, chosen, figures)


def _judged(search: FaissSearch, sets: Sequence[QuerySet]) -> dict[str, float]:
    """Recall@50 by kind, of what a study's search of the usual depth finds, each query's own candidate left out."""
    recall = {}
    for queries in sets:
        ids, _ = search.search(queries.vectors, DEPTH)
        others = [row[row != mine][:NEIGHBOURS] for row, mine in zip(ids, queries.own, strict=True)]
        recall[queries.kind] = float(queries.recall(np.stack(others)).mean())
    return recall


def _publish(bank: CandidateBank, chosen: Chosen, figures: dict[str, Any]) -> dict[str, Any]:
    written = bank.folder / ".index.faiss.unfinished"
    try:
        write_index(chosen.index, written)
        search = {"kind": "faiss", **chosen.measured.parameters, **figures}
        return publish_index(bank.folder, bank.manifest, written, search).search
    finally:
        written.unlink(missing_ok=True)


def _best(tried: Sequence[Tried]) -> str:
    return max(tried, key=lambda each: min(each.recall.values())).line() if tried else "none was built"


@contextmanager
def _alone(bank: Path) -> Iterator[None]:
    """A bank with versions is written by one process at a time."""
    if current_bank(bank) == bank:
        yield
    else:
        with lock_folder(bank):
            yield
